// Builds the dashboard into triage/dashboard/, or into the folder that the argument names. The function app serves it.
// The same sources and lock file give the same bytes: a test compares the committed files with a build.

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
    theme: "dashboard/src/theme-early.ts",
    style: "dashboard/style/main.css",
  },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome120", "firefox124", "safari17.4"],
  charset: "utf8",
  legalComments: "none", // LICENSES.txt has the full licenses
  jsx: "automatic",
  jsxImportSource: "preact",
  tsconfig: "dashboard/tsconfig.json",
  metafile: true,
  logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"]) await copyFile(path.join(here, name), path.join(out, name));
await writeFile(path.join(out, "LICENSES.txt"), await licenses(Object.keys(metafile.inputs)));

/** The license of each package in the page. */
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
