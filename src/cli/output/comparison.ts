/** Where the results of a comparison go: standard output and files. */
import type { ExitCode } from "../../errors.js";
import type { CompareOptions } from "../../options/compare-options.js";
import type { CompareResult } from "../../result/compare-result.js";
import type { CommandContext } from "../command.js";
import { checkResultFiles, type ResultFile, standardOutput, writeResultFile } from "./result-file.js";
import { verdictCodes } from "./verdict-codes.js";

export function comparisonFiles({ json, junit, annotated }: CompareOptions): ResultFile[] {
  const files = [
    ...(json === undefined ? [] : [{ option: "--json", path: json }]),
    ...(junit === undefined ? [] : [{ option: "--junit", path: junit }]),
  ];
  checkResultFiles([...files, ...(annotated === undefined ? [] : [{ option: "--annotated", path: annotated }])]);
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
  const { parseCount } = await import("../../units.js");
  const most = options.list === undefined ? undefined : parseCount(options.list, "--list", 0);
  await output.result(onOutput === undefined ? renderComparison(result, most) : texts[onOutput.option]());
  for (const file of files) if (file !== onOutput) writeResultFile(file, texts[file.option]());
  return verdictCodes[result.verdict];
}
