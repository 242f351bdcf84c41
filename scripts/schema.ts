/** Writes schemas/*.json from the zod schemas: `npx tsx scripts/schema.ts`. Tests check that it was run. */
import { writeFileSync } from "node:fs";
import { publishedSchemas } from "./published-schemas.js";

for (const [name, schema] of Object.entries(publishedSchemas)) {
  writeFileSync(new URL(`../schemas/${name}`, import.meta.url), `${JSON.stringify(schema, null, 1)}\n`);
}
