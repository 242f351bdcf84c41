/** Runs that are listed, stopped and collected: whole trials as they were, the open one invalid, and what came late. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Agent } from "../../src/fleet/agent.js";
import type { Bus } from "../../src/fleet/bus.js";
import { collectRun } from "../../src/fleet/collect.js";
import { findAgents } from "../../src/fleet/coordinator.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { listRuns, stopRun } from "../../src/fleet/fleet-commands.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { openSpool } from "../../src/fleet/spool.js";
import { judgeTrials } from "../../src/method/method-verdict.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { failureOf, fleetPlan, fleetRequest, fleetRig, trialRuns } from "../support/fleet-rig.js";
import { shortTimes, simulatedAgent, simulatedSettings } from "../support/simulated-agents.js";

const { benchOn, fleetOf, keep } = fleetRig();
const signal = new AbortController().signal;

const runOf = async (bus: Bus): Promise<string> => (await findAgents(bus, ["a1"]))[0]!.run!;

/** Behaviour that waits until the test opens it. */
function gate(): { readonly holds: () => Promise<void>; open(): void } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { holds: () => opened, open: () => open() };
}

describe("a run that ended", () => {
  it("is collected as it was, and is of the published shape", async () => {
    const { bus } = await fleetOf([{}, {}]);
    const bench = await openFleetBench(bus, simulatedSettings)(fleetPlan, { signal }, 2);
    const trials = [...(await bench.trial(fleetRequest, 0)), ...(await bench.trial(fleetRequest, 1))];
    const run = (await bench.document(trials, new Date(0))).fleet!.run;
    await bench[Symbol.asyncDispose]();
    expect(await listRuns(bus)).toMatch(new RegExp(`\\n${run} .* a1,a2 +2 +ended +pktgen-ts run\\n`));
    const result = await collectRun(bus, run);
    expect(result.trials).toEqual(JSON.parse(JSON.stringify(trials)));
    expect(result.verdict).toBe(judgeTrials(trials).verdict);
    expect(resultSchema.parse(JSON.parse(JSON.stringify(result))).fleet!.run).toBe(run);
  });
});

describe("a run whose coordinator was lost in its second trial", () => {
  it("has the first trial whole, and the open one with every figure, invalid", async () => {
    const { holds, open } = gate();
    let trials = 0;
    const behaviour = { holds: () => (trials++ < 2 ? Promise.resolve() : holds()) };
    const { hub, bus } = await fleetOf([behaviour, behaviour]);
    const doomed = hub.connect();
    const bench = await openFleetBench(doomed, simulatedSettings)(fleetPlan, { signal }, 2);
    await bench.trial(fleetRequest, 0);
    const running = trialRuns(doomed);
    void bench.trial(fleetRequest, 1).catch(() => {});
    await running;
    await doomed[Symbol.asyncDispose]();
    open();
    const run = await runOf(bus);
    expect(await listRuns(bus)).toMatch(new RegExp(`\\n${run} .* a1,a2 +2 +runs `));
    expect(await failureOf(collectRun(bus, run))).toMatchObject({ exitCode: 3, message: /still has a1, a2/ });
    // The agents have reported by then.
    while ((await bus.journal!.read(`keep.${run}.trial.1.*`)).length < 2) await new Promise((r) => setTimeout(r, 20));
    await stopRun(bus, run);
    expect(await listRuns(bus)).toMatch(new RegExp(`\\n${run} .* 2 +coordinator lost `));
    const result = await collectRun(bus, run);
    expect(result.verdict).toBe("invalid");
    expect(result.trials.map(({ verdict, sent, accepted, lost }) => [verdict, sent, accepted, lost])).toEqual([
      ["pass", 1_000, 1_000, 0],
      ["invalid", 1_000, 1_000, 0],
    ]);
    expect(result.trials[1]).toMatchObject({ reasons: ["the coordinator was lost"], causes: ["fault"] });
    expect(resultSchema.safeParse(JSON.parse(JSON.stringify(result))).success).toBe(true);
    await bench[Symbol.asyncDispose]();
  });
});

