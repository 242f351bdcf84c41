/** Receivers of other agents' frames that go away in a trial, or that do not hear that their senders have ended. */
import { describe, expect, it } from "vitest";
import { collectRun } from "../../src/fleet/collect.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { flowParts } from "../../src/fleet/flow-work.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { protocolVersion } from "../../src/fleet/protocol.js";
import type { TrialTimes } from "../../src/fleet/trial-events.js";
import type { Bench } from "../../src/measure/bench.js";
import { failureOf, fleetRequest, fleetRig } from "../support/fleet-rig.js";
import { FlowNetwork, type FlowScript, flowHostNames, flowList, flowPlan } from "../support/flow-agents.js";
import { shortTimes, simulatedSettings } from "../support/simulated-agents.js";

const { keep } = fleetRig();
const signal = new AbortController().signal;
const atMax = { ...fleetRequest, rateText: "max", pps: null };
const times = { ...shortTimes, silentNs: 1e9 };
/** Nobody is given up, however little CPU there is. */
const patientTimes = { ...shortTimes, collectNs: 30e9 };

/** A run of two senders and a receiver, each of which can be killed. */
async function fleetWith(script: FlowScript = {}, own: Partial<TrialTimes> = times) {
  const hub = new LocalHub();
  const network = new FlowNetwork(script);
  const buses = new Map(flowHostNames.map((name) => [name as string, hub.connect()]));
  for (const name of flowHostNames) keep(await network.agent(keep(buses.get(name)!), name));
  const bus = keep(hub.connect());
  const settings = { ...simulatedSettings, times: own, flows: flowList, startWithinNs: 10e9 };
  const bench: Bench = keep(await openFleetBench(bus, settings)(flowPlan, { signal }, 1));
  const kill = (name: string): Promise<void> => Promise.resolve(buses.get(name)![Symbol.asyncDispose]());
  return { hub, bus, bench, kill };
}

describe("a receiver", () => {
  it("that did not hear that its senders have ended hears it again: the trial is whole", async () => {
    const { bus, bench } = await fleetWith({}, patientTimes);
    const publish = bus.publish.bind(bus);
    let totals = 0;
    bus.publish = (subject, data) => {
      // The first one is lost on the way.
      if (subject.endsWith(".totals") && totals++ === 0) return;
      publish(subject, data);
    };
    const [trial] = await bench.trial(atMax, 0);
    expect(trial).toMatchObject({ sent: 1_000, accepted: 1_000, lost: 0, fleet: { lost: [] } });
    expect(trial!.reasons.join()).not.toContain("stopped");
    expect(totals).toBeGreaterThan(1);
  });

  it("that is killed in the trial: what its senders sent is said, and nothing is made up of what came in", async () => {
    for (const request of [fleetRequest, atMax]) {
      const fleet = await fleetWith({ afterTrial: () => fleet.kill("rx") });
      const [trial] = await fleet.bench.trial(request, 0);
      expect(trial).toMatchObject({ verdict: "invalid", accepted: 0, fleet: { lost: [{ agent: "rx" }] } });
      expect(trial!.reasons.join()).toMatch(
        /rx was lost .*a1 sent 500 frames; how many of them came in is not known; a2 sent 500 frames; how many/,
      );
      expect(trial!.fleet!.flows!.map(({ sent, accepted, lost }) => [sent, accepted, lost])).toEqual([
        [500, null, null],
        [500, null, null],
      ]);
    }
  });

  it("that is killed before the trial: nobody sends, and the run says who", async () => {
    const { bench, kill } = await fleetWith();
    await kill("rx");
    expect(await failureOf(bench.trial(fleetRequest, 0))).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^nobody answers at its name any more|the trial could not begin: rx: nobody answers/,
      ),
    });
  });

  it("of which nobody renews the claim, at max: it ends, and is free", async () => {
    const hub = new LocalHub();
    const network = new FlowNetwork();
    keep(await network.agent(keep(hub.connect()), "rx"));
    const bus = keep(hub.connect());
    const order = { v: protocolVersion, from: "test", run: "r1", epoch: 1 };
    const ask = async (verb: string, fields: object) => {
      const answer = await bus.request(`agent.rx.${verb}`, { ...order, ...fields }, 10_000);
      return (answer.kind === "answer" ? answer.data : answer) as { readonly kind?: string; readonly state?: string };
    };
    expect(await ask("claim", { ttlMs: 4_000, by: "test", force: false })).toMatchObject({ kind: "granted" });
    const part = flowParts(flowPlan, flowList, ["rx"])[0];
    expect(await ask("open", { part })).toMatchObject({ kind: "opened" });
    const trial = { trial: 0, attempt: 1 };
    const role = { share: { index: 0, of: 2 }, flow: { sends: false, from: [0, 1] } };
    const prepared = ask("prepare", { ...trial, ...role, task: "trial", request: atMax, index: 0, idsGiven: 0 });
    expect(await prepared).toMatchObject({ kind: "armed" });
    const own = { ...order, ...trial };
    await bus.request("run.r1.go", { ...own, startNs: { rx: Number(process.hrtime.bigint()) + 5e8 } }, 10_000);
    await bus.request("run.r1.confirm", own, 10_000);
    while ((await ask("facts", {})).state !== "idle") await new Promise((resolve) => setTimeout(resolve, 50));
    // The ports are closed, too: whoever asks is told that the claim is over.
    expect(
      await ask("prepare", { ...trial, ...role, task: "trial", request: atMax, index: 0, idsGiven: 0 }),
    ).toMatchObject({ kind: "refused" });
  });
});

it("a sender that is killed in a trial at max: the receiver is not waited for without end, and says what came", async () => {
  const fleet = await fleetWith({ afterTrial: () => fleet.kill("a2") });
  const [trial] = await fleet.bench.trial(atMax, 0);
  expect(trial!.fleet!.lost.map(({ agent }) => agent)).toEqual(["a2"]);
  expect(trial!.reasons.join()).toMatch(
    /a2 was lost .*of its frames, 500 frames that came in at rx are known; how many it sent is not/,
  );
  expect(trial!.fleet!.flows!.map(({ sent, received }) => [sent, received])).toEqual([
    [500, 500],
    [null, 500],
  ]);
  const { run } = (await fleet.bench.document([], new Date(0))).fleet!;
  await fleet.bench[Symbol.asyncDispose]();
  expect((await collectRun(fleet.bus, run)).trials[0]!.verdict).toBe("invalid");
});
