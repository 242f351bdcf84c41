/** Runs a short command to its end and returns what it printed. testpmd itself is run by testpmd/process.ts. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { onWayOut } from "./way-out.js";

export type CommandEnvironment = Readonly<Record<string, string | undefined>>;

export interface CommandResult {
  /** 128 + n if signal n ended it, as in a shell. null: it did not end by itself in time. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It printed more than the 1 MiB of each stream that is kept. This is only the beginning. */
  readonly isCut: boolean;
}

export interface CommandOptions {
  /** PATH says where the command is looked for. */
  readonly env: CommandEnvironment;
  readonly timeoutMs: number;
  /** When it is aborted, the time is over at once. */
  readonly signal?: AbortSignal;
}

const mostKeptBytes = 1 << 20;
/** A shell's exit codes: a program was found but could not be started, and a signal ended it. */
const notStarted = 126;
const bySignal = 128;

/**
 * null: there is no such program. A command that still runs when the time is over is killed, together with everything
 * that it started in its process group. The same happens on the way out of this process.
 */
export const executeCommand = (
  file: string,
  args: readonly string[],
  { env, timeoutMs, signal: aborted }: CommandOptions,
): Promise<CommandResult | null> =>
  new Promise((resolve) => {
    // A separate process group: a signal to it reaches a shell's children, too. Without descriptors there are no pipes.
    const child: ChildProcess = spawn(file, [...args], {
      env: { ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stdout = keepOutput(child.stdout);
    const stderr = keepOutput(child.stderr);
    // It has ended by itself. What it left behind is meant to stay, e.g. a device that it started.
    const isRunning = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    const killGroup = (): void => {
      if (isRunning()) killProcessGroup(child.pid!);
    };
    const wayOut = onWayOut(killGroup);
    let isLate = false;
    const stop = (): void => {
      isLate ||= isRunning();
      killGroup();
      // A process that left the group may hold the other ends open for ever.
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const timer = setTimeout(stop, timeoutMs);
    aborted?.addEventListener("abort", stop, { once: true });
    if (aborted?.aborted === true) stop();
    const end = (result: CommandResult | null): void => {
      clearTimeout(timer);
      aborted?.removeEventListener("abort", stop);
      wayOut[Symbol.dispose]();
      resolve(result);
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "EACCES") end(null);
      else end({ code: notStarted, stdout: "", stderr: error.message, isCut: false });
    });
    child.on("close", (code, signal) => {
      const ended = signal === null ? code : bySignal + constants.signals[signal];
      const isCut = stdout.isCut() || stderr.isCut();
      end({ code: isLate ? null : ended, stdout: stdout.text(), stderr: stderr.text(), isCut });
    });
  });

function killProcessGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** Reads everything, so that the command never waits for room in the pipe, and keeps the beginning. */
function keepOutput(stream: Readable | null): { text(): string; isCut(): boolean } {
  const pieces: Buffer[] = [];
  let keptBytes = 0;
  let isCut = false;
  stream?.on("data", (piece: Buffer) => {
    const kept = piece.subarray(0, mostKeptBytes - keptBytes);
    isCut ||= kept.length < piece.length;
    keptBytes += kept.length;
    if (kept.length > 0) pieces.push(kept);
  });
  return { text: () => Buffer.concat(pieces).toString("utf8"), isCut: () => isCut };
}

/** Starts a command and does not wait. It goes on when this process has ended. */
export function runDetached(file: string, args: readonly string[], env: CommandEnvironment): void {
  const child = spawn(file, [...args], { env: { ...env }, detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
}

const mostReasonCharacters = 200;

/**
 * The line of a failed command's output that says why it failed: the first that names a failure, otherwise the last one
 * with words in it. (Programs that quote the faulty text end with a line of carets below it.)
 */
export function reasonLine(result: CommandResult): string {
  const lines = `${result.stdout}\n${result.stderr}`.split("\n").map((line) => line.trim());
  const worded = lines.filter((line) => /\p{L}{2}/u.test(line));
  const telling = worded.find((line) => /error|fail|cannot|can't|no such|denied|not found|not permitted/i.test(line));
  return (telling ?? worded.at(-1) ?? lastLine(result)).slice(0, mostReasonCharacters);
}

/** The last line with text, without the engine's prefixes. It has the reason. */
export const lastLine = (result: CommandResult): string =>
  `${result.stdout}\n${result.stderr}`
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .at(-1) ?? (result.code === null ? "it did not answer in time" : `exit code ${result.code}`);
