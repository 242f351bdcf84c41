/** Runs a short command to its end and gives what it said. What testpmd itself needs is in process.ts. */
import { execFile, spawn } from "node:child_process";

export type CommandEnvironment = Readonly<Record<string, string | undefined>>;

export interface CommandResult {
  /** null: it did not end by itself in time. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Where it is looked for too: PATH. */
  readonly env: CommandEnvironment;
  readonly timeoutMs: number;
}

/** null: there is no such program. Never throws. */
export const runCommand = (
  file: string,
  args: readonly string[],
  { env, timeoutMs }: CommandOptions,
): Promise<CommandResult | null> =>
  new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { env: { ...env }, timeout: timeoutMs, killSignal: "SIGKILL", encoding: "utf8" },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (error.code === "ENOENT" || error.code === "EACCES") resolve(null);
        else resolve({ code: typeof error.code === "number" ? error.code : null, stdout, stderr });
      },
    );
    child.stdin?.end();
  });

/** Starts it and does not wait: it goes on when this process has ended. */
export function runDetached(file: string, args: readonly string[], env: CommandEnvironment): void {
  const child = spawn(file, [...args], { env: { ...env }, detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
}

const mostReasonCharacters = 200;

/**
 * Of what a failed command printed, the line that says why: the first that names a failure, else the last with words in
 * it. (Programs that quote the faulty text end with a line of carets below it.)
 */
export function reasonLine(result: CommandResult): string {
  const lines = `${result.stdout}\n${result.stderr}`.split("\n").map((line) => line.trim());
  const worded = lines.filter((line) => /\p{L}{2}/u.test(line));
  const telling = worded.find((line) => /error|fail|cannot|can't|no such|denied|not found|not permitted/i.test(line));
  return (telling ?? worded.at(-1) ?? lastLine(result)).slice(0, mostReasonCharacters);
}

/** The last line that says something, without the engine's prefixes: the one with the reason. */
export const lastLine = (result: CommandResult): string =>
  `${result.stdout}\n${result.stderr}`
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .at(-1) ?? (result.code === null ? "it did not answer in time" : `exit code ${result.code}`);
