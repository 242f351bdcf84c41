/** The options of devices under test as help shows them, from the tables that parse them. */
import { embeddedOptionTable } from "../dut/embedded/options.js";
import { sourceForms } from "../dut/external/source-spec.js";
import { testpmdOptionTable } from "../dut/testpmd/options.js";

interface Row {
  readonly example: string;
  readonly means: string;
}

const tables: Readonly<Record<"embedded" | "testpmd", Readonly<Record<string, Row>>>> = {
  embedded: embeddedOptionTable,
  testpmd: testpmdOptionTable,
};

/** The sources of `--hop`, from the table that its errors quote. */
export const hopSourcesHelp = (): string =>
  `\nSources of --hop NAME,rx=SOURCE,tx=SOURCE[,dropped=SOURCE] (a sum: SOURCE + SOURCE; a comma in one: \\,):\n${Object.values(
    sourceForms,
  )
    .map((form) => `  ${form}\n`)
    .join("")}`;

/** Texts longer than this push their meaning to the right. */
const widest = 24;

/** A line for each option under `heading`. */
export function dutOptionsHelp(kind: keyof typeof tables, heading: string): string {
  const rows = Object.entries(tables[kind]).map(([name, { example, means }]) => ({
    text: `${name}=${example}`,
    means,
  }));
  const width = Math.max(...rows.map(({ text }) => Math.min(text.length, widest)));
  return `\n${heading}\n${rows.map(({ text, means }) => `  ${text.padEnd(width)} ${means}\n`).join("")}`;
}
