/** Counters of a flow that leaves at one agent and comes in at others, put together: pure arithmetic. */
import { describe, expect, it } from "vitest";
import { mergedRow, type PartRow } from "../../src/fleet/session/merged-rows.js";
import type { FlowCounters } from "../../src/session/index.js";

const none: FlowCounters = {
  ...{ name: "a", from: "p", to: [], state: "stopped", generation: 1, settled: false, pps: 1_000 },
  ...{ sent: 0, sentBytes: 0, inRing: 0, intended: 0, late: 0, missed: 0, blocked: 0, received: 0, receivedBytes: 0 },
  ...{ receivedAt: [], elsewhere: 0, lost: 0, inFlight: 0, duplicate: 0, reordered: 0, outageNs: 0, tooOld: 0 },
  reorderExtentMax: null,
  ...{ corrupt: 0, stale: 0, latencyNs: null, firstSentNs: null, lastSentNs: null, firstReceivedNs: null },
  ...{ lastReceivedNs: null, startedNs: null, stoppedNs: null, signed: true },
  ...{ txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 },
};

const part = (row: Partial<FlowCounters>, more: Partial<PartRow> = {}): PartRow => ({
  ...{ row: { ...none, ...row }, atNs: 10e9, shiftNs: 0 },
  ...more,
});
const sender = (sent: number, more: Partial<FlowCounters> = {}): PartRow =>
  part({ sent, sentBytes: 64 * sent, intended: sent, lastSentNs: 5e9, stoppedNs: 5e9, ...more });
/** `seen`: the number after the highest that came. */
const receiver = (to: string, seen: number, received: number, more: Partial<FlowCounters> = {}): PartRow =>
  part({
    ...{ to: [to], sent: seen, received, receivedBytes: 64 * received, lost: seen - received, lastReceivedNs: 5e9 },
    receivedAt: [{ port: to, frames: received }],
    ...more,
  });

const usual = { others: [], settleNs: 1e9, lookNs: 0, isKnown: true, delivery: "any", before: null } as const;

describe("counters of several agents", () => {
  it("frames that are missing between others are lost, and those behind the last are on their way until it has settled", () => {
    const parts = { ...usual, to: ["q"], receivers: [receiver("q", 90, 85)] };
    const running = mergedRow({ ...parts, sender: sender(100, { state: "running" }) });
    expect(running).toMatchObject({ sent: 100, received: 85, lost: 5, inFlight: 10, settled: false });
    const over = mergedRow({ ...parts, sender: sender(100) });
    // 10 numbers at 1,000 a second behind the last one.
    expect(over).toMatchObject({ sent: 100, received: 85, lost: 15, inFlight: 0, settled: true, outageNs: 10e6 });
  });

  it("nothing has settled while something came lately, or nobody knows what came", () => {
    const late = receiver("q", 90, 85, { lastReceivedNs: 9.5e9 });
    expect(mergedRow({ ...usual, to: ["q"], sender: sender(100), receivers: [late] }).settled).toBe(false);
    const known = { ...usual, to: ["q"], sender: sender(100), receivers: [receiver("q", 90, 85)] };
    expect(mergedRow({ ...known, isKnown: false })).toMatchObject({ settled: false, lost: 5 });
  });

  it("a frame that came was sent, though it was thought to be in a ring, or to have gone with a peer", () => {
    const receivers = [receiver("q", 100, 100)];
    const inRing = sender(90, { inRing: 10, state: "running" });
    const taken = { sent: 100, sentBytes: 6_400, inRing: 0, received: 100, lost: 0 };
    expect(mergedRow({ ...usual, to: ["q"], sender: inRing, receivers })).toMatchObject(taken);
    const gone = sender(90, { blocked: 12 });
    expect(mergedRow({ ...usual, to: ["q"], sender: gone, receivers })).toMatchObject({ ...taken, blocked: 2 });
  });

  it("what came of another start counts for nothing", () => {
    const receivers = [receiver("q", 100, 100, { generation: 1 })];
    const row = mergedRow({ ...usual, to: ["q"], sender: sender(3, { generation: 2, state: "running" }), receivers });
    expect(row).toMatchObject({ generation: 2, sent: 3, received: 0, lost: 0, inFlight: 3 });
  });

  it("of two receivers each has what the other one misses; or each is to have all", () => {
    const receivers = [receiver("q", 100, 60), receiver("r", 99, 38)];
    const any = mergedRow({ ...usual, to: ["q", "r"], sender: sender(100), receivers });
    expect(any).toMatchObject({ received: 98, lost: 2, settled: true, duplicate: 0 });
    expect(any.receivedAt).toEqual([
      { port: "q", frames: 60 },
      { port: "r", frames: 38 },
    ]);
    const each = mergedRow({ ...usual, delivery: "each", to: ["q", "r"], sender: sender(100), receivers });
    expect(each).toMatchObject({ received: 98, lost: 102 });
    const doubled = [receiver("q", 100, 100), receiver("r", 100, 100)];
    const twice = mergedRow({ ...usual, to: ["q", "r"], sender: sender(100), receivers: doubled });
    expect(twice).toMatchObject({ received: 100, lost: 0, duplicate: 100 });
  });

  it("latency is of one clock alone, and times are shifted by whose they are", () => {
    const latencyNs = { min: 1, mean: 2, p50: 2, p90: 3, p99: 3, max: 3 };
    const own = sender(10, { to: ["q"], received: 10, firstReceivedNs: 4e9, lastReceivedNs: 5e9, latencyNs });
    expect(mergedRow({ ...usual, to: ["q"], sender: own, receivers: [] }).latencyNs).toEqual(latencyNs);
    const far = { ...receiver("r", 5, 5, { firstReceivedNs: 1e9, lastReceivedNs: 2e9 }), shiftNs: 7e9 };
    const both = mergedRow({ ...usual, to: ["q", "r"], delivery: "each", sender: own, receivers: [far] });
    expect(both).toMatchObject({ latencyNs: null, firstReceivedNs: 4e9, lastReceivedNs: 9e9 });
  });
});
