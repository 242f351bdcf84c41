/** A change of the rate takes no slot away, and no delay. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowSpec } from "../../../src/session/types.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const seconds = (value: number) => ({ duration: { kind: "seconds", seconds: value } as const });
const ramp = {
  kind: "shape",
  pieces: [{ durationNs: 50e6, fromShare: 0.5, toShare: 1.5 }],
  thenShare: 1,
} as const;
const laws: readonly [string, Partial<FlowSpec>][] = [
  ["steady", seconds(0.2)],
  ["a shape", { ...seconds(0.2), law: ramp }],
  ["Poisson", { ...seconds(0.2), law: { kind: "poisson", key: 5 } }],
  ["bursts", { duration: { kind: "bursts", frames: 100, bursts: 100, gapNs: 1e6 } }],
];

function simOf(changes: Partial<FlowSpec>): SessionSim {
  const sim = new SessionSim();
  sim.turnNs = 5_000;
  sim.add(simFlow("a", 1, { delayNs: 0, ...changes }));
  sim.command("start", ["a"]);
  sim.settleCommands();
  return sim;
}

/** A stall: commands that came meanwhile are taken before anything is sent. */
function stall(sim: SessionSim, ns: number): void {
  sim.run(1e6);
  sim.nowNs += ns;
}

describe.each(laws)("slots that are overdue when the rate is changed: %s", (_, changes) => {
  it.each([80e6, 150e6])("%i ns: all are sent or missed, as without the change", (stallNs) => {
    const ended = [0, 1, 3].map((times) => {
      const sim = simOf(changes);
      stall(sim, stallNs);
      for (let k = 0; k < times; k++) sim.command("rate", ["a"], 100_000);
      sim.run(250e6);
      const { state, intended, sent, received } = sim.counters("a");
      expect({ state, sent: received }).toEqual({ state: "stopped", sent });
      return { intended, sent };
    });
    const [unchanged, once, thrice] = ended;
    // A rate that is set anew may move what is not due yet by a nanosecond.
    for (const changed of [once!, thrice!]) {
      expect(Math.abs(changed.intended - unchanged!.intended)).toBeLessThanOrEqual(1);
      expect(Math.abs(changed.sent - unchanged!.sent)).toBeLessThanOrEqual(stallNs > 100e6 ? 40 : 1);
    }
  });

  it("are counted by a stop behind a pause, a change and a change in the pause", () => {
    const intendedWith = (kinds: readonly ("pause" | "rate" | "stop")[]): number => {
      const sim = simOf(changes);
      stall(sim, 50e6);
      for (const kind of kinds) sim.command(kind, ["a"], kind === "rate" ? 100_000 : undefined);
      sim.settleCommands();
      sim.run(1e6);
      return sim.counters("a").intended;
    };
    const stopped = intendedWith(["stop"]);
    expect(stopped).toBeGreaterThan(2_000);
    expect(intendedWith(["pause", "stop"])).toBe(stopped);
    expect(intendedWith(["rate", "stop"])).toBe(stopped);
    expect(intendedWith(["pause", "rate", "stop"])).toBe(stopped);
    expect(intendedWith(["rate", "pause", "rate", "stop"])).toBe(stopped);
  });
});

it("whatever the stalls and rates: a flow has the slots of its time at each rate, to one a change", () => {
  const step = fc.record({
    pps: fc.integer({ min: 20_000, max: 400_000 }),
    stallNs: fc.integer({ min: 0, max: 60e6 }),
    isPaused: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      const sim = simOf({});
      const nowNs = (): number => sim.nowNs - sim.loop.clock.epochNs;
      let [pps, expected, fromNs] = [100_000, 0, sim.counters("a").startedNs!];
      for (const { pps: next, stallNs, isPaused } of steps) {
        stall(sim, stallNs);
        if (isPaused) sim.command("pause", ["a"]);
        sim.command("rate", ["a"], next);
        if (isPaused) sim.command("resume", ["a"]);
        // Commands are taken at the beginning of the next turn.
        expected += ((nowNs() - fromNs) * pps) / 1e9;
        fromNs = nowNs();
        pps = next;
        sim.turn();
      }
      expected += ((nowNs() - fromNs) * pps) / 1e9;
      sim.command("stop", ["a"]);
      sim.settleCommands();
      const { intended, missed, blocked, sent, inRing } = sim.counters("a");
      expect(intended).toBe(missed + blocked + sent + inRing);
      expect(Math.abs(intended - expected)).toBeLessThan(3 * (steps.length + 1));
    }),
    { numRuns: 30 },
  );
});

describe("a rate that is changed before the first slot", () => {
  /** Frames, and ns from the start to the first, where 1 ms after the start the rate doubles. */
  function changed(spec: Partial<FlowSpec>, pauses = false) {
    const sim = simOf({ rate: { kind: "pps", pps: 1_000 }, ...spec });
    sim.run(1e6);
    if (pauses) sim.command("pause", ["a"]);
    sim.command("rate", ["a"], 2_000);
    if (pauses) sim.command("resume", ["a"]);
    sim.run(60e6);
    const { sent, missed, firstSentNs, startedNs } = sim.counters("a");
    expect(missed).toBe(0);
    return { sent, waitedNs: firstSentNs! - startedNs! };
  }

  it.each([false, true])("leaves a delay as it was given (paused: %s)", (pauses) => {
    const steady = changed({ delayNs: 20e6, ...seconds(0.01) }, pauses);
    expect(steady.sent).toBe(20);
    expect(Math.abs(steady.waitedNs - 20e6)).toBeLessThan(20_000);
    const bursts = changed({ delayNs: 5e6, duration: { kind: "bursts", frames: 5, bursts: 2, gapNs: 1e6 } }, pauses);
    expect(bursts.sent).toBe(10);
    expect(Math.abs(bursts.waitedNs - 5e6)).toBeLessThan(20_000);
  });

  it("stretches the wait of Poisson arrivals behind the delay only", () => {
    const law = { kind: "poisson", key: 3 } as const;
    const sim = simOf({ rate: { kind: "pps", pps: 1_000 }, law });
    sim.run(60e6);
    const { firstSentNs, startedNs } = sim.counters("a");
    const gapNs = firstSentNs! - startedNs!;
    const { waitedNs } = changed({ delayNs: 20e6, law });
    expect(Math.abs(waitedNs - 20e6 - gapNs / 2)).toBeLessThan(20_000);
  });

  it("shortens the phase of a flow without one, and not its time of sending", () => {
    const sim = new SessionSim();
    const spec = { rate: { kind: "pps", pps: 100 } as const, ...seconds(0.01) };
    sim.add(simFlow("a", 1, spec), simFlow("b", 2, spec));
    sim.command("start", ["a", "b"]);
    sim.run(100_000);
    sim.command("rate", ["b"], 10_000);
    sim.run(40e6);
    const { sent, firstSentNs, startedNs } = sim.counters("b");
    expect(sent).toBe(100);
    expect(firstSentNs! - startedNs!).toBeLessThan(250_000);
  });
});
