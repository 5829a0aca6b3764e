import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

const WEB = resolve(import.meta.dirname, "..");

test("the types of the REST interface are those of openapi.json", async () => {
  const description = JSON.parse(readFileSync(join(WEB, "openapi.json"), "utf8"));
  const types = astToString(await openapiTS(description));
  const committed = readFileSync(join(WEB, "src/api/schema.ts"), "utf8");
  expect(committed.includes(types.trim())).toBe(true);
});
