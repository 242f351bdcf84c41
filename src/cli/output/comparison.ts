/** Where the results of a comparison go: standard output and files. */
import type { ExitCode } from "../../errors.js";
import { type CompareOptions, comparedFiles, compareOptions } from "../../options/compare-options.js";
import { captureFile, type ResultFile, readOptions, resultFiles, type TextsOf } from "../../options/option.js";
import type { CompareResult } from "../../result/compare-result.js";
import type { CommandContext } from "../command.js";
import { checkResultFiles, standardOutput, writeResultFile } from "./result-file.js";
import { verdictCodes } from "./verdict-codes.js";

/** The files of reports, checked together with the capture that is annotated. */
export function comparisonFiles(options: TextsOf<typeof comparedFiles>): ResultFile[] {
  const files = resultFiles(comparedFiles, options);
  checkResultFiles([...files, ...resultFiles(comparedFiles, options, captureFile)]);
  return files;
}

/** Writes the reports; returns the exit code. */
export async function reportComparison(
  result: CompareResult,
  options: CompareOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { renderComparison, renderComparisonJunit } = await import("../../report/compare-text.js");
  const texts: Readonly<Record<string, () => string>> = {
    "--json": () => `${JSON.stringify(result, null, 2)}\n`,
    "--junit": () => renderComparisonJunit(result),
  };
  const files = comparisonFiles(options);
  const onOutput = files.find(({ path }) => path === standardOutput);
  const { list } = readOptions(compareOptions, options);
  await output.result(onOutput === undefined ? renderComparison(result, list) : texts[onOutput.option]());
  for (const file of files) if (file !== onOutput) writeResultFile(file, texts[file.option]());
  return verdictCodes[result.verdict];
}
