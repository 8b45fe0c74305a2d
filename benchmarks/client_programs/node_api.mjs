// The Node.js client @duckdb/node-api answers queries from a snapshot: node node_api.mjs SNAPSHOT < queries.json
// Prints what fetch.py prints; see there. Runs in a folder in which the package is installed.
import { readFileSync } from "node:fs";
import {
  DuckDBDateValue, DuckDBDecimalValue, DuckDBInstance, DuckDBListValue, DuckDBMapValue, DuckDBStructValue,
  DuckDBTimestampTZValue, DuckDBTimestampValue,
} from "@duckdb/node-api";

function cell(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return ["bool", value];
  if (typeof value === "bigint" || Number.isInteger(value)) return ["exact", String(value)];
  if (typeof value === "number") return Number.isNaN(value) ? null : ["double", String(value)];
  if (typeof value === "string") return ["text", value];
  if (value instanceof DuckDBDecimalValue) return ["exact", value.toString()];
  if (value instanceof DuckDBDateValue) return ["day", value.toString()];
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
    return ["time", value.toString().replace(" ", "T")];
  if (value instanceof DuckDBListValue) return ["list", value.items.map(cell)];
  if (value instanceof DuckDBMapValue) return ["map", value.entries.map(({ key, value }) => [cell(key), cell(value)])];
  if (value instanceof DuckDBStructValue)
    return ["map", Object.entries(value.entries).map(([key, item]) => [cell(key), cell(item)])];
  return ["unknown", String(value)];
}

const queries = JSON.parse(readFileSync(0, "utf8"));
const instance = await DuckDBInstance.create(process.argv[2], { access_mode: "READ_ONLY" });
const connection = await instance.connect();
const answers = {};
for (const [title, query] of Object.entries(queries)) {
  try {
    const reader = await connection.runAndReadAll(query);
    answers[title] = { columns: reader.columnNames(), rows: reader.getRows().map((row) => row.map(cell)) };
  } catch (error) {
    answers[title] = { error: String(error) };
  }
}
process.stdout.write("\nANSWERS " + JSON.stringify(answers) + "\n");
