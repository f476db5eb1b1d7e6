// What Kusto's own language service says of queries: on standard input {"tables": {name: {column: type}}, "queries": [...]},
// on standard output the errors of each query. Columns and functions that do not exist are errors, as they are in Azure.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import vm from "node:vm";

const require = createRequire(import.meta.url);
for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  const path = require.resolve(`@kusto/language-service-next/${file}`);
  vm.runInThisContext(readFileSync(path, "utf-8"), path);
}
const { Kusto } = globalThis;
const { tables, queries } = JSON.parse(readFileSync(0, "utf-8"));
const symbols = Object.entries(tables).map(([name, columns]) => {
  const list = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
  return new Kusto.Language.Symbols.TableSymbol.$ctor7(name, `(${list.join(", ")})`, null);
});
const database = new Kusto.Language.Symbols.DatabaseSymbol.ctor("insights", symbols);
const globals = Kusto.Language.GlobalState.Default.WithDatabase(database);
const errors = queries.map((query) => {
  const found = Kusto.Language.KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, at) => found.getItem(at).Message);
});
process.stdout.write(JSON.stringify(errors));
