/** A trial whose frames go from host to host, out of what the hosts report: by pair, in all, and where an end is lost. */
import { describe, expect, it } from "vitest";
import { type CombinedFlows, combineFlows } from "../../src/fleet/combined-flows.js";
import type { AgentReport } from "../../src/fleet/combined-trial.js";
import { withTail } from "../../src/fleet/flow-reports.js";
import type { PairClock } from "../../src/fleet/pair-clocks.js";
import { requestedOf } from "../../src/measure/trial-result.js";
import { checkEquations } from "../../src/stats/index.js";
import type { ReceiveReport, TransmitReport } from "../../src/stats/trial-report.js";
import { fleetPlan, fleetRequest } from "../support/fleet-rig.js";
import { flowTrial, type Network } from "../support/flow-sim.js";
import { baseOrder } from "../support/generator-sim.js";

const end = (agent: string) => ({ agent, port: "packet:eth1" });
const flows = ["a1", "a2"].map((agent) => ({ from: end(agent), to: end("rx") }));
const names = ["a1", "a2", "rx"];
const known = (boundNs: number): PairClock => ({ way: "udp", boundNs, why: null, before: null, after: null });

/** The first sender's frame 10 is lost, its frame 20 comes twice, and its frame 30 comes out at the second sender. */
function network(): Network {
  let n = 0;
  return (frame, from) => {
    const out = { to: 2, frame };
    if (from !== 0) return [out];
    n += 1;
    return n === 11 ? [] : n === 21 ? [out, out] : n === 31 ? [{ to: 1, frame }] : [out];
  };
}

function reportsOf(): AgentReport[] {
  const hosts = [
    { sends: 0, from: [], aheadNs: 0 },
    { sends: 1, from: [], aheadNs: 0 },
    { sends: null, from: [0, 1], aheadNs: 0 },
  ];
  return flowTrial({ hosts, network: network() }).map((report, h) => ({
    agent: names[h]!,
    inputs: [
      {
        ...{ phase: "rate", requested: requestedOf(fleetRequest), spec: baseOrder, report, signed: true },
        disturbance: { stealMs: 0, switches: 0 },
      },
    ],
    ...{ stopped: null, startNs: 5e9, boundNs: 10_000 },
  }));
}

const all = reportsOf();

function combined(more: Partial<CombinedFlows> = {}) {
  const [trial] = combineFlows({
    ...{ plan: fleetPlan, request: fleetRequest, agents: names, reports: all, settleNs: 1e6, idsGiven: 0, trial: 7 },
    ...{ appointedNs: 5e9, startWithinNs: 1e6, lost: [], left: [], silent: [], faults: [] },
    ...{ flows, clocks: [known(300), known(200)] },
    ...more,
  });
  return trial!;
}

describe("a trial of two flows", () => {
  it("is the sum of the flows, and each flow is judged by itself", () => {
    const trial = combined();
    expect(trial).toMatchObject({ sent: 1_000, received: 999, accepted: 998, lost: 2, duplicate: 1, foreign: 0 });
    expect(checkEquations(trial)).toEqual([]);
    expect(trial.fleet!.flows).toMatchObject([
      {
        ...{ from: "a1/packet:eth1", to: "rx/packet:eth1", share: "1 of 2", sent: 500, received: 499, accepted: 498 },
        ...{ lost: 2, duplicate: 1, strayed: [{ agent: "a2", frames: 1 }], verdict: "fail" },
      },
      { from: "a2/packet:eth1", sent: 500, received: 500, accepted: 500, lost: 0, strayed: [], verdict: "pass" },
    ]);
    expect(trial.lostRanges).toEqual([
      [20, 20],
      [60, 60],
    ]);
    expect(trial.notes).toContain("1 frame of a1/packet:eth1 came in at a2, where no flow of it goes");
    expect(trial.fleet!.start).toMatchObject({ agents: 3, spreadNs: 0, boundNs: 10_000 });
    expect(trial.latencyBoundNs).toBe(300);
  });

  it("has no latency where a clock moved, and the other flow has its own", () => {
    const why = "the clock of a1 was stepped or slewed in the trial, by 5.00 ms";
    const trial = combined({ clocks: [{ ...known(0), boundNs: null, why }, known(200)] });
    expect(trial).toMatchObject({ latencyNs: null, pdvNs: null });
    expect(trial.latencyBoundNs).toBeUndefined();
    expect(trial.ipdvNs).not.toBeNull();
    expect(trial.notes).toContain(`no latency between the hosts: ${why}`);
    expect(trial.fleet!.flows!.map(({ latencyNs }) => latencyNs === null)).toEqual([true, false]);
  });
});

