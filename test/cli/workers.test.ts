/** `--workers`: several generator threads, one run. As a child process, on the built-in device. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/result/run-result.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { type CliResult, runCli } from "../support/run-cli.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-workers-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Exactly so many frames at max: no rate to prove, so that a busy machine changes no verdict. */
const quick = ["--workers", "2", "--count", "2001", "--warmup", "0", "--settle", "500ms"];

/** Invalid, where the threads had too few CPUs. */
const busy = 4;
const passed = [0, busy];

const run = (args: readonly string[], options: Parameters<typeof runCli>[1] = {}): Promise<CliResult> =>
  runCli(args, { env: { TMPDIR: scratch }, ...options });

async function resultOf(args: readonly string[]): Promise<RunResult & { readonly code: number | null }> {
  const { code, stdout, stderr } = await run([...args, "--json", "-"]);
  expect(stderr).toBe("");
  return { ...resultSchema.parse(JSON.parse(stdout)), code } as RunResult & { code: number | null };
}

describe("two threads through the built-in device", () => {
  it("count every frame of every size, on as many queues, hop by hop", async () => {
    const result = await resultOf(["--sizes", "64,1518", ...quick]);
    expect(passed).toContain(result.code);
    expect(result.workers).toBe(2);
    expect(result.trials.map(({ frameBytes }) => frameBytes)).toEqual([64, 1518]);
    for (const trial of result.trials) {
      expect(trial).toMatchObject({ queues: 2, sent: 2001, accepted: 2001, lost: 0, unaccounted: 0, duplicate: 0 });
      expect(trial.queuesSeen.map(({ sent }) => sent)).toEqual([1001, 1000]);
      expect(trial.workers?.map(({ sent, strayed }) => [sent, strayed])).toEqual([
        [1001, 0],
        [1000, 0],
      ]);
    }
  });

  it("find exactly what it loses, and name the frames", async () => {
    const { code, trials } = await resultOf(["--sizes", "64", ...quick, "--dut", "embedded,loss=100", "--loss", "0"]);
    expect([1, busy]).toContain(code);
    expect(trials[0]).toMatchObject({
      sent: 2001,
      lost: 100,
      unaccounted: 0,

      injected: { lost: 100 },
    });
    const named = trials[0]!.lostRanges.reduce((sum, [from, to]) => sum + (to - from) / 2 + 1, 0);
    expect(named).toBe(100);
  });

  it("tell streams apart", async () => {
    const { code, trials } = await resultOf(["--profile", "profiles/flows-1k.yaml", "--sizes", "128", ...quick]);
    expect(passed).toContain(code);
    expect(trials[0]).toMatchObject({ sent: 2001, accepted: 2001, lost: 0 });
    const mixed = await resultOf(["--profile", "profiles/micro-bursts.yaml", ...quick]);
    for (const stream of mixed.trials[0]!.streams!) expect(stream).toMatchObject({ missing: 0, duplicate: 0 });
  });

  it("say in the table how many they are", async () => {
    const { stdout } = await run(["--sizes", "64", ...quick]);
    expect(stdout).toMatch(/DUT embedded, 2 queues, 2 generator threads, seed 1/);
  });

  it("end together when the user interrupts, with what was counted, and leave nothing behind", async () => {
    const before = readdirSync(scratch).sort();
    const endless = ["--sizes", "64", "--duration", "forever", "--warmup", "0", "--rate", "1kpps", "--workers", "2"];
    const { code, stdout, stderr } = await run([...endless, "--verbose"], {
      during: (child) => {
        let begun = false;
        child.stderr?.on("data", (text: string) => {
          if (begun || !text.includes("sent ")) return;
          begun = true;
          child.kill("SIGINT");
        });
      },
    });
    expect(stderr).toMatch(/pktgen-ts: stopping/);
    expect(stdout).toMatch(/INVALID: interrupted/);
    expect(code).toBe(130);
    expect(readdirSync(scratch).sort()).toEqual(before);
  });
});

it("a method measures with them as with one", async () => {
  const load = ["--reference", "2kpps", "--loads", "100%", "--trial-duration", "300ms", "--probe", "200pps"];
  const { stdout } = await run(["latency", "--sizes", "128", "--workers", "2", ...load, "--json", "-"]);
  const result = resultSchema.parse(JSON.parse(stdout));
  expect(result.workers).toBe(2);
  const [trial] = result.trials;
  expect(trial).toMatchObject({ queues: 2, lost: 0, unaccounted: 0, duplicate: 0 });
  expect(trial!.sent).toBeGreaterThan(0);
  expect(trial!.probe).toMatchObject({ missing: 0 });
});
