/** Runs over agents whose generators are simulated: sums, claims and refusals. */
import { describe, expect, it } from "vitest";
import { collectRun } from "../../src/fleet/collect.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { toldPlans } from "../../src/fleet/part.js";
import { protocolVersion } from "../../src/fleet/protocol.js";
import { judgeTrials } from "../../src/method/method-verdict.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { failureOf, fleetRig, fleetPlan as plan, fleetRequest as request } from "../support/fleet-rig.js";
import type { Device } from "../support/generator-sim.js";
import { never, simulatedSettings } from "../support/simulated-agents.js";

const { benchOn, fleetOf, keep } = fleetRig();

/** Every so many frames one is gone. */
const losing = (every: number): Device => {
  let seen = 0;
  return (frames, queue) => frames.filter(() => ++seen % every !== 0).map((frame) => ({ queue, frame }));
};

describe("a trial over agents", () => {
  for (const count of [1, 2, 7]) {
    it(`of ${count} is the sum of their shares`, async () => {
      const { bus } = await fleetOf(Array.from({ length: count }, () => ({})));
      const bench = await benchOn(bus);
      const [trial] = await bench.trial(request, 0);
      expect(trial).toMatchObject({
        verdict: "pass",
        sent: 1_000,
        accepted: 1_000,
        lost: 0,
        intended: 1_000,
        queues: count,
      });
      const rows = trial!.fleet!.agents;
      expect(rows.map(({ name }) => name)).toEqual(Array.from({ length: count }, (_, i) => `a${i + 1}`));
      expect(rows.map(({ sent }) => sent)).toEqual(
        Array.from({ length: count }, (_, i) => Math.ceil((1_000 - i) / count)),
      );
      expect(trial!.fleet).toMatchObject({ lost: [], left: [], silent: [], limitedBy: [] });
      expect(trial!.latencyNs!.count).toBe(1_000);
    });
  }

  it("is shared by what they can do, where the run says so, and the result says who had how much", async () => {
    const capacities = [3e6, 1e6, 1e6];
    const { bus } = await fleetOf(capacities.map((capacityPps) => ({ capacityPps })));
    const bench = await benchOn(bus, { share: "capacity" });
    const [trial] = await bench.trial(request, 0);
    expect(trial).toMatchObject({ verdict: "pass", sent: 1_000, accepted: 1_000, intended: 1_000 });
    expect(trial!.fleet!.agents.map(({ sent, share }) => [sent, share])).toEqual([
      [600, "60 %"],
      [200, "20 %"],
      [200, "20 %"],
    ]);
    const document = await bench.document([trial!], new Date(0));
    expect(document.fleet!.agents.map(({ capacityPps }) => capacityPps)).toEqual(capacities);
    const run = document.fleet!.run;
    await bench[Symbol.asyncDispose]();
    expect((await collectRun(bus, run)).trials[0]).toMatchObject({ sent: 1_000, verdict: "pass" });
  });

  it("and no agent gets more than its --max-rate of it", async () => {
    const { bus } = await fleetOf([{ capacityPps: 5e6 }, { capacityPps: 1e6 }], { maxPps: 1e6 });
    const [trial] = await (await benchOn(bus, { share: "capacity" })).trial(request, 0);
    expect(trial!.fleet!.agents.map(({ sent }) => sent)).toEqual([500, 500]);
  });

  it("makes a document of the published shape", async () => {
    const { bus } = await fleetOf([{}, {}]);
    const bench = await benchOn(bus);
    const trials = await bench.trial(request, 0);
    const document = await bench.document(trials, new Date(0));
    const result = JSON.parse(JSON.stringify({ ...document, ...judgeTrials(document.trials) }));
    expect(resultSchema.parse(result).fleet).toMatchObject({
      address: "test",
      agents: [
        { name: "a1", clock: { way: "same", boundNs: 0 } },
        { name: "a2", clock: { way: "same", boundNs: 0 } },
      ],
    });
  });

  it("has the next id each time: frames of an earlier trial are known by it", async () => {
    const { bus } = await fleetOf([{}, {}]);
    const bench = await benchOn(bus);
    await bench.warmUp(request);
    for (let index = 0; index < 3; index++) {
      const [trial] = await bench.trial(request, index);
      expect(trial).toMatchObject({ verdict: "pass", stale: 0 });
    }
  });

  it("in which one agent's device loses frames has lost so many, and says where", async () => {
    const { bus } = await fleetOf([{}, { device: losing(10) }]);
    const [trial] = await (await benchOn(bus)).trial(request, 0);
    expect(trial).toMatchObject({ verdict: "fail", sent: 1_000, accepted: 950, lost: 50, causes: ["lost"] });
    expect(trial!.fleet!.agents.map(({ lost }) => lost)).toEqual([0, 50]);
    // Numbers are those of the whole trial: the second of two agents has the odd ones.
    expect(trial!.lostRanges.length).toBe(50);
    expect(trial!.lostRanges.every(([from]) => from % 2 === 1)).toBe(true);
  });
});

