/** Starts, looks and refusals of a session over agents of this process: counts of a start stay until the next one is sent. */
import { afterEach, expect, it, vi } from "vitest";
import { AgentLink } from "../../src/fleet/agent-link.js";
import type { Bus, BusAnswer } from "../../src/fleet/bus.js";
import { type AgentFacts, protocolVersion } from "../../src/fleet/protocol.js";
import { clockExchanges } from "../../src/fleet/session/fleet-parts.js";
import { mergedRow, type PartRow } from "../../src/fleet/session/merged-rows.js";
import type { FlowCounters, FlowSpec, SessionEvent, TestSession } from "../../src/session/index.js";
import { monotonicClock } from "../../src/sys/clock.js";
import { type SessionAgents, sessionAgents } from "../support/session-agents.js";
import { simFlow } from "../support/session-sim.js";

vi.setConfig({ testTimeout: 120_000 });

const opened: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function sessionOf(more: Parameters<typeof sessionAgents>[0] = {}): Promise<[TestSession, SessionAgents]> {
  const agents = await sessionAgents(more);
  opened.push(agents);
  const session = await agents.open();
  opened.push({ [Symbol.asyncDispose]: () => session.close() });
  return [session, agents];
}

const there = (name: string, number: number, more: Partial<FlowSpec> = {}): FlowSpec =>
  simFlow(name, number, {
    ...{ from: "left", to: ["right"], rate: { kind: "pps", pps: 900 }, duration: { kind: "frames", frames: 50 } },
    ...more,
  });

