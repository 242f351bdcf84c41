/** What a run must reach, and how exactly its load must be offered: refused or understood before anything is measured. */
import { describe, expect, it } from "vitest";
import { checkThresholds, figureNames } from "../../src/options/threshold-names.js";
import { tolerancesOf } from "../../src/options/tolerances.js";
import { parseThreshold } from "../../src/profile/threshold.js";
import { runCli } from "../support/run-cli.js";

const method = (name: string, settings = {}) => ({ name, settings });
const check = (text: string, of: ReturnType<typeof method> | null, sizes = ["64", "imix"]) =>
  checkThresholds([parseThreshold(text, "--threshold")], of, sizes);

describe("thresholds", () => {
  const ndr = method("ndr", { NDR: "loss 0", "PDR 0.5 %": "loss 0.005", minPps: 1_000 });
  const latency = method("latency", { loads: "0.1,0.5", probePps: 1_000 });

  it("are of figures that the method has", () => {
    for (const text of ["NDR>=1Mpps", "PDR 0.5 %@imix>=1Mpps", "loss<=0"]) check(text, ndr);
    for (const text of ["latency 50 %.p99<=1ms", "latency 10 % probe.p50<=1ms"]) check(text, latency);
    for (const text of ["rate>=1kpps", "rate.p99<=1ms", "forwarding.p50@64<=1ms"]) check(text, null);
    check("recovery<=1ms", method("rfc2544", { tests: "throughput,recovery" }));
    check("service: CIR 50 %.p99<=1ms", method("y1564", { steps: "0.5,1", eirPps: 0 }));
    check("soak.p99<=1ms", method("soak"));
  });

  it.each([
    ["throughput>=10kpps", ndr, /ndr does not measure throughput here.*accepted: loss, NDR, PDR 0.5 %/],
    ["PDR 1 %>=10kpps", ndr, /did you mean PDR 0.5 %/],
    ["NDR@1518>=1Mpps", ndr, /frames of 1518 are not sent.*accepted: 64, imix/],
    ["latency 90 %.p99<=1ms", latency, /does not measure latency 90 %.p99/],
    ["recovery<=1ms", method("rfc2544", { tests: "throughput" }), /does not measure recovery/],
    ["NDR>=1kpps", null, /run does not measure NDR here/],
    ["NDR>=1kpps", method("burst"), /accepted: loss/],
  ])("%s is refused", (text, of, message) => {
    expect(() => check(text, of)).toThrow(expect.objectContaining({ exitCode: 2 }));
    let line = "";
    try {
      check(text, of);
    } catch (error) {
      line = (error as { toLine(): string }).toLine();
    }
    expect(line).toMatch(message);
  });

  it("are refused before a search starts", async () => {
    const { code, stderr } = await runCli(["ndr", "--sizes", "64", "--threshold", "throughput>=10kpps"]);
    expect(stderr).toContain("ndr does not measure throughput here");
    expect(code).toBe(2);
  });

  it("know the names of a method without any of its own", () => {
    expect(figureNames(method("burst"))).toEqual(["loss"]);
  });
});

describe("tolerances", () => {
  it("are shares, each with its default", () => {
    expect(tolerancesOf({})).toBeUndefined();
    expect(tolerancesOf({ rateTolerance: "1%" })).toEqual({ rateShare: 0.01, lateShare: 0.1 });
    expect(tolerancesOf({ lateTolerance: "100%" })).toEqual({ rateShare: 0.001, lateShare: 1 });
    expect(tolerancesOf({ rateTolerance: "0", lateTolerance: "0" })).toEqual({ rateShare: 0, lateShare: 0 });
  });

  it("have a range", () => {
    for (const options of [{ rateTolerance: "51%" }, { rateTolerance: "-1%" }, { lateTolerance: "101%" }]) {
      expect(() => tolerancesOf(options)).toThrow(expect.objectContaining({ exitCode: 2 }));
    }
  });
});

describe("a generator that stood still", () => {
  it("is no measurement, though nothing else is wrong: the process is stopped in the middle of a trial at max", async () => {
    const args = ["--sizes", "64", "--rate", "max", "--duration", "4s", "--warmup", "0s", "--ndjson"];
    const { stdout } = await runCli(args, {
      timeoutMs: 60_000,
      during: (child) => {
        let stopped = false;
        child.stdout!.on("data", (chunk: Buffer) => {
          if (stopped || !chunk.toString().includes('"interval"')) return;
          stopped = true;
          child.kill("SIGSTOP");
          setTimeout(() => child.kill("SIGCONT"), 1_500);
        });
      },
    });
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const trial = events.find(({ event }) => event === "trial");
    expect(trial.stoodStillNs).toBeGreaterThan(1e9);
    expect(trial.verdict).toBe("invalid");
    expect(trial.causes).toContain("stood still");
    expect(events.at(-1).reasons.join()).toContain("the generator stood still for");
  }, 90_000);
});
