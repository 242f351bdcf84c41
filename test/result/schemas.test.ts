/** The published schemas are those of the code: `npm run schema` was run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { publishedSchemas } from "../../scripts/published-schemas.js";

const folder = join(import.meta.dirname, "../../schemas");

it.each(readdirSync(folder))("%s is the present one", (name) => {
  const published = JSON.parse(readFileSync(join(folder, name), "utf8"));
  expect(published).toEqual(JSON.parse(JSON.stringify(publishedSchemas[name])));
});

it("each is published", () => {
  expect(readdirSync(folder).sort()).toEqual(Object.keys(publishedSchemas));
});
