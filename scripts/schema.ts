/** Writes schemas/result.schema.json from the zod schema: `npx tsx scripts/schema.ts`. A test checks that it was run. */
import { writeFileSync } from "node:fs";
import { resultJsonSchema } from "../src/report/schema.js";

const file = new URL("../schemas/result.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(resultJsonSchema(), null, 2)}\n`);