describe("the time until which frames were lost", () => {
  const pair = all[2]!.inputs[0]!.report.receive.pairs!.senders[1]!;
  const receive = (more: Partial<ReceiveReport>) => ({ ...pair.receive, lossUntilNs: 5_000_000, ...more });
  const spec = { ...baseOrder, queues: 2 };
  const sent = (frames: number): TransmitReport => {
    const { transmit } = all[1]!.inputs[0]!.report;
    return { ...transmit, queues: [{ ...transmit.queues[0]!, published: frames, outstanding: 0 }] };
  };

  it("is unknown where the last frames of a sender were lost", () => {
    const told = { ...pair, receive: receive({}) };
    expect(withTail(spec, sent(500), told)).toMatchObject({ lossUntilNs: 5_000_000 });
    expect(withTail(spec, sent(510), told)).toMatchObject({ lossUntilNs: Number.POSITIVE_INFINITY });
    const unknown = { ...pair, receive: receive({ lossUntilNs: null }) };
    expect(withTail(spec, sent(510), unknown).lossUntilNs).toBeNull();
  });

  it("is unknown where the last frames of one of its streams were lost", () => {
    const streams = [500, 490].map((accepted) => ({ accepted, lostRanges: [], lostRangesMore: 0 }) as never);
    const told = { ...pair, receive: receive({ streams }) };
    const by = (last: number) => ({
      ...sent(1_000),
      streams: [500, last].map((frames) => ({ sent: frames }) as never),
    });
    expect(withTail(spec, by(490), told).lossUntilNs).toBe(5_000_000);
    expect(withTail(spec, by(500), told).lossUntilNs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a lost end", () => {
  it("of a sender: what came of its frames is known, how many it sent is not, and the others are there", () => {
    const trial = combined({
      reports: all.filter(({ agent }) => agent !== "a1"),
      lost: [{ agent: "a1", why: "its report did not come" }],
    });
    expect(trial).toMatchObject({ verdict: "invalid", sent: 500, accepted: 500, lost: 0 });
    expect(checkEquations(trial)).toEqual([]);
    expect(trial.reasons).toContain(
      "a1 was lost (its report did not come): of its frames, 498 frames that came in at rx are known; how many it sent is not",
    );
    expect(trial.fleet!.flows).toMatchObject([
      { sent: null, accepted: 498, lost: null, verdict: "invalid" },
      { sent: 500, accepted: 500, lost: 0 },
    ]);
  });

  it("of a receiver: what was sent is known, and nothing of what came", () => {
    const trial = combined({
      reports: all.filter(({ agent }) => agent !== "rx"),
      lost: [{ agent: "rx", why: "its report did not come" }],
    });
    expect(trial).toMatchObject({ verdict: "invalid", sent: 0, accepted: 0, lost: 0 });
    expect(trial.reasons.join()).toContain(
      "a1 sent 500 frames; how many of them came in is not known; a2 sent 500 frames; how many of them came in is not known",
    );
    expect(trial.fleet!.flows).toMatchObject([
      { sent: 500, received: null, accepted: null, lost: null },
      { sent: 500, received: null, accepted: null, lost: null },
    ]);
  });
});
