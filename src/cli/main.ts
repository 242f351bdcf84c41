#!/usr/bin/env node
/**
 * The command's start and end: arguments in, exit code out. Loading the program can fail: too few open
 * files, a folder that is gone. The handlers that report this come first, so little is imported before them.
 */
import { endNow, endOnSignals } from "./output/ending.js";
import { debugVariable, describeFailure } from "./output/failure.js";

/** Threads and sockets may take this long to close once the exit code is known. Then the process ends. */
const closingMs = 2_000;

const debug = (process.env[debugVariable] ?? "") !== "";
let exitCode = 0;
let isFinished = false;

function fail(thrown: unknown): void {
  const failure = describeFailure(thrown, debug);
  process.stderr.write(failure.text);
  exitCode = failure.exitCode;
}

function die(thrown: unknown): void {
  fail(thrown);
  endNow(exitCode);
}

async function run(argv: readonly string[]): Promise<void> {
  const { processOutput } = await import("./output/output.js");
  const output = processOutput();
  const { packageVersion } = await import("../sys/version.js");
  const { runProgram } = await import("./command-line.js");
  const { shellWord } = await import("../options/command-words.js");
  await runProgram(argv, {
    output,
    commandLine: ["pktgen-ts", ...argv.map(shellWord)].join(" "),
    version: packageVersion(),
    debug,
    finish: (code) => {
      exitCode = code;
    },
  });
}

async function main(): Promise<void> {
  endOnSignals(() => (isFinished ? exitCode : null));
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  // The terminal hung up or the reader is gone: a message reaches no one.
  process.stderr.on("error", () => {});
  try {
    await run(process.argv.slice(2));
  } catch (thrown) {
    fail(thrown);
  }
  isFinished = true;
  process.exitCode = exitCode;
  process.on("beforeExit", () => endNow(exitCode));
  setTimeout(() => endNow(exitCode), closingMs).unref();
}

await main();
