/** The embedded device's options as help shows them, from the table that parses them. */
import { embeddedOptionTable } from "../dut/embedded/options.js";

/** A line for each option under `heading`. */
export function embeddedOptionsHelp(heading: string): string {
  const lines = Object.entries(embeddedOptionTable).map(
    ([name, { example, means }]) => `  ${`${name}=${example}`.padEnd(17)} ${means}\n`,
  );
  return `\n${heading}\n${lines.join("")}`;
}