describe("a claim", () => {
  it("keeps a second run out, which is told who has the agents; then it gets them", async () => {
    const { hub, bus } = await fleetOf([{}, {}]);
    const first = await openFleetBench(bus, { ...simulatedSettings, names: ["a1", "a2"] })(
      plan,
      { signal: new AbortController().signal },
      1,
    );
    const second = keep(hub.connect());
    const failure = await failureOf(benchOn(second));
    expect(failure).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^a\d is in use by .*\(pid \d+\), for \d+ s/),
    });
    await first[Symbol.asyncDispose]();
    const [trial] = await (await benchOn(second)).trial(request, 0);
    expect(trial!.verdict).toBe("pass");
  });

  it("can be taken: the first run's orders are refused from then on", async () => {
    const { hub, bus } = await fleetOf([{}, {}]);
    const first = await benchOn(bus);
    const second = await benchOn(keep(hub.connect()), { force: true });
    expect(await failureOf(first.trial(request, 0))).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining("in use by"),
    });
    expect((await second.trial(request, 0))[0]!.verdict).toBe("pass");
  });

  it("of all or none: those that were free stay free", async () => {
    const { hub, bus } = await fleetOf([{}, {}]);
    await benchOn(bus, { names: ["a2"] });
    const third = keep(hub.connect());
    await failureOf(benchOn(third));
    const [trial] = await (await benchOn(third, { names: ["a1"] })).trial(request, 0);
    expect(trial!.fleet!.agents).toHaveLength(1);
  });

  it("that nobody renews ends: the ports are given back, and an endless trial stops", async () => {
    let closed: () => void = () => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { bus } = await fleetOf([{ holds: () => never, onClose: () => closed() }]);
    const own = { v: protocolVersion, from: "test", run: "r1", epoch: 9 };
    const ask = async (verb: string, fields: object) => {
      const answer = await bus.request(`agent.a1.${verb}`, { ...own, ...fields }, 10_000);
      return (answer.kind === "answer" ? answer.data : answer) as { kind: string; why?: string };
    };
    expect(await ask("claim", { ttlMs: 3_000, by: "test", force: false })).toMatchObject({ kind: "granted" });
    expect(await ask("open", { part: toldPlans(plan, 1)[0] })).toMatchObject({ kind: "opened" });
    const endless = { ...request, count: null };
    const trial = { trial: 0, attempt: 1 };
    const order = { ...trial, task: "trial", request: endless, share: { index: 0, of: 1 }, index: 0, idsGiven: 0 };
    expect(await ask("prepare", order)).toMatchObject({ kind: "armed" });
    const startNs = { a1: Number(process.hrtime.bigint()) + 5e8 };
    expect(await bus.request("run.r1.go", { ...own, ...trial, startNs }, 10_000)).toMatchObject({ kind: "answer" });
    expect(await bus.request("run.r1.confirm", { ...own, ...trial }, 10_000)).toMatchObject({ kind: "answer" });
    await isClosed;
    expect(await ask("prepare", order)).toMatchObject({ kind: "refused", why: expect.stringContaining("has run out") });
    expect(await ask("facts", {})).toMatchObject({ state: "idle" });
  });
});

describe("an agent refuses", () => {
  for (const [what, more, change, why] of [
    [
      "a port that it does not offer",
      { ports: ["packet:eth1"] },
      {},
      /it does not offer embedded; accepted: packet:eth1/,
    ],
    [
      "more than its limit",
      { maxPps: 40_000 },
      {},
      /its share of 50kpps is more than it sends; accepted: at most 40kpps/,
    ],
    [
      "a trial at max where it has a limit",
      { maxPps: 40_000 },
      { pps: null, rateText: "max" },
      /a trial at max has no limit/,
    ],
  ] as const) {
    it(what, async () => {
      const { bus } = await fleetOf([{}, {}], more);
      const failure = await failureOf(benchOn(bus).then((bench) => bench.trial({ ...request, ...change }, 0)));
      const line = (failure as unknown as { toLine(): string }).toLine();
      expect(line).toMatch(why);
      expect(line).toMatch(/a[12]/);
    });
  }

  it("an agent of another version, and both versions are named", async () => {
    const { bus, hub } = await fleetOf([{}]);
    const stranger = keep(hub.connect());
    await stranger.subscribe("agent.all.facts", ({ reply }) =>
      reply({
        ...{ v: protocolVersion, from: "b1", version: "9.9.0", node: "v20", host: "h", incarnation: "i", clockId: "c" },
        ...{ ports: [], labels: {}, cpus: 1, maxPps: null, lastEpoch: 0, state: "idle", holder: null },
      }),
    );
    const failure = await failureOf(benchOn(bus, { names: ["a1", "b1"] }));
    expect(failure).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/agent b1 is pktgen-ts 9\.9\.0, and this is \d/),
    });
  });

  it("nobody who is not there is waited for without a word", async () => {
    const { bus } = await fleetOf([{}]);
    const failure = await failureOf(benchOn(bus, { names: ["a1", "a9"] }));
    expect(failure).toMatchObject({ exitCode: 3, message: "nobody answers at a9" });
    expect(await failureOf(benchOn(keep(new LocalHub().connect()), { names: null }))).toMatchObject({
      message: "no agent answers",
    });
  });
});
