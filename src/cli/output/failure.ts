/** What a command that failed says, and the exit code it ends with. One line, no stack. */
import { createHash } from "node:crypto";
import { type ExitCode, environmentError, exitCodes, PktgenError } from "../../errors.js";

/** Set to anything: a bug shows its stack. */
export const debugVariable = "PKTGEN_DEBUG";

/** Eight digits that are the same for the same bug, so that reports of it can be found. */
function referenceOf(error: Error): string {
  const where = (error.stack ?? "").split("\n").find((line) => /^\s+at /.test(line)) ?? "";
  const place = where.replace(/.*\/(dist|src)\//, "").replace(/\)$/, "");
  return createHash("sha256").update(`${error.name} ${place}`).digest("hex").slice(0, 8);
}

/** Error codes of Node and the kernel → what this machine or shell lacks. */
const lacks: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EMFILE: ["this process may not open more files", "ulimit -n 1024 allows enough"],
  ENFILE: ["this machine has no more files to open", "end what holds them, or raise fs.file-max"],
  ENOMEM: ["there is not enough memory", "free some; a limit of address space (ulimit -v) must allow 8 GiB"],
  ERR_WORKER_OUT_OF_MEMORY: ["a thread ran out of memory", "free some; ulimit -v must allow 8 GiB"],
  ERR_WORKER_INIT_FAILED: ["no more threads can be made", "raise ulimit -u, or the limit of pids of the container"],
};

const starts = /^(uv_)?(spawn|thread_create|fork)/;

/** The error, where the machine lacks something; null: the program is wrong. */
function environmentFailure(error: Error): PktgenError | null {
  const { code = "", syscall = "" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && syscall === "uv_cwd") {
    return environmentError("the folder that this was started in is gone", { hint: "cd to one that exists" });
  }
  const known = code === "EAGAIN" && starts.test(syscall) ? lacks["ERR_WORKER_INIT_FAILED"] : lacks[code];
  if (known === undefined) return null;
  const [what, hint] = known;
  return environmentError(`${what} (${syscall === "" ? code : `${syscall}: ${code}`})`, { hint, cause: error });
}

/** The line for standard error and the exit code. `debug` shows stacks, causes included. */
export function describeFailure(
  thrown: unknown,
  debug: boolean,
): { readonly text: string; readonly exitCode: ExitCode } {
  const lacking = thrown instanceof Error && !(thrown instanceof PktgenError) ? environmentFailure(thrown) : null;
  if (lacking !== null) return describeFailure(lacking, debug);
  if (thrown instanceof PktgenError) {
    const stack = debug ? `${thrown.stack ?? ""}\n` : "";
    return { text: `pktgen-ts: ${thrown.toLine()}\n${stack}`, exitCode: thrown.exitCode };
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const summary = error.message.split("\n")[0] ?? "";
  const how = debug ? "" : ` and what ${debugVariable}=1 shows`;
  const text = `pktgen-ts: this is a bug in pktgen-ts, not yours: ${summary}; please report it with reference ${referenceOf(error)}${how}\n`;
  // What was measured cannot be trusted.
  return { text: debug ? `${text}${error.stack ?? ""}\n` : text, exitCode: exitCodes.invalid };
}
