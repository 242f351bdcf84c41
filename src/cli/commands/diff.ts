/** `diff`: two result documents, figure by figure. */
import { exitCodes, usageError } from "../../errors.js";
import type { RunResult } from "../../report/index.js";
import { readJsonDocument } from "../../sys/input-file.js";
import type { CommandContext, CommandDefinition } from "../command.js";

function readResult(path: string): RunResult {
  const accepted = "a document of --json";
  const document = readJsonDocument(path, "diff", accepted) as Partial<RunResult> | null;
  if (document?.tool?.name !== "pktgen-ts" || !Array.isArray(document.trials) || document.host === undefined) {
    throw usageError(`${path} is no result of pktgen-ts`, { where: "diff", accepted });
  }
  return document as RunResult;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 || i === 4 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

const help = `
Figures with repeated trials on both sides are compared by their ranks (Mann-Whitney); 1 is the exit code where one is
worse beyond chance. With too few samples nothing can be told: --repeat gives more.

Example:
  pktgen-ts diff before.json after.json
`;

async function diff(words: readonly string[], { output, finish }: CommandContext): Promise<void> {
  const [first, second, more] = words;
  if (first === undefined || second === undefined || more !== undefined) {
    const accepted = "two files, e.g. pktgen-ts diff a.json b.json";
    throw usageError(`${words.length} files`, { where: "diff", accepted });
  }
  const [a, b] = [readResult(first), readResult(second)];
  const { differenceCells, differences, setupDifferences, setupOf } = await import("../../method/judge/baseline.js");
  const found = differences(a, b);
  if (found.length === 0) {
    throw usageError("neither has a figure to compare", { where: "diff", accepted: "results with trials that passed" });
  }
  const setup = setupDifferences({ format: "pktgen-ts baseline 1", setup: setupOf(a), figures: {} }, b, [
    `in ${first}`,
    `in ${second}`,
  ]);
  const notes = setup.map((sentence) => `not the same setup: ${sentence}\n`).join("");
  await output.result(
    `${notes}${table([["figure", first, second, "change", "is", "p"], ...found.map(differenceCells)])}`,
  );
  finish(found.some(({ is }) => is === "worse") ? exitCodes.failed : exitCodes.passed);
}

export const diffCommand: CommandDefinition = {
  name: "diff",
  summary: "compare two results of --json, figure by figure, noise taken into account",
  options: {},
  help: [help],
  run: (words, _options, context) => diff(words, context),
};
