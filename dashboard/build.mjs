// Builds the page into triage/dashboard/ (or the folder that is named), which is what the function app serves.
// The same sources and the same lock file give the same bytes: a test holds the committed files against a build.

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const out = path.resolve(process.argv[2] ?? path.join(root, "triage", "dashboard"));

await mkdir(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    app: "dashboard/src/main.tsx",
    theme: "dashboard/src/theme.ts",
    style: "dashboard/style/main.css",
  },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome120", "firefox124", "safari17.4"],
  charset: "utf8",
  legalComments: "none", // LICENSES.txt has the licenses whole
  jsx: "automatic",
  jsxImportSource: "preact",
  tsconfig: "dashboard/tsconfig.json",
  metafile: true,
  logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"]) await copyFile(path.join(here, name), path.join(out, name));
await writeFile(path.join(out, "LICENSES.txt"), await licenses(Object.keys(metafile.inputs)));

/** The license of each package that is in the page. */
async function licenses(inputs) {
  const packages = new Set(
    inputs.map((input) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]).filter(Boolean),
  );
  const texts = [...packages].sort().map(async (name) => {
    const folder = path.join(root, "node_modules", name);
    const { version } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const text = await readFile(path.join(folder, "LICENSE"), "utf8");
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(72)}\n\n`);
}
