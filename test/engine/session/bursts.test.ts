/** Frames that leave and come in many at a time are counted as one by one. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { countersEveryNs } from "../../../src/engine/loop/index.js";
import { readSequence, readTrialStream } from "../../../src/stream/index.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const viewOf = (frame: Uint8Array): DataView => new DataView(frame.buffer, frame.byteOffset);
const sequenceOf = (frame: Uint8Array): number => readSequence(viewOf(frame), frame.length);
const headOf = (frame: Uint8Array): number => readTrialStream(viewOf(frame), frame.length);

const changing = [
  { target: { field: "udp.srcPort" }, change: { kind: "increment", min: 2000, max: 2999, step: 1 } },
] as const;

/** What came back of one flow, told from the frames alone. */
class Expected {
  received = 0;
  duplicate = 0;
  reordered = 0;
  readonly #seen = new Set<number>();
  #highest = -1;

  note(sequence: number): void {
    if (this.#seen.has(sequence)) {
      this.duplicate++;
      return;
    }
    this.#seen.add(sequence);
    this.received++;
    if (sequence < this.#highest) this.reordered++;
    this.#highest = Math.max(this.#highest, sequence);
  }
}

/** A flow of one size, one whose frames change, and one of two sizes; rates in Mpps. */
function start(rates: readonly number[]): SessionSim {
  const sim = new SessionSim();
  sim.turnNs = 8_000;
  const plain = simFlow("", 1).frames;
  const frames = [
    plain,
    { ...plain, fields: changing },
    {
      ...plain,
      size: {
        kind: "mix",
        parts: [
          { frameBytes: 64, weight: 2 },
          { frameBytes: 128, weight: 1 },
        ],
      },
    },
  ] as const;
  for (const [k, mpps] of rates.entries()) {
    const rate = { kind: "pps", pps: mpps * 1e6 } as const;
    sim.add(simFlow(`f${k}`, k + 1, { frames: frames[k]! as never, rate }));
  }
  sim.command("start", [...sim.flows.keys()]);
  return sim;
}

it("with every loss, copy and change of order that there is", () => {
  const rates = fc.array(fc.constantFrom(0.4, 1, 2.5), { minLength: 1, maxLength: 3 });
  const fate = fc.constantFrom("pass", "pass", "pass", "pass", "pass", "pass", "drop", "twice", "later");
  fc.assert(
    fc.property(rates, fc.array(fate, { minLength: 5, maxLength: 60 }), (mpps, fates) => {
      const sim = start(mpps);
      const expected = new Map<number, Expected>();
      const held: Uint8Array[] = [];
      let n = 0;
      const arrives = (frame: Uint8Array): void => {
        sim.wires[1]!.send(0, [frame]);
        const head = headOf(frame);
        if (!expected.has(head)) expected.set(head, new Expected());
        expected.get(head)!.note(sequenceOf(frame));
      };
      const device = (frame: Uint8Array): number[] => {
        // Bursts pass whole, then something happens.
        const what = n++ % 50 < 30 ? "pass" : fates[n % fates.length];
        if (what === "later") held.push(frame);
        else if (what !== "drop") arrives(frame);
        if (what === "twice") arrives(frame);
        if (held.length > 3) arrives(held.shift()!);
        return [];
      };
      sim.run(400_000, device);
      sim.command("stop", [...sim.flows.keys()]);
      sim.quiet(device);
      for (const [name, { slot, compiled }] of sim.flows) {
        const counters = sim.counters(name);
        const { received, duplicate, reordered } = expected.get(sim.memory.heads[slot]! >>> 0)!;
        expect(counters).toMatchObject({
          received,
          duplicate,
          reordered,
          corrupt: 0,
          stale: 0,
          inRing: 0,
          inFlight: 0,
        });
        expect(counters.lost).toBe(counters.sent - received);
        expect(counters.intended).toBe(counters.sent + counters.blocked + counters.missed);
        const own = sim.taken.filter(({ frame }) => headOf(frame) === sim.memory.heads[slot]! >>> 0);
        expect(own.map(({ frame }) => sequenceOf(frame))).toEqual(Array.from({ length: counters.sent }, (_, k) => k));
        expect(counters.sentBytes).toBe(own.reduce((sum, { frame }) => sum + frame.length + 4, 0));
        if (compiled.program.variants.length === 1) expect(counters.receivedBytes).toBe(received * 64);
        expect(counters.latencyNs).not.toBeNull();
      }
    }),
    { numRuns: 40 },
  );
});

it("where the ring is full, each slot is blocked, and what the ring has is told of each flow", () => {
  fc.assert(
    fc.property(fc.constantFrom([2.5], [1, 2.5], [0.4, 1, 2.5]), fc.nat(200_000), (mpps, ns) => {
      const sim = start(mpps);
      sim.run(50_000 + ns);
      sim.still.add(0);
      // Longer than the time between two looks at what the peer has taken.
      sim.run(2 * countersEveryNs);
      const names = [...sim.flows.keys()];
      const whileFull = names.map((name) => sim.counters(name));
      expect(whileFull.reduce((sum, { inRing }) => sum + inRing, 0)).toBe(256);
      expect(sim.snapshot().ports[0]!.inRing).toBe(256);
      sim.still.delete(0);
      sim.run(100_000);
      sim.command("stop", names);
      sim.quiet();
      for (const name of names) {
        const counters = sim.counters(name);
        expect(counters.blocked).toBeGreaterThan(0);
        expect(counters).toMatchObject({ lost: 0, inRing: 0, received: counters.sent });
        expect(counters.intended).toBe(counters.sent + counters.blocked + counters.missed);
      }
      const blocked = names.reduce((sum, name) => sum + sim.counters(name).blocked, 0);
      expect(sim.snapshot().ports[0]!.blocked).toBe(blocked);
      expect(sim.snapshot().ports[0]!.txFrames).toBe(sim.taken.length);
    }),
    { numRuns: 15 },
  );
});
