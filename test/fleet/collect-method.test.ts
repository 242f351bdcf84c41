/** The result of a search whose coordinator was lost: what it had found by then, as a result document. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bus } from "../../src/fleet/bus.js";
import { collectRun } from "../../src/fleet/collect.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { askedMethod, methodCommands } from "../../src/options/measuring-commands.js";
import { planMethod } from "../../src/options/methods/method.js";
import { ndrEntry } from "../../src/options/methods/ndr.js";
import type { RunResult } from "../../src/result/run-result.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { shortTimes, simulatedAgent, simulatedSettings } from "../support/simulated-agents.js";

const texts = { sizes: "64", search: "bisection", maxTrials: "2", trial: "20ms", pdr: "1%", warmup: "0ms" } as const;
const goOn = { signal: new AbortController().signal };

/** A whole search over two agents. */
async function searchOn(bus: Bus): Promise<RunResult> {
  const method = askedMethod(methodCommands.ndr, texts);
  // What takes no time here takes some of the machine's.
  const times = { ...shortTimes, prepareNs: 30e9, overtimeNs: 30e9, collectNs: 30e9 };
  const open = openFleetBench(bus, { ...simulatedSettings, names: ["a1", "a2"], times, method, startWithinNs: 10e9 });
  return planMethod(ndrEntry, texts, null, "pktgen-ts ndr").run(goOn, open);
}

/** The same bus, as if the coordinator had been lost before this trial of the run. */
function lostBefore(bus: Bus, trial: number): Bus {
  const { journal } = bus;
  const read: NonNullable<Bus["journal"]>["read"] = async (filter) => {
    const kept = await journal!.read(filter);
    return kept.filter(
      ({ subject, data }) => !subject.endsWith(".end") && ((data as { trial?: number }).trial ?? -1) < trial,
    );
  };
  return new Proxy(bus, {
    get: (whole, key) => {
      if (key === "journal") return { ...journal!, read };
      const value: unknown = Reflect.get(whole, key, whole);
      return typeof value === "function" ? value.bind(whole) : value;
    },
  });
}

describe("a search", () => {
  let bus: Bus;
  let whole: RunResult;
  const opened: AsyncDisposable[] = [];
  beforeAll(async () => {
    const hub = new LocalHub();
    for (const name of ["a1", "a2"]) opened.push(await simulatedAgent(hub.connect(), name, { turnNs: 2_000_000 }));
    bus = hub.connect();
    whole = await searchOn(bus);
  }, 120_000);
  afterAll(async () => {
    for (const agent of opened) await agent[Symbol.asyncDispose]();
  });

  it("that is whole is collected with all that it found", async () => {
    expect(whole.results!.length).toBeGreaterThan(0);
    const collected = await collectRun(bus, whole.fleet!.run);
    expect(collected.results).toEqual(whole.results);
    expect(collected.searchPath).toEqual(whole.searchPath);
    expect(collected.method).toEqual(whole.method);
    expect(collected.trials).toHaveLength(whole.trials.length);
    expect(collected.verdict).toBe(whole.verdict);
    expect(resultSchema.safeParse(JSON.parse(JSON.stringify(collected))).success).toBe(true);
  }, 60_000);

  it("whose coordinator was lost in it has what was found by then, and says so", async () => {
    const known = whole.trials.length - 2;
    const collected = await collectRun(lostBefore(bus, known), whole.fleet!.run);
    expect(collected.trials).toHaveLength(known);
    expect(collected.method).toEqual(whole.method);
    expect(collected.verdict).toBe("invalid");
    const path = collected.searchPath!;
    expect(path).toEqual(whole.searchPath!.slice(0, path.length));
    expect(JSON.stringify([collected.results, collected.reasons])).toContain("the coordinator was lost");
    expect(resultSchema.safeParse(JSON.parse(JSON.stringify(collected))).success).toBe(true);
  }, 60_000);
});
