/** `--live` on a real terminal: a pseudo-terminal that `script` (util-linux) makes, and what it shows. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { builtMain } from "../support/run-cli.js";
import { Screen } from "../support/screen.js";

const hasScript = spawnSync("script", ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-live-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const enter = "\u001b[?1049h";
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

/** What `stty -a` says of the real terminal before a command and after it. */
const settings = (): readonly string[] => ["before", "after"].map((name) => readFileSync(join(folder, name), "utf8"));

/** Runs a command behind a terminal, and takes the steps one after another. */
function onTerminal(
  command: string,
  steps: readonly Step[],
  { env = {}, stdin = "", columns = 80, rows = 24 }: Place = {},
): Promise<Watched> {
  const pid = join(folder, `pid-${number++}`);
  const inner = `sh -c 'echo $$ > ${pid}; exec "$@"' sh ${command} ${stdin}`;
  const line = `stty cols ${columns} rows ${rows}; stty -a > ${folder}/before; ${inner}; code=$?; stty -a > ${folder}/after`;
  const child = spawn("script", ["-qefc", `${line}; exit $code`, "/dev/null"], {
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
      { when: /offered +909 pps/, press: "e" },
      { when: /10 s longer; the trial is INVALID now[\s\S]* of 70\.0 s|of 70\.0 s[\s\S]*10 s longer/, press: "q" },
      { when: /STOPPING/ },
    ]);
    expect(seen.length).toBe(8);
    expect(code).toBe(130);
    expect(screen.faults).toEqual([]);
    // The title is as wide as the terminal: nothing of it is lost in the last column.
    for (const picture of seen) expect(picture.split("\n")[0]).toMatch(/^.{67,72}[A-Z]+ {2}\d\d:\d\d$/);
    expect(seen[0]).toMatch(/q stop {3}p pause {3}\+ - rate {3}e \+10 s/);
    expect(seen[1]).toMatch(/p go on/);
    const [before, after] = text.split(leave) as [string, string];
    expect(before).toContain(enter);
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

  it("says in a small terminal which keys there are, and why a soak has no more time", async () => {
    const soak = `${pktgen} soak --live --sizes 64 --load 1kpps --for 60s --warmup 0ms`;
    const small = { columns: 40, rows: 8 };
    const run = await onTerminal(long, [{ when: /RUNNING[\s\S]*e \+10 s/, press: "q" }], small);
    const { seen, code } = await onTerminal(soak, [
      { when: /RUNNING/, press: "e" },
      { when: /soak goes on in pieces/, press: "q" },
    ]);
    expect([run.seen.length, run.code, seen.length, code]).toEqual([1, 130, 2, 130]);
    expect(seen[0]).not.toMatch(/\+10 s/);
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
      { env: { TERM: "dumb" } },
    );
    expect(verdicts).toContain(code);
    expect(text).toContain("cannot be redrawn (TERM=dumb)");
    expect(text).toMatch(/^trial 1 of 1 .*sent/m);
    expect(text.includes("\u001b")).toBe(false);
  });

  it.each([
    ["SIGTERM", { signal: "SIGTERM" }, 130],
    ["SIGHUP", { signal: "SIGHUP" }, 130],
    ["Ctrl-C", { press: "\u0003" }, 130],
    ["Ctrl-\\", { press: "\u001c" }, 131],
    ["SIGQUIT", { signal: "SIGQUIT" }, 131],
  ] as const)("gives the terminal back on %s", async (_name, how, expected) => {
    const { text, screen, code } = await onTerminal(long, [{ when: /RUNNING/, ...how }]);
    expect([code, screen.isAlternate, screen.isCursorHidden]).toEqual([expected, false, false]);
    expect(text.split(leave)[1]!.includes("interrupted")).toBe(expected === 130);
    const [before, after] = settings();
    expect(before).toMatch(/(^|\s)icanon/);
    expect(after).toBe(before);
  });

  it("stops on Ctrl-Z with the terminal given back, and draws again when its shell lets it go on", async () => {
    const job = join(folder, "job");
    writeFileSync(job, `${long}\necho job stopped: $?\nstty -a > ${folder}/stopped\nread line\nfg\n`);
    const { text, screen, seen, code } = await onTerminal(`bash -m ${job}`, [
      { when: /RUNNING/, press: "\u001a" },
      { when: /job stopped/, press: "\n" },
      { when: /^(?![\s\S]*job stopped)[\s\S]*RUNNING/, press: "q" },
      { when: /STOPPING/ },
    ]);
    expect([seen.length, code, screen.isAlternate, screen.faults]).toEqual([4, 130, false, []]);
    // 148: SIGTSTP. It is said on the terminal as it was, and then the run is drawn anew.
    const parts = text.split("job stopped: 148");
    expect([parts.length, parts[0]!.split(enter).length, parts[1]!.split(enter).length > 1]).toEqual([2, 2, true]);
    expect(parts[0]).toContain(leave);
    const [before, after] = settings();
    expect([readFileSync(join(folder, "stopped"), "utf8"), after]).toEqual([before, before]);
  });

  it("shows an error of its page on the terminal as it was, and the page's address where it has one", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const { text, code, screen } = await onTerminal(`${long} --ui 127.0.0.1:${port}`, []);
    taken.close();
    expect([code, screen.isAlternate]).toEqual([3, false]);
    expect(text.split(leave).at(-1)).toMatch(new RegExp(`pktgen-ts: .*127\\.0\\.0\\.1:${port}`));
    const run = await onTerminal(`${long} --ui`, [{ when: /page: http:\/\/127.0.0.1:\d+\/#\/runs\/this/, press: "q" }]);
    expect([run.seen.length, run.code]).toEqual([1, 130]);
  });

  it("gives the terminal back where the program ends by a fault", async () => {
    const module = join(dirname(builtMain()), "output/live-screen.js");
    const program = `import("${module}").then(({ liveScreen, processTerminal }) => {
      liveScreen({ terminal: processTerminal(), commandLine: "x", options: { color: false, ascii: true }, nowMs: () => 0, signal: () => {}, load: "fixed", pageUrl: "" });
      setTimeout(() => { throw new Error("a fault"); }, 300); });`;
    const file = join(folder, "fault.mjs");
    writeFileSync(file, program);
    const { text, screen, code } = await onTerminal(`${process.execPath} ${file}`, []);
    expect(code).not.toBe(0);
    expect(text).toContain("a fault");
    expect([screen.isAlternate, screen.isCursorHidden]).toEqual([false, false]);
    const [before, after] = settings();
    expect(after).toBe(before);
  });
});
