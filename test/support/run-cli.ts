/** Runs the built command as a child process, as a user's shell would. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const main = join(root, "dist/cli/main.js");

/** Builds as `npm run build` does if a source is newer. Test files run side by side: one builds, the others wait. */
const buildIfOld =
  '[ -e dist/cli/main.js ] && [ -z "$(find src -type f -newer dist/cli/main.js -print -quit)" ] || npm run build';

let built = false;

/** The built file; `npm test` builds before it tests, this is for a single test file run by hand. */
export function builtMain(): string {
  if (!built) {
    try {
      execFileSync("flock", ["package.json", "sh", "-c", buildIfOld], { cwd: root, stdio: "pipe" });
    } catch (error) {
      if (!existsSync(main)) throw error;
    }
  }
  built = true;
  return main;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the child, so that a hang is a failure with its output. */
  readonly timeoutMs?: number;
  /** Called once the child runs, e.g. to send it signals. */
  readonly during?: (child: ChildProcess) => void;
  /** What stdout is connected to instead of a pipe: a descriptor. */
  readonly stdout?: number;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects for what the child does. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [builtMain(), ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", options.stdout ?? "pipe", "pipe"],
    timeout: options.timeoutMs ?? 25_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  options.during?.(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
