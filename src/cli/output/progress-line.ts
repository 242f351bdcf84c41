/** Progress on standard error: one line that is written over on a terminal, nothing on a pipe unless asked for. */
import type { Output } from "./output.js";

export interface ProgressLine {
  show(text: string): void;
  /** Takes the line away, before anything else is printed. */
  clear(): void;
}

/** Time between two lines that cannot be written over. */
const verboseEveryMs = 1_000;

/** `\r`, then CSI 2 K: erase the whole line (ECMA-48 §8.3.41). */
const eraseLine = "\r\u001b[2K";

/** `nowMs` is only compared with itself. */
export function progressLine(output: Output, verbose: boolean, nowMs: () => number): ProgressLine {
  let shown = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  const rewrite = (text: string, columns: number): void => {
    output.message(`${eraseLine}${text.slice(0, columns - 1)}`);
    shown = true;
  };
  const append = (text: string): void => {
    if (nowMs() - lastMs < verboseEveryMs) return;
    lastMs = nowMs();
    output.message(`${text}\n`);
  };
  return {
    show: (text) => {
      const columns = output.messageColumns;
      if (columns !== null) rewrite(text, columns);
      else if (verbose) append(text);
    },
    clear: () => {
      if (shown) output.message(eraseLine);
      shown = false;
    },
  };
}
