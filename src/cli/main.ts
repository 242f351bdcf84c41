#!/usr/bin/env node
/** The command's start and end: arguments in, exit code out. */
import { exitCodes } from "../errors.js";
import { packageVersion } from "../sys/version.js";
import { debugVariable, describeFailure } from "./failure.js";
import { processOutput } from "./output.js";
import { runProgram } from "./program.js";

/** What may still be closing when the exit code is known: threads, sockets. Then the process ends all the same. */
const closingMs = 2_000;

/** Until a command watches for them itself, a signal ends the process with the code that it has then, too. */
function endOnEarlySignals(): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (process.listenerCount(name) === 1) process.exit(exitCodes.interrupted);
    });
  }
}

async function main(): Promise<void> {
  endOnEarlySignals();
  const output = processOutput();
  const debug = (process.env[debugVariable] ?? "") !== "";
  const argv = process.argv.slice(2);
  let exitCode: number = exitCodes.passed;
  const fail = (thrown: unknown): void => {
    const failure = describeFailure(thrown, debug);
    output.message(failure.text);
    exitCode = failure.exitCode;
  };
  const die = (thrown: unknown): void => {
    fail(thrown);
    process.exit(exitCode);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  try {
    await runProgram(argv, {
      output,
      commandLine: ["pktgen-ts", ...argv.map(quoted)].join(" "),
      version: packageVersion(),
      debug,
      finish: (code) => {
        exitCode = code;
      },
    });
  } catch (thrown) {
    fail(thrown);
  }
  process.exitCode = exitCode;
  setTimeout(() => process.exit(exitCode), closingMs).unref();
}

/** As a shell would take it back. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

await main();
