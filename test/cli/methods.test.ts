/** The commands of methods: real runs leave whole documents. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resultSchema } from "../../src/result/run-schema.js";
import { checkEquations } from "../../src/stats/index.js";
import { reportFiles } from "../support/report-files.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-methods-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, name);

const whole = (path: string) => {
  const result = resultSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  for (const trial of result.trials) expect(checkEquations(trial)).toEqual([]);
  return result;
};

describe("a real run", () => {
  it("of bursts leaves every report, and its numbers add up", async () => {
    const reports = reportFiles.flatMap(({ name, option }) => [option, file(name)]);
    const args = ["burst", "--frames", "64,2048", "--load", "200kpps", "--dut", "embedded,rate=20kpps,queue=256"];
    const { code } = await runCli([...args, ...reports], { timeoutMs: 60_000 });
    // How fast this machine is now decides whether trials can be used, not whether they add up.
    expect([0, 4]).toContain(code);
    for (const { name } of reportFiles) expect(existsSync(file(name)), name).toBe(true);
    const { absorption = [], method } = whole(file("json"));
    expect(method?.name).toBe("burst");
    for (const { frames, absorbed, lost } of absorption) expect(absorbed + lost).toBe(frames);
    expect(absorption.map(({ frames }) => frames)).toEqual([64, 2048]);
  }, 90_000);

  /** How many pieces a soak has; its time is the sum of theirs. */
  const piecesOf = (soak: ReturnType<typeof whole>["soak"]): number => {
    const intervalsNs = soak?.intervals.reduce((sum, { durationNs }) => sum + durationNs, 0);
    expect(soak?.elapsedNs).toBeCloseTo(intervalsNs ?? -1, -1);
    return soak?.totals[0]?.pieces ?? 0;
  };

  it("of a soak is interrupted, keeps what it has, and is taken up again", async () => {
    const state = file("state.json");
    const args = ["soak", "--sizes", "64", "--load", "2kpps", "--piece", "300ms", "--state", state, "--warmup", "0"];
    const interrupted = await runCli([...args, "--for", "forever", "--json", file("first.json")], {
      timeoutMs: 60_000,
      during: (child) => {
        const look = setInterval(() => {
          if (!existsSync(state)) return;
          clearInterval(look);
          child.kill("SIGINT");
        }, 50);
      },
    });
    expect(interrupted.code).toBe(130);
    const first = whole(file("first.json")).soak;
    // The state is written after a piece.
    expect(piecesOf(first)).toBeGreaterThanOrEqual(1);
    const { code } = await runCli(
      [...args, "--for", "3s", "--resume", file("first.json"), "--json", file("second.json")],
      { timeoutMs: 90_000 },
    );
    expect([0, 4]).toContain(code);
    const second = whole(file("second.json")).soak;
    expect(second?.resumed).toBe(1);
    expect(piecesOf(second)).toBeGreaterThanOrEqual(10);
    expect(second?.intervals.slice(0, first?.intervals.length)).toEqual(first?.intervals);
  }, 150_000);
});

describe("a reset in the middle of a trial", () => {
  const args = ["rfc2544", "--quick", "--tests", "reset", "--sizes", "64", "--throughput", "2kpps", "--warmup", "0"];
  const resets = async (name: string, more: readonly string[]) => {
    const { code, stderr } = await runCli([...args, ...more, "--json", file(name)], { timeoutMs: 90_000 });
    return { code, stderr, result: whole(file(name)) };
  };

  it("of the built-in device: it is made anew, and forwards again", async () => {
    const { code, result } = await resets("reset.json", ["--reset-within", "20s", "--reset-repeats", "2"]);
    expect(code).toBe(0);
    const [row] = result.resets ?? [];
    expect(row).toMatchObject({ frameBytes: 64, pps: 2_000, verdict: "pass" });
    expect(row.trials).toHaveLength(2);
    for (const [i, { resetNs, tookNs }] of row.trials.entries()) {
      // What came back between them is what was sent and not lost.
      const trial = result.trials[i];
      expect(trial.sent).toBe(trial.accepted + trial.lost);
      expect(trial.reset?.forwardsAgain).toBe(true);
      expect(resetNs).toBe((trial.silence?.toNs ?? 0) - (trial.silence?.fromNs ?? 0));
      expect(trial.silence?.toNs).toBeGreaterThan((trial.reset?.atNs ?? 0) + tookNs / 2);
    }
  }, 120_000);

  it("by a command that fails is no reset", async () => {
    const { code, result } = await resets("no-reset.json", ["--reset-command", "echo no such router >&2; exit 3"]);
    expect(code).toBe(4);
    expect(result.resets?.[0].reasons[0]).toContain("--reset-command: the command failed: no such router");
  }, 120_000);

  it("by a command after which nothing falls silent is waited for as long as it may take", async () => {
    const { code, result } = await resets("silent.json", ["--reset-command", "true", "--reset-within", "700ms"]);
    expect(code).toBe(0);
    expect(result.trials[0].requested.durationNs).toBe(1.2e9);
    expect(result.trials[0].reset?.forwardsAgain).toBe(true);
  }, 120_000);
});
