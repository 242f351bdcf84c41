/** What receivers are told of their senders' clocks, and how wrong that was: against clocks whose truth is known. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AgentLink } from "../../src/fleet/agent-link.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { subjectOf } from "../../src/fleet/names.js";
import { type ComparedPair, pairClockOf, skewsOf } from "../../src/fleet/pair-clocks.js";
import { type AgentFacts, protocolVersion } from "../../src/fleet/protocol.js";
import type { ClockExchange } from "../../src/stats/index.js";

/** Ahead of the run's clock by so much at its time 0, and faster by so much. */
interface Truth {
  readonly aheadNs: number;
  readonly ratePpb: number;
  /** Stepped by so much in the middle of the trial. */
  readonly stepNs?: number;
}

const flow = { from: { agent: "a1", port: "packet:x" }, to: { agent: "rx", port: "packet:x" } };
const [startNs, endNs] = [100e9, 110e9];
const middleNs = (startNs + endNs) / 2;

const timeOf = ({ aheadNs, ratePpb, stepNs = 0 }: Truth, ns: number): number =>
  Math.round(ns + aheadNs + (ns * ratePpb) / 1e9 + (ns > middleNs ? stepNs : 0));

/** Whoever asks has the clock `ours`. The ways there and back take different times. */
function asked(ours: Truth, theirs: Truth, fromNs: number, count: number, wayNs: readonly number[]): ClockExchange[] {
  return Array.from({ length: count }, (_, k) => {
    const t1 = fromNs + k * 10e6;
    const t2 = t1 + wayNs[k % wayNs.length]!;
    const t3 = t2 + 5_000;
    const t4 = t3 + wayNs[(k + 1) % wayNs.length]!;
    return { t1Ns: timeOf(ours, t1), t2Ns: timeOf(theirs, t2), t3Ns: timeOf(theirs, t3), t4Ns: timeOf(ours, t4) };
  });
}

const run: Truth = { aheadNs: 0, ratePpb: 0 };

function pairs(
  sender: Truth,
  receiver: Truth,
  ways: readonly number[],
  isDirect: boolean,
  overNs = endNs,
): [ComparedPair, ComparedPair] {
  const before = (ours: Truth, theirs: Truth) => asked(ours, theirs, startNs - 2e9, 64, ways);
  const after = (ours: Truth, theirs: Truth) => asked(ours, theirs, overNs + 1e6, 16, ways);
  const make = (of: (ours: Truth, theirs: Truth) => ClockExchange[]): ComparedPair => ({
    flow,
    sender: { clockId: "one", exchanges: of(run, sender) },
    receiver: { clockId: "two", exchanges: of(run, receiver) },
    direct: isDirect ? of(sender, receiver) : null,
  });
  return [make(before), make((ours, theirs) => [...before(ours, theirs), ...after(ours, theirs)])];
}

const spanOf = (sender: Truth, receiver: Truth, wrongNs: number) => ({
  ...{ startNs, endNs },
  ownStart: new Map([
    ["a1", timeOf(sender, startNs)],
    ["rx", timeOf(receiver, startNs) + wrongNs],
  ]),
});

const truth = fc.record({
  aheadNs: fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 }),
  ratePpb: fc.integer({ min: -50_000, max: 50_000 }),
});

describe("the line that a receiver adds", () => {
  it("is off by no more than the bound that is said after the trial", () => {
    const way = fc.array(fc.integer({ min: 1_000, max: 500_000 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        truth,
        truth,
        way,
        fc.boolean(),
        fc.integer({ min: -200_000, max: 200_000 }),
        (s, r, ways, direct, wrong) => {
          const [claimed, known] = pairs(s, r, ways, direct);
          const span = spanOf(s, r, direct ? wrong : 0);
          const [skew] = skewsOf([flow], [claimed], span)["rx"]!;
          const clock = pairClockOf(claimed, known, span);
          expect(clock).toMatchObject({ way: direct ? "udp" : "messages", why: null });
          for (const atNs of [startNs, middleNs, endNs]) {
            const departedNs = timeOf(s, atNs) - span.ownStart.get("a1")!;
            const trueNs = timeOf(r, atNs) - span.ownStart.get("rx")!;
            const saidNs = departedNs + skew!.aheadNs + (skew!.ratePpb * departedNs) / 1e9;
            expect(Math.abs(saidNs - trueNs)).toBeLessThanOrEqual(clock.boundNs! + 2);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is known after a long trial at a sender whose clock runs slow", () => {
    const [slow, steady] = [
      { aheadNs: 5e12, ratePpb: -400_000 },
      { aheadNs: 0, ratePpb: 0 },
    ];
    const overNs = startNs + 1_000e9;
    const [claimed, known] = pairs(slow, steady, [20_000, 30_000], true, overNs);
    const clock = pairClockOf(claimed, known, { ...spanOf(slow, steady, 0), endNs: overNs });
    expect(clock).toMatchObject({ way: "udp", why: null, after: { exchanges: 16 } });
    expect(clock.boundNs).not.toBeNull();
  });

  it("is nothing where both read one clock", () => {
    const one = { clockId: "one", exchanges: [] };
    const pair = { flow, sender: one, receiver: one, direct: null };
    const span = spanOf(run, run, 0);
    expect(skewsOf([flow], [pair], span)).toEqual({ rx: [{ share: 0, aheadNs: 0, ratePpb: 0 }] });
    expect(pairClockOf(pair, pair, span)).toMatchObject({ way: "same", boundNs: 0, why: null });
  });
});

describe("a clock that moved in the trial", () => {
  const steady = { aheadNs: 5e12, ratePpb: 3_000 };
  const stepped = { aheadNs: -2e12, ratePpb: 0, stepNs: 5_000_000 };

  it.each([
    [true, "the clock of a1 and rx was stepped or slewed in the trial, by 5.00 ms"],
    [false, "the clock of rx was stepped or slewed in the trial, by 5.00 ms"],
  ])("leaves no latency (host to host: %s)", (direct, why) => {
    const [claimed, known] = pairs(steady, stepped, [20_000, 30_000], direct);
    const clock = pairClockOf(claimed, known, spanOf(steady, stepped, 0));
    expect(clock.boundNs).toBeNull();
    expect(clock.why).toContain(why.slice(0, 50));
  });

  it("leaves none either where nobody asked after it", () => {
    const [claimed] = pairs(steady, steady, [20_000, 30_000], true);
    const clock = pairClockOf(claimed, claimed, spanOf(steady, steady, 0));
    expect(clock).toMatchObject({ boundNs: null, before: null, after: null });
    expect(clock.why).toBe("the clocks of a1 and rx could not be compared before and after the trial");
  });
});

describe("what a trial's line was made of", () => {
  it("has nothing of what was asked later", async () => {
    const hub = new LocalHub();
    await using agent = hub.connect();
    await using bus = hub.connect();
    const said = { v: protocolVersion, from: "a1", t2: 1, t3: 1 };
    using _ = await agent.subscribe(subjectOf.agent("a1", "clock"), (question) => question.reply(said));
    const facts = { from: "a1", clockId: "one" } as AgentFacts;
    const link = new AgentLink({ bus, from: "r", run: "r", epoch: 1, nowNs: () => 1 }, facts, "two");
    await link.compareClocks(4);
    const claimed = link.compared;
    await link.compareClocks(4);
    expect([claimed, link.compared].map(({ exchanges }) => exchanges.length)).toEqual([4, 8]);
  });
});
