/** docs/otg.md says of every field that has no effect here, and of no other, what the schema says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { schema } from "../../src/otg/schema/index.js";

const said = [...schema.values()].flatMap(({ name, fields, pattern }) =>
  pattern !== null
    ? []
    : fields.flatMap(({ name: field, type, unused }) => {
        if (type.kind === "refused") return [`| ${name}.${field} | refused: ${type.why} |`];
        return unused === null ? [] : [`| ${name}.${field} | a warning: ${unused} |`];
      }),
);

it("the table of what is not there is the schema's", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/otg.md"), "utf8");
  const rows = text.split("\n").filter((line) => /^\| \w+\.\w+ \| (refused|a warning): /.test(line));
  expect(rows).toEqual(said);
});
