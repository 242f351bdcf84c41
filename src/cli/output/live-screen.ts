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
/** What `e` adds. */
const extendNs = 10e9;

/** Keys as a raw terminal sends them: what they would do otherwise is done here. */
const [ctrlC, ctrlBackslash, ctrlZ] = ["\u0003", "\u001c", "\u001a"];

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
            keyboard.on("data", heard).resume();
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
export type LiveLoad = LoadKeys | string;

interface LoadKeys {
  readonly control: Pick<RunControl, "state" | "change">;
  /** Why no trial may last longer; "": those with a duration may. */
  readonly whyNoMoreTime: string;
}

interface LiveOrder {
  readonly terminal: Terminal;
  readonly commandLine: string;
  readonly options: ReportOptions;
  readonly nowMs: () => number;
  /** Sends a signal to this process, as a terminal that is not raw would: Ctrl-C, Ctrl-\\. */
  readonly signal: (name: "SIGINT" | "SIGQUIT") => void;
  readonly load: LiveLoad;
  /** Where its page is; "": it has none. */
  readonly pageUrl: string;
}

/** Draws until it is disposed of. */
export function liveScreen(order: LiveOrder): LiveScreen {
  const { terminal, commandLine, options, nowMs, load, pageUrl } = order;
  const run = new LiveRun();
  const startedMs = nowMs();
  let isStopping = false;
  const said = { text: "", untilMs: 0 };
  const say = (text: string): void => void Object.assign(said, { text, untilMs: nowMs() + saidForMs });
  const picture = (): string => {
    const model = run.model();
    const now = typeof load === "string" ? null : load.control.state;
    const paused = now?.paused === true && model.state === "running";
    const lines = liveLines(
      {
        ...{ ...model, commandLine, elapsedNs: (nowMs() - startedMs) * 1e6, offeredPps: now?.pps ?? null },
        state: isStopping ? "stopping" : paused ? "paused" : model.state,
        keys: terminal.onKeys === null ? [] : keysOf(load, paused),
        said: nowMs() < said.untilMs ? said.text : pageUrl === "" ? "" : `page: ${pageUrl}`,
      },
      terminal,
      options,
    );
    // A line is erased before it is written: behind one that is as wide as the terminal, its last character would go.
    return `${home}${lines.map((line) => `${eraseLine}${line}`).join("\r\n")}${eraseRest(lines, terminal)}`;
  };
  const heard = (text: string): void => {
    for (const key of text.replace(escapeSequences, "")) {
      if (key === "q" || key === ctrlC) {
        isStopping = true;
        order.signal("SIGINT");
      } else if (key === ctrlBackslash) order.signal("SIGQUIT");
      else if (key === ctrlZ) screen.stopJob();
      else if ("p+=-e".includes(key)) void pressed(key, load).then(say).then(screen.draw);
    }
    screen.draw();
  };
  const screen = screenOf(terminal, heard, picture);
  return {
    progress: (now) => run.progress(now),
    trial: (ended) => run.trial(ended),
    [Symbol.dispose]: screen.end,
  };
}

interface TakenScreen {
  /** Nothing, while others have the terminal. */
  readonly draw: () => void;
  /** What Ctrl-Z does where a terminal is not raw: the whole job stops, and draws again when its shell lets it go on. */
  readonly stopJob: () => void;
  /** Gives the terminal back as it was. */
  readonly end: () => void;
}

/** Takes the terminal and draws again and again. It is given back also where the process ends in the middle, or stops. */
function screenOf(terminal: Terminal, heard: (keys: string) => void, picture: () => string): TakenScreen {
  let release: (() => void) | null = null;
  const draw = (): void => {
    if (release !== null) terminal.write(picture());
  };
  const take = (): void => {
    release?.();
    terminal.write(enter);
    release = terminal.onKeys?.(heard) ?? (() => {});
    draw();
  };
  const giveBack = (): void => {
    if (release === null) return;
    release();
    release = null;
    terminal.write(leave);
  };
  /** `whom`: 0 is the whole job. Returns when it goes on; at once where no shell could let it go on, which the kernel knows. */
  const stop = (whom: number): void => {
    giveBack();
    process.off("SIGTSTP", stopped);
    process.kill(whom, "SIGTSTP");
    process.on("SIGTSTP", stopped);
    take();
  };
  const stopped = (): void => stop(process.pid);
  // A shell sets the terminal as it wants it while a job stands, however it was stopped.
  const goesOn = (): void => {
    if (release !== null) take();
  };
  const timer = setInterval(draw, redrawEveryMs);
  const end = (): void => {
    process.off("exit", end);
    process.off("SIGTSTP", stopped);
    process.off("SIGCONT", goesOn);
    clearInterval(timer);
    giveBack();
  };
  process.on("exit", end);
  process.on("SIGTSTP", stopped);
  process.on("SIGCONT", goesOn);
  take();
  return { draw, stopJob: () => stop(0), end };
}

/** What is left of an older picture below; nothing where the picture reaches the terminal's end. */
const eraseRest = (lines: readonly string[], { rows }: Terminal): string =>
  lines.length < rows ? `\r\n${eraseBelow}` : "";

function keysOf(load: LiveLoad, paused: boolean): LiveModel["keys"] {
  const stop = ["q", "stop"] as const;
  if (typeof load === "string") return [stop];
  const rate = [["p", paused ? "go on" : "pause"] as const, ["+ -", "rate"] as const];
  return [stop, ...rate, ...(load.whyNoMoreTime === "" ? [["e", "+10 s"] as const] : [])];
}

/** Does what a key means to the load. Returns what is to be said of it. */
async function pressed(key: string, load: LiveLoad): Promise<string> {
  if (typeof load === "string") return load;
  const { paused = false, pps = null } = load.control.state ?? {};
  if (key === "e" && load.whyNoMoreTime !== "") return load.whyNoMoreTime;
  if ("+=-".includes(key) && paused) return "it is paused: p lets it go on";
  // Of a load without a rate the change says so itself.
  const wanted = Number(((pps ?? 1) * (key === "-" ? 1 / rateStep : rateStep)).toPrecision(3));
  const change: LoadChange =
    key === "p"
      ? { kind: paused ? "resume" : "pause", streams: "all" }
      : key === "e"
        ? { kind: "extend", addNs: extendNs }
        : { kind: "rate", streams: "all", rate: { kind: "pps", pps: wanted } };
  try {
    await load.control.change(change);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (change.kind === "extend") return "10 s longer; the trial is INVALID now: its figures are of another time";
  const did = change.kind === "rate" ? `rate ${rateWord(wanted)}` : paused ? "goes on" : "paused";
  return `${did}; the trial is INVALID now: its figures are of no one load`;
}
