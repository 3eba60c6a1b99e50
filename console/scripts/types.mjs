// Writes src/api/schema.d.ts from the application's own description of its API.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const beside = (path) => fileURLToPath(new URL(path, import.meta.url));
const ours = beside("../../.venv/bin/python");
const python = process.env.HEADWAY_PYTHON ?? (existsSync(ours) ? ours : "python3");
const schema = execFileSync(python, ["-m", "headway.api.schema"], { maxBuffer: 1 << 26, encoding: "utf8" });
writeFileSync(beside("../src/api/schema.d.ts"), astToString(await openapiTS(JSON.parse(schema))));