async function rowWhen(session: TestSession, isIt: (row: FlowCounters) => boolean): Promise<FlowCounters> {
  for (;;) {
    const [row] = (await session.look(true)).flows;
    if (isIt(row!)) return row!;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const isOver = ({ settled, sent }: FlowCounters): boolean => settled && sent > 0;

it("a start that an agent refuses changes no counts", async () => {
  const [session] = await sessionOf({ maxPps: 1_000 });
  await session.addFlows([there("a", 1)]);
  await session.start(["a"]);
  const whole = { generation: 1, sent: 50, received: 50, lost: 0, settled: true };
  expect(await rowWhen(session, isOver)).toMatchObject(whole);
  await session.setRate(["a"], { kind: "pps", pps: 5_000 });
  await expect(session.start(["a"])).rejects.toMatchObject({ code: "not-possible", accepted: /--max-rate/ });
  const { flows } = await session.look(true);
  expect(flows[0]).toMatchObject(whole);
});

it("a rate that one of two senders refuses is changed at none of them", async () => {
  const [session] = await sessionOf({ maxPps: 1_000 });
  const steady = (name: string, number: number, pps: number, more: Partial<FlowSpec> = {}): FlowSpec =>
    simFlow(name, number, { from: "left", to: ["right"], rate: { kind: "pps", pps }, ...more });
  const back = { from: "right", to: ["left"] };
  await session.addFlows([steady("a", 1, 100), steady("b", 2, 50, back), steady("c", 3, 900, back)]);
  await session.start("all");
  const refusal = { code: "not-possible", accepted: /--max-rate/ };
  await expect(session.setRate(["a", "b"], { kind: "pps", pps: 500 })).rejects.toMatchObject(refusal);
  const { flows } = await session.look(true);
  expect(flows.map(({ name, pps }) => [name, pps])).toEqual([
    ["a", 100],
    ["b", 50],
    ["c", 900],
  ]);
  expect(session.flows().map(({ spec }) => spec.rate)).toEqual([100, 50, 900].map((pps) => ({ kind: "pps", pps })));
});

it("an order that an agent cannot read is refused, and no agent is given up", async () => {
  const [session] = await sessionOf();
  const name = "n".repeat(1_001);
  await expect(session.addFlows([there(name, 1)])).rejects.toMatchObject({
    ...{ code: "bad-spec", message: expect.stringMatching(/flows\.0\.spec\.name: /) },
  });
  expect([session.lostPort("left"), session.lostPort("right")]).toEqual([null, null]);
  await session.addFlows([there("a", 1)]);
  await session.start("all");
  expect(await rowWhen(session, isOver)).toMatchObject({ sent: 50, received: 50 });
});

it("a clock is known from as many questions as a start asks, though it was not asked for hours", async () => {
  let nowNs = 0;
  const ahead = 7e9;
  const request = (): Promise<BusAnswer> => {
    nowNs += 1e5;
    const data = { v: protocolVersion, from: "a1", t2: nowNs + ahead, t3: nowNs + ahead };
    nowNs += 1e5;
    return Promise.resolve({ kind: "answer", data });
  };
  const asking = { bus: { request } as unknown as Bus, from: "t", run: "r", epoch: 1, nowNs: () => nowNs };
  const link = new AgentLink(asking, { from: "a1", clockId: "another host's" } as AgentFacts, "ours");
  for (const laterNs of [0, 5 * 3_600e9]) {
    nowNs += laterNs;
    await link.compareClocks(clockExchanges);
    expect(link.clockAt(nowNs)?.offsetNs).toBeCloseTo(ahead, -3);
  }
});

it("where an agent's clock is not known, its flows begin, and it is said that they do not begin together", async () => {
  let [isWild, reads] = [false, 0];
  const own = monotonicClock();
  const nowNs = (): number => own.nowNs() + (isWild ? 0.3e9 * (reads++ % 3) : 0);
  const [session] = await sessionOf({ clock: { id: "another host's", nowNs } });
  const events: SessionEvent[] = [];
  session.onEvent((event) => events.push(event));
  await session.addFlows([there("a", 1), there("b", 2, { from: "right", to: ["left"] })]);
  await session.start("all");
  await rowWhen(session, isOver);
  isWild = true;
  await session.start("all");
  const message = "agent a1: its clock is not known now; flows begin when each agent hears of it";
  expect(events).toContainEqual(expect.objectContaining({ kind: "trouble", message }));
  expect(await rowWhen(session, (row) => row.generation === 2 && isOver(row))).toMatchObject({ received: 50 });
});

const none = {
  ...{ name: "a", from: "p", to: [], state: "stopped", generation: 1, settled: false, pps: 1_000, signed: true },
  ...{ sent: 0, sentBytes: 0, inRing: 0, intended: 0, late: 0, missed: 0, blocked: 0, received: 0, receivedBytes: 0 },
  ...{ receivedAt: [], elsewhere: 0, lost: 0, inFlight: 0, duplicate: 0, reordered: 0, outageNs: 0, tooOld: 0 },
  reorderExtentMax: null,
  ...{ corrupt: 0, stale: 0, latencyNs: null, firstSentNs: null, lastSentNs: null, firstReceivedNs: null },
  ...{ lastReceivedNs: null, startedNs: null, stoppedNs: null, txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 },
} satisfies FlowCounters;

const part = (row: Partial<FlowCounters>, atNs: number): PartRow => ({ row: { ...none, ...row }, atNs, shiftNs: 0 });
const usual = { to: ["q"], delivery: "any", others: [], settleNs: 100e6, isKnown: true, before: null } as const;

it("what came in before an agent held a look up is not all that came in", () => {
  // Read at 0.1 s, before the flow began; the sender at 4.1 s, long after it ended.
  const sender = part({ sent: 1_000, firstSentNs: 0.15e9, lastSentNs: 1.15e9, stoppedNs: 1.15e9 }, 4.1e9);
  const receivers = [part({ to: ["q"] }, 0.1e9)];
  const held = mergedRow({ ...usual, sender, receivers, lookNs: 4e9 });
  expect(held).toMatchObject({ sent: 1_000, received: 0, lost: 0, inFlight: 1_000, settled: false });
  const next = mergedRow({ ...usual, sender: { ...sender, atNs: 5e9 }, receivers, lookNs: 1e6 });
  expect(next).toMatchObject({ lost: 1_000, settled: true });
});

it("while receivers look out for the next start, the one before stays as it was shown", () => {
  const sender = part({ sent: 100, lastSentNs: 1e9, stoppedNs: 1e9 }, 9e9);
  const receivers = [part({ to: ["q"], generation: 2 }, 9e9)];
  const before = { ...none, to: ["q"], sent: 100, received: 100, settled: true } satisfies FlowCounters;
  expect(mergedRow({ ...usual, sender, receivers, lookNs: 0, before })).toBe(before);
  const unseen = mergedRow({ ...usual, sender, receivers, lookNs: 0 });
  expect(unseen).toMatchObject({ sent: 100, lost: 0, settled: false });
});
