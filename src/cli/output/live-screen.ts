/**
 * `--live`: the run redrawn in place on the terminal behind standard error, with keys. The alternate screen keeps what
 * was there before; it comes back when the run ends, however it ends.
 */
import { ReadStream } from "node:tty";
import { usageError } from "../../errors.js";
import type { ReportOptions } from "../../report/index.js";
import { LiveRun } from "../../report/live-history.js";
import { liveLines } from "../../report/live-view.js";
import type { Progress } from "../../report/progress.js";
import type { Trial } from "../../result/run-result.js";

const redrawEveryMs = 250;

/** Alternate screen on and off, cursor hidden and shown, home, erase to the end of line and screen (xterm, ECMA-48). */
const [enter, leave] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];
const [home, eraseLine, eraseRest] = ["\u001b[H", "\u001b[K", "\u001b[J"];

const keys = [["q", "stop"]] as const;

/** What the terminal is. Tests give their own. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Keys as they come; null: there is no keyboard. Returns how to give it back. */
  readonly onKeys: ((listener: (keys: string) => void) => () => void) | null;
}

/** The terminal of this process. @throws PktgenError (2): standard error is none. */
export function processTerminal(): Terminal {
  const { stderr, stdin } = process;
  if (stderr.isTTY !== true) {
    throw usageError("standard error is no terminal that could be redrawn", {
      where: "--live",
      accepted: "a terminal",
      hint: "--verbose prints progress as lines",
    });
  }
  const keyboard = stdin instanceof ReadStream ? stdin : null;
  return {
    get columns() {
      return stderr.columns || 80;
    },
    get rows() {
      return stderr.rows || 24;
    },
    write: (text) => void stderr.write(text),
    onKeys:
      keyboard === null
        ? null
        : (listener) => {
            const heard = (bytes: Buffer): void => listener(bytes.toString("latin1"));
            keyboard.setRawMode(true);
            keyboard.on("data", heard);
            return () => {
              keyboard.off("data", heard);
              keyboard.setRawMode(false);
              keyboard.pause();
            };
          },
  };
}

export interface LiveScreen extends Disposable {
  progress(now: Progress): void;
  trial(ended: Trial): void;
}

interface LiveOrder {
  readonly terminal: Terminal;
  readonly commandLine: string;
  readonly options: ReportOptions;
  readonly nowMs: () => number;
  /** As Ctrl-C does. */
  readonly stop: () => void;
}

/** Draws until it is disposed of. */
export function liveScreen({ terminal, commandLine, options, nowMs, stop }: LiveOrder): LiveScreen {
  const run = new LiveRun();
  const startedMs = nowMs();
  let [said, isStopping] = ["", false];
  const draw = (): void => {
    const model = run.model();
    const elapsedNs = (nowMs() - startedMs) * 1e6;
    const state = isStopping ? "stopping" : model.state;
    const lines = liveLines({ ...model, commandLine, keys, said, elapsedNs, state }, terminal, options);
    terminal.write(`${home}${lines.map((line) => `${line}${eraseLine}`).join("\r\n")}${eraseRest}`);
  };
  const heard = (text: string): void => {
    for (const key of text) {
      if (key === "q" || key === "\u0003") {
        isStopping = true;
        stop();
      } else if ("p+- ".includes(key)) said = "the load of a trial is fixed while it runs";
    }
    draw();
  };
  terminal.write(enter);
  const giveBack = terminal.onKeys?.(heard);
  const timer = setInterval(draw, redrawEveryMs);
  draw();
  // Also where the process ends in the middle: the terminal is given back as it was.
  const end = (): void => {
    process.off("exit", end);
    clearInterval(timer);
    giveBack?.();
    terminal.write(leave);
  };
  process.on("exit", end);
  return {
    progress: (now) => run.progress(now),
    trial: (ended) => run.trial(ended),
    [Symbol.dispose]: end,
  };
}
