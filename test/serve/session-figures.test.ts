/** What a sample of a session says of all its flows together. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sessionFigures } from "../../src/serve/events/sample-figures.js";
import { sumFigures } from "../../src/serve/sessions/session-figures.js";
import { SessionTeller } from "../../src/serve/sessions/session-teller.js";
import type { FlowCounters, SessionSnapshot } from "../../src/session/index.js";
import { SessionSim, simFlow, straight } from "../support/session-sim.js";

beforeEach(() => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => vi.useRealTimers());

function running(): SessionSnapshot {
  const sim = new SessionSim();
  sim.add(simFlow("a", 1), simFlow("b", 2, { from: "p1", to: ["p0"] }));
  sim.command("start", ["a", "b"]);
  sim.run(1e6, straight);
  return sim.snapshot();
}

const between = { lostPps: 0, lateShare: null, stealShare: null };
/** A row reads memory that others write. */
const plain = (row: FlowCounters): FlowCounters => JSON.parse(JSON.stringify(row));
const withRow = (snapshot: SessionSnapshot, name: string, more: Partial<FlowCounters>): SessionSnapshot => ({
  ...snapshot,
  flows: snapshot.flows.map((flow) => (flow.name === name ? { ...plain(flow), ...more } : flow)),
});

it("has sums, rates of layer 1, and of each latency that of the flow where it is the worst", () => {
  const snapshot = running();
  const latency = snapshot.flows[0]!.latencyNs!;
  const a = { txPps: 100, txBpsL1: 70_000, latencyNs: { ...latency, p50: 5, p99: 90, max: 100 } };
  const b = { txPps: 200, txBpsL1: 50_000, latencyNs: { ...latency, p50: 7, p99: 80, max: 300 } };
  const figures = sumFigures(withRow(withRow(snapshot, "a", a), "b", b), between);
  expect(figures).toMatchObject({ txPps: 300, txBpsL1: 120_000, txBpsL2: 120_000 - 300 * 160, lateShare: null });
  expect(figures).toMatchObject({ latencyP50Ns: 7, latencyP99Ns: 90, latencyMaxNs: 300 });
  const none = sumFigures(withRow(withRow(snapshot, "a", { latencyNs: null }), "b", { latencyNs: null }), between);
  expect(none).toMatchObject({ latencyP50Ns: null, latencyP99Ns: null, latencyMaxNs: null });
});

it("says which share of the frames since the last sample left late; of a flow that was started anew, since its start", () => {
  const first = running();
  const snapshots = [
    withRow(first, "a", { sent: 100, late: 10, generation: 1 }),
    withRow(first, "a", { sent: 200, late: 35, generation: 1 }),
    withRow(first, "a", { sent: 50, late: 5, generation: 2 }),
    withRow(first, "a", { sent: 50, late: 5, generation: 2 }),
  ].map((one, k) => ({ ...withRow(one, "b", { sent: 0, late: 0 }), atNs: first.atNs + k * 250e6, number: k }));
  let looks = 0;
  const look = (): SessionSnapshot => snapshots[looks++]!;
  const teller = new SessionTeller({ id: "s", name: "", ports: ["p0", "p1"], started: new Date(0) }, look, () => null);
  teller.added([
    { name: "a", from: "p0", to: ["p1"] },
    { name: "b", from: "p1", to: ["p0"] },
  ]);
  vi.advanceTimersByTime(snapshots.length * 250);
  teller.end(null, { state: "done", stopped: true, error: null });
  const samples = teller.journal.after(0).filter(({ event }) => event === "sample");
  const late = samples.map(({ data }) => JSON.parse(data).v[sessionFigures.indexOf("lateShare")] as number | null);
  expect(late.slice(0, 4)).toEqual([0.1, 0.25, 0.1, null]);
});
