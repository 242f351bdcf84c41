/** Runs the command's code in this process: for what it says and refuses, where the process is not the point. */
import { runProgram } from "../../src/cli/command-line.js";
import { describeFailure } from "../../src/cli/output/failure.js";
import type { Output } from "../../src/cli/output/output.js";
import type { CliResult } from "./run-cli.js";

/** What the command would print, and its exit code. A process costs a third of a second, and is not the point. */
export async function runHere(args: readonly string[]): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  let code: number = 0;
  const output: Output = {
    result: async (text) => {
      stdout += text;
    },
    message: (text) => {
      stderr += text;
    },
    readerGone: new AbortController().signal,
    messageColumns: null,
  };
  try {
    await runProgram(args, {
      output,
      commandLine: "pktgen-ts",
      version: "0",
      debug: false,
      finish: (exitCode) => {
        code = exitCode;
      },
    });
  } catch (error) {
    const failure = describeFailure(error, false);
    stderr += failure.text;
    code = failure.exitCode;
  }
  return { code, signal: null, stdout, stderr };
}
