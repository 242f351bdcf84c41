/** What a command that failed says, and the exit code it ends with. One line, no stack. */
import { createHash } from "node:crypto";
import { type ExitCode, exitCodes, PktgenError } from "../errors.js";

/** Set to anything: a bug shows its stack. */
export const debugVariable = "PKTGEN_DEBUG";

/** Eight digits that are the same for the same bug, so that reports of it can be found. */
function referenceOf(error: Error): string {
  const where = (error.stack ?? "").split("\n").find((line) => /^\s+at /.test(line)) ?? "";
  const place = where.replace(/.*\/(dist|src)\//, "").replace(/\)$/, "");
  return createHash("sha256").update(`${error.name} ${place}`).digest("hex").slice(0, 8);
}

/** The line for standard error and the exit code. `debug` shows stacks, causes included. */
export function describeFailure(
  thrown: unknown,
  debug: boolean,
): { readonly text: string; readonly exitCode: ExitCode } {
  if (thrown instanceof PktgenError) {
    const stack = debug ? `${thrown.stack ?? ""}\n` : "";
    return { text: `pktgen-ts: ${thrown.toLine()}\n${stack}`, exitCode: thrown.exitCode };
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const summary = error.message.split("\n")[0] ?? "";
  const how = debug ? "" : ` and what ${debugVariable}=1 shows`;
  const text = `pktgen-ts: this is a bug in pktgen-ts, not yours: ${summary}; please report it with reference ${referenceOf(error)}${how}\n`;
  // Whatever was measured cannot be trusted.
  return { text: debug ? `${text}${error.stack ?? ""}\n` : text, exitCode: exitCodes.invalid };
}
