/** The commands of methods: what they refuse before anything runs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hostFacts } from "../../src/sys/host.js";
import { runHere } from "../support/run-here.js";

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
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
