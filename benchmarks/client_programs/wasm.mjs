// duckdb-wasm under Node.js answers queries from a snapshot: node wasm.mjs SNAPSHOT [double] < queries.json
// Prints what fetch.py prints; see there. With `double`, decimals are cast to doubles by the client's own setting.
// Runs in a folder in which the package is installed.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const duckdb = require("@duckdb/duckdb-wasm/blocking");
const { DataType } = require("apache-arrow");

function cell(value, type) {
  if (value === null || value === undefined) return null;
  if (DataType.isBool(type)) return ["bool", value];
  if (DataType.isDate(type)) return ["day", new Date(Number(value)).toISOString().slice(0, 10)];
  if (DataType.isTimestamp(type)) return ["time", new Date(Number(value)).toISOString().slice(0, 23)];
  if (DataType.isList(type)) return ["list", [...value].map((item) => cell(item, type.children[0].type))];
  if (DataType.isMap(type)) {
    const [key, item] = type.children[0].type.children;
    return ["map", [...value].map(([name, held]) => [cell(name, key.type), cell(held, item.type)])];
  }
  if (DataType.isStruct(type))
    return ["map", type.children.map((child) => [["text", child.name], cell(value[child.name], child.type)])];
  if (typeof value === "string") return ["text", value];
  if (typeof value === "bigint" || DataType.isInt(type) || DataType.isDecimal(type)) return ["exact", String(value)];
  return Number.isNaN(value) ? null : ["double", String(value)];
}

const [database, decimals] = process.argv.slice(2);
const queries = JSON.parse(readFileSync(0, "utf8"));
const folder = dirname(require.resolve("@duckdb/duckdb-wasm/blocking"));
const bundles = {
  mvp: { mainModule: join(folder, "duckdb-mvp.wasm"), mainWorker: "" },
  eh: { mainModule: join(folder, "duckdb-eh.wasm"), mainWorker: "" },
};
const db = await duckdb.createDuckDB(bundles, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
await db.instantiate();
db.registerFileBuffer("snapshot.duckdb", new Uint8Array(readFileSync(database)));
const query = decimals === "double" ? { castDecimalToDouble: true } : {};
db.open({ path: "snapshot.duckdb", accessMode: duckdb.DuckDBAccessMode.READ_ONLY, query });
const connection = db.connect();
const answers = {};
for (const [title, text] of Object.entries(queries)) {
  try {
    const table = connection.query(text);
    const fields = table.schema.fields;
    const columns = fields.map((_, index) => table.getChildAt(index));
    const rows = Array.from({ length: table.numRows }, (_, row) =>
      columns.map((column, index) => cell(column.get(row), fields[index].type)),
    );
    answers[title] = { columns: fields.map((field) => field.name), rows };
  } catch (error) {
    answers[title] = { error: String(error) };
  }
}
process.stdout.write("\nANSWERS " + JSON.stringify(answers) + "\n");
