/**
 * `--live`: the run redrawn in place on the terminal behind standard error, with keys. The alternate screen keeps what
 * was there before; it comes back when the run ends, however it ends.
 */
import { ReadStream } from "node:tty";
import { usageError } from "../../errors.js";
import type { LoadChange } from "../../measure/load-now.js";
import type { RunControl } from "../../measure/run-control.js";
import type { ReportOptions } from "../../report/index.js";
import { LiveRun } from "../../report/live-history.js";
import { type LiveModel, liveLines } from "../../report/live-view.js";
import type { Progress } from "../../report/progress.js";
import type { Trial } from "../../result/run-result.js";
import { rateWord } from "../../stats/words.js";

const redrawEveryMs = 250;

/** Alternate screen on and off, cursor hidden and shown, home, erase to the end of line and screen (xterm, ECMA-48). */
const [enter, leave] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];
const [home, eraseLine, eraseBelow] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** What other keys send: arrows, function keys, Alt with a letter (ECMA-48 §5.4, SS3). They mean nothing here. */
const escapeSequences = new RegExp(`${String.fromCharCode(27)}(\\[[0-?]*[ -/]*[@-~]|O.|.)?`, "g");

/** How long it is shown why a key did nothing, or what it did. */
const saidForMs = 6_000;
/** What `+` and `-` do to the rate. */
const rateStep = 1.1;

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

/** What keys change the load by; a text: why nothing does. */
export type LiveLoad = Pick<RunControl, "state" | "change"> | string;

interface LiveOrder {
  readonly terminal: Terminal;
  readonly commandLine: string;
  readonly options: ReportOptions;
  readonly nowMs: () => number;
  /** As Ctrl-C does. */
  readonly stop: () => void;
  readonly load: LiveLoad;
}

/** Draws until it is disposed of. */
export function liveScreen({ terminal, commandLine, options, nowMs, stop, load }: LiveOrder): LiveScreen {
  const run = new LiveRun();
  const startedMs = nowMs();
  let isStopping = false;
  const said = { text: "", untilMs: 0 };
  const say = (text: string): void => void Object.assign(said, { text, untilMs: nowMs() + saidForMs });
  const draw = (): void => {
    const model = run.model();
    const now = typeof load === "string" ? null : load.state;
    const paused = now?.paused === true && model.state === "running";
    const lines = liveLines(
      {
        ...{ ...model, commandLine, elapsedNs: (nowMs() - startedMs) * 1e6, offeredPps: now?.pps ?? null },
        state: isStopping ? "stopping" : paused ? "paused" : model.state,
        keys: terminal.onKeys === null ? [] : keysOf(load, paused),
        said: nowMs() < said.untilMs ? said.text : "",
      },
      terminal,
      options,
    );
    // A line is erased before it is written: behind one that is as wide as the terminal, its last character would go.
    terminal.write(`${home}${lines.map((line) => `${eraseLine}${line}`).join("\r\n")}${eraseRest(lines, terminal)}`);
  };
  const heard = (text: string): void => {
    for (const key of text.replace(escapeSequences, "")) {
      if (key === "q" || key === "\u0003") {
        isStopping = true;
        stop();
      } else if ("p+=-".includes(key)) void pressed(key, load).then(say).then(draw);
    }
    draw();
  };
  const end = screenOf(terminal, heard, draw);
  return {
    progress: (now) => run.progress(now),
    trial: (ended) => run.trial(ended),
    [Symbol.dispose]: end,
  };
}

/** Takes the terminal and draws again and again. Returns what gives it back as it was, also where the process ends in the middle. */
function screenOf(terminal: Terminal, heard: (keys: string) => void, draw: () => void): () => void {
  terminal.write(enter);
  const giveBack = terminal.onKeys?.(heard);
  const timer = setInterval(draw, redrawEveryMs);
  draw();
  const end = (): void => {
    process.off("exit", end);
    clearInterval(timer);
    giveBack?.();
    terminal.write(leave);
  };
  process.on("exit", end);
  return end;
}

/** What is left of an older picture below; nothing where the picture reaches the terminal's end. */
const eraseRest = (lines: readonly string[], { rows }: Terminal): string =>
  lines.length < rows ? `\r\n${eraseBelow}` : "";

function keysOf(load: LiveLoad, paused: boolean): LiveModel["keys"] {
  const stop = ["q", "stop"] as const;
  return typeof load === "string" ? [stop] : [stop, ["p", paused ? "go on" : "pause"], ["+ -", "rate"]];
}

/** Does what a key means to the load. Returns what is to be said of it. */
async function pressed(key: string, load: LiveLoad): Promise<string> {
  if (typeof load === "string") return load;
  const { paused = false, pps = null } = load.state ?? {};
  if (key !== "p" && paused) return "it is paused: p lets it go on";
  // Of a load without a rate the change says so itself.
  const wanted = Number(((pps ?? 1) * (key === "-" ? 1 / rateStep : rateStep)).toPrecision(3));
  const change: LoadChange =
    key === "p"
      ? { kind: paused ? "resume" : "pause", streams: "all" }
      : { kind: "rate", streams: "all", rate: { kind: "pps", pps: wanted } };
  try {
    await load.change(change);
    const did = change.kind === "rate" ? `rate ${rateWord(wanted)}` : paused ? "goes on" : "paused";
    return `${did}; the trial is INVALID now: its figures are of no one load`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
