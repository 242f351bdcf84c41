/** `--live` on a real terminal: a pseudo-terminal that `script` (util-linux) makes, and what it shows. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { builtMain } from "../support/run-cli.js";
import { Screen } from "../support/screen.js";

const hasScript = spawnSync("script", ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-live-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const leave = "\u001b[?25h\u001b[?1049l";

interface Watched {
  readonly text: string;
  readonly screen: Screen;
  readonly code: number | null;
  /** The screen as it was when each step was taken. */
  readonly seen: readonly string[];
}

interface Step {
  /** Taken once the screen shows this. */
  readonly when: RegExp;
  /** Keys, or a signal. */
  readonly press?: string;
  readonly signal?: NodeJS.Signals;
}

interface Place {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  readonly columns?: number;
  readonly rows?: number;
}

const { NO_COLOR: _noColor, TERM: _term, ...environment } = process.env;
let number = 0;

/** Runs a command behind a terminal, and takes the steps one after another. */
function onTerminal(
  command: string,
  steps: readonly Step[],
  { env = {}, stdin = "", columns = 80, rows = 24 }: Place = {},
): Promise<Watched> {
  const pid = join(folder, `pid-${number++}`);
  const line = `stty cols ${columns} rows ${rows}; echo $$ > ${pid}; exec ${command} ${stdin}`;
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    env: { ...environment, TERM: "xterm-256color", LANG: "C", ...env },
  });
  const screen = new Screen(columns, rows);
  const left = [...steps];
  const seen: string[] = [];
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    screen.write(part);
    const shown = screen.lines.join("\n");
    const step = left[0];
    if (step === undefined || !step.when.test(shown)) return;
    left.shift();
    seen.push(shown);
    if (step.press !== undefined) child.stdin.write(step.press);
    if (step.signal !== undefined) process.kill(Number(readFileSync(pid, "utf8")), step.signal);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ text, screen, code, seen })));
}

/** Pass, and invalid where the machine is busy. */
const verdicts = [0, 4];

const pktgen = `${process.execPath} ${builtMain()}`;
const long = `${pktgen} --live --sizes 64 --rate 1kpps --duration 60s --warmup 0ms`;

describe.skipIf(!hasScript)("--live", () => {
  it("pauses, goes on, changes the rate, stops, and gives the terminal back before the report", async () => {
    const { text, screen, code, seen } = await onTerminal(long, [
      { when: /RUNNING/, press: "p" },
      { when: /PAUSED[\s\S]*paused; the trial is INVALID now/, press: "+" },
      { when: /p lets it go on/, press: "p" },
      { when: /RUNNING[\s\S]*goes on;/, press: "\u001b[A+" },
      { when: /offered +1\.1 kpps[\s\S]*rate 1\.1 kpps/, press: "--" },
      { when: /offered +909 pps/, press: "q" },
      { when: /STOPPING/ },
    ]);
    expect(seen.length).toBe(7);
    expect(code).toBe(130);
    expect(screen.faults).toEqual([]);
    // The title is as wide as the terminal: nothing of it is lost in the last column.
    for (const picture of seen) expect(picture.split("\n")[0]).toMatch(/^.{67,72}[A-Z]+ {2}\d\d:\d\d$/);
    expect(seen[0]).toMatch(/q stop {3}p pause {3}\+ - rate/);
    expect(seen[1]).toMatch(/p go on/);
    const [before, after] = text.split(leave) as [string, string];
    expect(before).toContain("\u001b[?1049h");
    expect(after).toContain("interrupted");
    expect(after).toContain("changed");
    expect(after).not.toContain("\u001b[H");
  });

  it("says why a method's load is no key's, in a terminal of any size", async () => {
    const ndr = `${pktgen} ndr --live --sizes 64`;
    const small = { columns: 40, rows: 8 };
    const { screen, seen, code } = await onTerminal(
      ndr,
      [
        { when: /trial/, press: "p" },
        { when: /ndr decides the load/, press: "q" },
      ],
      small,
    );
    expect([seen.length, code, screen.faults]).toEqual([2, 130, []]);
  });

  it("needs no keyboard, and then offers no keys", async () => {
    const { screen, seen, code } = await onTerminal(
      `${pktgen} --live --sizes 64 --rate 1kpps --duration 1500ms --warmup 0ms`,
      [{ when: /RUNNING/ }],
      { stdin: "< /dev/null" },
    );
    expect(seen[0]).not.toMatch(/q stop/);
    expect(verdicts).toContain(code);
    expect([screen.isAlternate, screen.isCursorHidden]).toEqual([false, false]);
  });

  it("has no colours where nobody wants them", async () => {
    const { text } = await onTerminal(long, [{ when: /RUNNING/, press: "q" }], { env: { NO_COLOR: "1" } });
    expect(text.includes("\u001b[1m") || text.includes("\u001b[33m")).toBe(false);
  });

  it("writes lines, and no sequence, on a terminal that cannot be redrawn", async () => {
    const { text, code } = await onTerminal(
      `${pktgen} --live --sizes 64 --rate 1kpps --duration 1500ms --warmup 0ms`,
      [],
      { env: { TERM: "dumb", NO_COLOR: "1" } },
    );
    expect(verdicts).toContain(code);
    expect(text).toContain("cannot be redrawn (TERM=dumb)");
    expect(text).toMatch(/^trial 1 of 1 .*sent/m);
    expect(text.includes("\u001b")).toBe(false);
  });

  it.each(["SIGTERM", "SIGHUP"] as const)("gives the terminal back on %s", async (signal) => {
    const { text, screen, code } = await onTerminal(long, [{ when: /RUNNING/, signal }]);
    expect([code, screen.isAlternate, screen.isCursorHidden]).toEqual([130, false, false]);
    expect(text.split(leave)[1]).toContain("interrupted");
  });

  it("gives the terminal back where the program ends by a fault", async () => {
    const module = join(dirname(builtMain()), "output/live-screen.js");
    const program = `import("${module}").then(({ liveScreen, processTerminal }) => {
      liveScreen({ terminal: processTerminal(), commandLine: "x", options: { color: false, ascii: true }, nowMs: () => 0, stop: () => {}, load: "fixed" });
      setTimeout(() => { throw new Error("a fault"); }, 300); });`;
    const { text, screen, code } = await onTerminal(`${process.execPath} -e '${program}'`, []);
    expect(code).not.toBe(0);
    expect(text).toContain("a fault");
    expect([screen.isAlternate, screen.isCursorHidden]).toEqual([false, false]);
  });
});
