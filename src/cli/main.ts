#!/usr/bin/env node
/**
 * The command's start and end: arguments in, exit code out. What can go wrong while the program is loaded (too few
 * open files, a folder that is gone) is told as everything else is, so little is imported before the handlers are there.
 */
import { endNow, endOnSignals } from "./output/ending.js";
import { debugVariable, describeFailure } from "./output/failure.js";

/** What may still be closing when the exit code is known: threads, sockets. Then the process ends all the same. */
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
  await runProgram(argv, {
    output,
    commandLine: ["pktgen-ts", ...argv.map(quoted)].join(" "),
    version: packageVersion(),
    debug,
    finish: (code) => {
      exitCode = code;
    },
  });
}

/** As a shell would take it back. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

async function main(): Promise<void> {
  endOnSignals(() => (isFinished ? exitCode : null));
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  // A terminal that hung up, a reader that is gone: there is nobody to tell.
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