describe("a report that is in an agent's spool alone", () => {
  it("is collected from the agent that was started again on that spool", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-spool-"));
    const hub = new LocalHub();
    const { holds, open } = gate();
    const spooled = async (): Promise<Agent> => {
      const bus = keep(hub.connect());
      Object.defineProperty(bus, "journal", { value: null });
      return simulatedAgent(bus, "a1", { holds }, { spool: openSpool(folder, "a1") });
    };
    const [agent, bus, doomed] = [await spooled(), keep(hub.connect()), hub.connect()];
    const bench = await openFleetBench(doomed, { ...simulatedSettings, names: ["a1"] })(fleetPlan, { signal }, 1);
    const running = trialRuns(doomed);
    void bench.trial(fleetRequest, 0).catch(() => {});
    await running;
    await doomed[Symbol.asyncDispose]();
    const run = await runOf(bus);
    open();
    while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await agent[Symbol.asyncDispose]();
    expect(await failureOf(collectRun(bus, run))).toMatchObject({ exitCode: 4, message: /no report of any is kept/ });
    keep(await spooled());
    const { trials } = await collectRun(bus, run);
    expect(trials[0]).toMatchObject({ verdict: "invalid", sent: 1_000, reasons: ["the coordinator was lost"] });
    rmSync(folder, { recursive: true });
    await bench[Symbol.asyncDispose]();
  });
});

describe("a trial of which one report did not come in time", () => {
  it("is judged anew once the report is there", async () => {
    const { holds, open } = gate();
    const { bus } = await fleetOf([{}, { holds }]);
    const bench = await openFleetBench(bus, { ...simulatedSettings, times: shortTimes })(fleetPlan, { signal }, 1);
    const [before] = await bench.trial(fleetRequest, 0);
    const run = await runOf(bus);
    open();
    await bench[Symbol.asyncDispose]();
    expect(before!.verdict).toBe("invalid");
    expect(before!.fleet!.lost).toMatchObject([{ agent: "a2" }]);
    const result = await collectRun(bus, run);
    expect(result.trials[0]!.fleet).toMatchObject({ lost: [], agents: [{ name: "a1" }, { name: "a2" }] });
  });
});

describe("what cannot be collected or stopped", () => {
  it("a run of which nothing is known", async () => {
    const { bus } = await fleetOf([{}]);
    expect(await failureOf(collectRun(bus, "r1"))).toMatchObject({ exitCode: 3, message: /nothing is kept of run r1/ });
    expect(await failureOf(stopRun(bus, "r1"))).toMatchObject({ exitCode: 3, message: /no agent .* run r1/ });
    expect(await listRuns(bus)).toBe("no runs are kept\n");
  });

  it("a run on a server that keeps nothing", async () => {
    const { bus } = await fleetOf([{}]);
    const without: Bus = Object.assign(Object.create(bus) as Bus, {});
    Object.defineProperty(without, "journal", { value: null });
    for (const refused of [collectRun(without, "r1"), listRuns(without)]) {
      expect(await failureOf(refused)).toMatchObject({ exitCode: 3, message: /keeps nothing/ });
    }
  });
});

it("a run that is stopped: its agents are free, its trial is invalid, and no other one follows", async () => {
  const { holds } = gate();
  const { bus } = await fleetOf([{ holds }, { holds }]);
  const bench = keep(await openFleetBench(bus, simulatedSettings)(fleetPlan, { signal }, 2));
  const running = trialRuns(bus);
  const measuring = bench.trial({ ...fleetRequest, rateText: "100pps", pps: 100 }, 0);
  await running;
  const run = await runOf(bus);
  expect(await stopRun(bus, run)).toBe(`${run} is stopped; free: a1, a2\n`);
  const [trial] = await measuring;
  expect(trial!.verdict).toBe("invalid");
  expect(trial!.reasons.join()).toContain("it was stopped: the agent was released");
  expect((await bench.ended())!.text).toMatch(/^the run was stopped by /);
  expect((await findAgents(bus, ["a1", "a2"])).map(({ state }) => state)).toEqual(["idle", "idle"]);
  await benchOn(bus);
});
