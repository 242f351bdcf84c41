/** The commands of methods: what they refuse before anything runs, and that real runs leave whole documents. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resultSchema } from "../../src/result/run-schema.js";
import { checkEquations } from "../../src/stats/index.js";
import { hostFacts } from "../../src/sys/host.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-methods-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, name);

describe("before the first trial", () => {
  writeFileSync(
    file("other.json"),
    JSON.stringify({ format: "pktgen-ts baseline 1", setup: { cpu: "another, 1 cores" }, figures: {} }),
  );
  const { cpu, cores } = hostFacts();
  const here = { cpu: `${cpu}, ${cores} cores`, "device under test": "embedded", queues: "1" };
  const baselineOf = (name: string, setup: object): void =>
    writeFileSync(
      file(name),
      JSON.stringify({ format: "pktgen-ts baseline 1", setup: { ...here, ...setup }, figures: {} }),
    );
  baselineOf("other-device.json", { "device under test": "embedded, rate=20kpps" });
  baselineOf("other-method.json", { method: "ndr, quick" });
  baselineOf("other-queues.json", { queues: "2" });
  baselineOf("other-settings.json", { method: "ndr, standard", settings: '{"sizes":"64"}' });
  writeFileSync(file("wanted.yaml"), "sizes: [64]\nthresholds:\n  - loss<=1%\n  - NRD>=1Mpps\n");
  writeFileSync(file("wanted-badly.yaml"), "thresholds: NDR>=1Mpps\n");
  writeFileSync(file("no-json"), "{");
  writeFileSync(file("null.json"), "null");
  const damaged = { format: "pktgen-ts baseline 1", setup: {}, figures: null };
  writeFileSync(file("no-figures.json"), JSON.stringify(damaged));
  writeFileSync(file("odd-figures.json"), JSON.stringify({ ...damaged, figures: { "NDR@64": ["fast"] } }));
  const soakOf = (changed: object): string => {
    const nothing = { elapsedNs: 0, totals: [], intervals: [], events: [], eventsLeftOut: 0, resumed: 0 };
    return JSON.stringify({ soak: { frameBytes: 64, pps: 10_000, ...nothing, ...changed } });
  };
  writeFileSync(file("soak-of-another.json"), soakOf({ frameBytes: 128 }));
  writeFileSync(file("soak-without-setup.json"), soakOf({}));
  writeFileSync(file("soak-of-another-machine.json"), soakOf({ setup: { cpu: "another, 1 cores" } }));
  writeFileSync(file("soak-damaged.json"), JSON.stringify({ soak: { frameBytes: 64, pps: 1000 } }));

  it.each([
    [["ndr", "--search", "mrl"], '"mrl" is no search; accepted: mlr, bisection, verified; did you mean mlr?'],
    [["ndr", "--pdr", "1%,0.5%"], "--pdr: 0.5 % comes after 1 %"],
    [["ndr", "--pdr", "0"], "--pdr"],
    [["ndr", "--width", "100%"], "--width"],
    [["ndr", "--trial", "1s", "--initial-trial", "2s"], "the first trials are longer than the final ones"],
    [["ndr", "--trial", "2s", "--duration-sum", "1s"], "the sum is shorter than one trial"],
    [["ndr", "--html", "/nowhere/at/all.html"], "the folder /nowhere/at does not exist"],
    [["rfc2544", "--markdown", folder], "is a folder"],
    [["ndr", "--baseline", file("missing")], "add --update-baseline to make it"],
    [["ndr", "--update-baseline"], "--baseline FILE beside it"],
    [["ndr", "--baseline", file("no-json")], "is no JSON"],
    [["ndr", "--baseline", file("null.json")], "is no baseline of this version"],
    [["ndr", "--baseline", file("no-figures.json")], "is no baseline of this version"],
    [["ndr", "--baseline", file("odd-figures.json")], "is no baseline of this version"],
    [["ndr", "--baseline", "/dev/zero"], "is longer than"],
    [["ndr", "--baseline", file("other.json")], "is the baseline of another setup: another, 1 cores there"],
    [["ndr", "--baseline", file("other-device.json")], "embedded, rate=20kpps there, embedded here"],
    [["ndr", "--baseline", file("other-method.json")], "ndr, quick there, ndr, standard here"],
    [["ndr", "--baseline", file("other-queues.json")], "queues 2 there, queues 1 here"],
    [["ndr", "--baseline", file("other-settings.json")], 'settings {"sizes":"64","settleNs":null} there'],
    [["ndr", "--threshold", "NDR>fast"], "is no threshold"],
    [["ndr", "--profile", file("wanted.yaml")], 'wanted.yaml:4:5: nothing measures "NRD"'],
    [["ndr", "--profile", file("wanted-badly.yaml")], "wanted-badly.yaml:1:13: thresholds can't be"],
    [["rfc2544", "--tests", "througput"], "did you mean throughput?"],
    [["rfc2544", "--tests", "reset"], "reset is measured at the throughput found"],
    [
      ["rfc2544", "--tests", "reset", "--throughput", "1kpps", "--dut", "external", "--tx", "null:"],
      "--reset-command CMD, which does",
    ],
    [["rfc2544", "--tests", "reset", "--throughput", "1kpps", "--reset-command", " "], "the command is empty"],
    [["rfc2544", "--tests", "recovery"], "recovery is measured above the throughput found"],
    [["rfc2544", "--tests", "throughput", "--throughput", "1kpps"], "throughput is measured, and given"],
    [["rfc2544", "--tests", "recovery", "--throughput", "max"], "max is no load that could be held"],
    [["rfc2544", "--tests", "recovery", "--throughput", "1kpps", "--vlan", "7"], "too small to tell when one was lost"],
    [["rfc2544", "--tests", "latency"], "latency is measured at the throughput found"],
    [["latency", "--loads", "0,50%"], "a load of 0 sends nothing"],
    [["latency", "--reference", "50%"], "This port has no line speed"],
    [["latency", "--probe", "1kpps", "--vlan", "7", "--sizes", "64"], "too small to tell the probe from the load"],
    [["latency", "--probe", "1Mbps", "--sizes", "64,128"], "is another rate in frames for each size"],
    [["latency", "--probe", "max"], "max is no load"],
    [["soak", "--sizes", "64,128"], "one: a soak has one load"],
    [["soak", "--load", "max"], "max is no load that could be held"],
    [["soak", "--resume", file("no-json")], "is no JSON"],
    [["soak", "--resume", file("soak-of-another.json")], "is of 128 bytes at 10kpps"],
    [["ndr", "--profile", "profiles/micro-bursts.yaml"], "has a schedule, and the load of a method is its own"],
    [["y1564"], "--cir: which rate?"],
    [["y1564", "--cir", "10kpps", "--steps", "50%,25%"], "the steps do not grow"],
    [["y1564", "--cir", "10kpps", "--steps", "50%"], "the last step is not the whole CIR"],
    [["burst", "--frames", "64,64"], "the bursts do not grow"],
    [["diff", file("no-json")], "1 files"],
    [["diff", file("no-json"), file("no-json")], "is no JSON"],
    [["diff", file("null.json"), file("null.json")], "is no result of pktgen-ts"],
    [["diff", "/dev/zero", "/dev/zero"], "/dev/zero is longer than"],
    [["merge", "/dev/zero", "/dev/zero"], "it is longer than"],
    [["soak", "--resume", file("soak-damaged.json")], "is damaged, or of another version: soak.elapsedNs"],
    [["soak", "--resume", file("soak-without-setup.json")], "is of another setup: cpu not said there"],
    [["soak", "--resume", file("soak-of-another-machine.json")], "is of another setup: cpu another, 1 cores there"],
    [["soak", "--resume", "/dev/zero"], "/dev/zero is longer than"],
    [["diff", file("other.json"), file("other.json")], "is no result of pktgen-ts"],
  ])("%j is refused", async (args, sentence) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

const whole = (path: string) => {
  const result = resultSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  for (const trial of result.trials) expect(checkEquations(trial)).toEqual([]);
  return result;
};

describe("a real run", () => {
  it("of bursts leaves every report, and its numbers add up", async () => {
    const names = ["json", "csv", "junit", "html", "markdown", "openmetrics"];
    const reports = names.flatMap((name) => [`--${name}`, file(name)]);
    const args = ["burst", "--frames", "64,2048", "--load", "200kpps", "--dut", "embedded,rate=20kpps,queue=256"];
    const { code } = await runCli([...args, ...reports], { timeoutMs: 60_000 });
    // How fast this machine is now decides whether trials can be used, not whether they add up.
    expect([0, 4]).toContain(code);
    for (const name of names) expect(existsSync(file(name)), name).toBe(true);
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
