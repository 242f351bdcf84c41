/** A trial that is dealt round to several generators is the same trial: the same slots, the same frames. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ringMemory } from "../../src/memory.js";
import { Departures } from "../../src/stream/departures/departures.js";
import { timelinesOf } from "../../src/stream/departures/loads.js";
import { type DepartureSchedule, departureSchedule } from "../../src/stream/departures/schedule.js";
import { SteppedSchedule } from "../../src/stream/departures/steps.js";
import type { Timeline } from "../../src/stream/departures/timeline.js";
import { bufferBytesOf } from "../../src/stream/frames/program.js";
import { compileStream, referenceFrame, type StreamSchedule, signatureBytes } from "../../src/stream/index.js";
import { reverseFirstStream } from "../../src/stream/reverse.js";
import {
  countOf,
  firstStreamOf,
  framesOfFirst,
  placeOf,
  type Share,
  SharedSchedule,
  SharedTimeline,
  walkOf,
} from "../../src/stream/share.js";
import { fixedSize } from "../../src/units.js";
import { anyTrafficSpec, trafficSpec, trafficStream } from "../support/traffic-specs.js";

const size = fixedSize(128);
const generators = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100 }));
const sharesOf = (of: number): Share[] => Array.from({ length: of }, (_, index) => ({ index, of }));
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const pps = fc.oneof(
  fc.integer({ min: 1, max: 20_000_000 }),
  fc.double({ min: 0.5, max: 2e7, noNaN: true }),
  fc.constantFrom(1e9 / 3, 1e9),
);
const anySchedule: fc.Arbitrary<DepartureSchedule> = fc.oneof(
  fc.tuple(pps, fc.nat(1e6)).map(([rate, startNs]) => departureSchedule(rate, startNs)),
  fc
    .array(fc.record({ pps, durationNs: fc.integer({ min: 1, max: 1e6 }) }), { minLength: 1, maxLength: 4 })
    .map((steps) => SteppedSchedule.of(steps)),
);

describe("one stream's schedule", () => {
  it("has each slot in one share, at the same nanosecond", () => {
    fc.assert(
      fc.property(anySchedule, generators, fc.nat(1e9), (whole, of, slot) => {
        const share = { index: slot % of, of };
        expect(new SharedSchedule(whole, share).intendedNs(Math.floor(slot / of))).toBe(whole.intendedNs(slot));
      }),
    );
  });

  it("has as many slots due, at any time, in all shares together, and each share knows its own", () => {
    fc.assert(
      fc.property(anySchedule, generators, fc.nat(1e7), (whole, of, nowNs) => {
        const shares = sharesOf(of).map((share) => new SharedSchedule(whole, share));
        expect(sum(shares.map((share) => share.dueAt(nowNs)))).toBe(whole.dueAt(nowNs));
        expect(sum(shares.map((share) => share.slotsIn(nowNs + 1)))).toBe(whole.slotsIn(nowNs + 1));
        for (const share of shares) {
          const due = share.dueAt(nowNs);
          expect(due === 0 || share.intendedNs(due - 1) <= nowNs).toBe(true);
          expect(share.intendedNs(due) > nowNs).toBe(true);
        }
      }),
    );
  });
});

const streamPps = fc.integer({ min: 1000, max: 2_000_000 });
const schedules: fc.Arbitrary<StreamSchedule> = fc.oneof(
  fc.record({
    kind: fc.constant("continuous" as const),
    startNs: fc.option(fc.nat(10_000), { nil: null }),
    frames: fc.option(fc.integer({ min: 1, max: 50 }), { nil: null }),
  }),
  fc.record({
    kind: fc.constant("bursts" as const),
    startNs: fc.nat(10_000),
    frames: fc.integer({ min: 1, max: 9 }),
    bursts: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }),
    gapNs: fc.nat(20_000),
  }),
  fc.record({
    kind: fc.constant("ramp" as const),
    startNs: fc.nat(1000),
    fromShare: fc.constantFrom(0, 0.5),
    toShare: fc.constantFrom(1, 2),
    rampNs: fc.integer({ min: 1, max: 100_000 }),
  }),
  fc.record({
    kind: fc.constant("poisson" as const),
    startNs: fc.nat(1000),
    seed: fc.option(fc.nat(99), { nil: null }),
  }),
);
const loads = fc.oneof(
  fc.constant({ kind: "own" } as const),
  fc.constant({ kind: "max" } as const),
  streamPps.map((rate) => ({ kind: "paced", pps: rate }) as const),
  fc
    .array(fc.record({ pps: streamPps, durationNs: fc.integer({ min: 1000, max: 100_000 }) }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((steps) => ({ kind: "stepped", steps }) as const),
);
/** Streams with rates of their own, and a load; timelines are made anew each time, as Poisson's go forwards only. */
const manyTimelines = fc
  .tuple(fc.array(fc.tuple(schedules, streamPps), { minLength: 1, maxLength: 5 }), loads, fc.nat(1000))
  .map(([streams, load, seed]) => {
    const spec = trafficSpec(
      streams.map(([schedule, rate], k) =>
        trafficStream({ name: `s${k}`, schedule, rate: { kind: "pps", pps: rate } }),
      ),
      { seed },
    );
    return (): readonly Timeline[] => timelinesOf(spec, size, load);
  });

/** The first frames in their order: when, which stream, which of its frames. */
function firstDepartures(timelines: readonly Timeline[], most: number): [ns: number, stream: number, slot: number][] {
  const departures = new Departures(timelines);
  const found: [number, number, number][] = [];
  for (; found.length < most && departures.nextNs !== Number.POSITIVE_INFINITY; departures.advance()) {
    found.push([departures.nextNs, departures.stream, departures.slot]);
  }
  return found;
}

describe("the departures of many streams", () => {
  it("are those of all shares together, at the same nanosecond", () => {
    fc.assert(
      fc.property(manyTimelines, fc.integer({ min: 1, max: 7 }), (make, of) => {
        const whole = firstDepartures(make(), 300);
        const parts = sharesOf(of).flatMap((share) =>
          firstDepartures(
            make().map((timeline) => new SharedTimeline(timeline, share)),
            300,
          ).map(([ns, stream, slot]): [number, number, number] => [ns, stream, placeOf(slot, share)]),
        );
        const sorted = parts.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]).slice(0, whole.length);
        expect(sorted).toEqual(whole);
      }),
    );
  });

  it("are counted alike: what is due before a time, and what is among the first so many", () => {
    fc.assert(
      fc.property(manyTimelines, fc.integer({ min: 1, max: 7 }), fc.nat(200_000), (make, of, ns) => {
        const due = make().map((timeline) => timeline.dueBefore(ns, 0));
        const parts = sharesOf(of).map((share) =>
          make().map((timeline) => new SharedTimeline(timeline, share).dueBefore(ns, 0)),
        );
        expect(due.map((_, stream) => sum(parts.map((part) => part[stream]!)))).toEqual(due);
      }),
    );
    fc.assert(
      fc.property(manyTimelines, fc.nat(250), (make, count) => {
        const first = firstDepartures(make(), count);
        const expected = make().map((_, s) => first.filter(([, stream]) => stream === s).length);
        const found = framesOfFirst(make(), count);
        expect(sum(found)).toBe(first.length);
        // A load in steps rounds twice: its order may differ where two frames leave at one moment.
        expect(found.every((frames, s) => Math.abs(frames - expected[s]!) <= 1)).toBe(true);
      }),
    );
  });
});

it("frames of a share are those of the whole with every of-th number, byte for byte but for the signature", () => {
  const stamp = { trial: 0x9abc03, stream: 0, sequence: 0, timeNs: 0 };
  fc.assert(
    fc.property(anyTrafficSpec, generators, fc.nat(), fc.nat(1000), (spec, of, i, k) => {
      const share = { index: i % of, of };
      const program = compileStream(spec, size);
      const memory = ringMemory(new ArrayBuffer(16_384));
      const walk = walkOf(0, 1, share);
      const cursor = program.changes ? program.cursor(walk.first, walk.step) : null;
      for (let n = 0; n < 5; n++) {
        const index = placeOf(n, share);
        const variant = program.pattern[index % program.pattern.length]!;
        program.render(memory, 0, variant);
        cursor?.touch(memory, Uint32Array.of(0), Uint16Array.of(variant), 1);
        const expected = referenceFrame(spec, size, index, stamp);
        const end = expected.length - (program.signed ? signatureBytes : 0);
        if (!program.seals) expect(Buffer.compare(memory.u8.subarray(0, end), expected.subarray(0, end))).toBe(0);
      }
      const bytes = sharesOf(of).map((each) => {
        const { first, step } = walkOf(0, 1, each);
        return bufferBytesOf(program, first, step, countOf(k, each));
      });
      expect(sum(bytes)).toBe(bufferBytesOf(program, 0, 1, k));
    }),
    { numRuns: 200 },
  );
});

it("blocks of stream numbers do not overlap, stay in their direction, and end with an error where there are no more", () => {
  fc.assert(
    fc.property(
      generators,
      fc.integer({ min: 1, max: 10_000 }),
      fc.constantFrom(0, reverseFirstStream),
      (of, streams, first) => {
        const firsts = sharesOf(of).map((share) => firstStreamOf(first, streams, share));
        expect(firsts).toEqual(sharesOf(of).map(({ index }) => first + index * streams));
        expect(firsts.at(-1)! + streams).toBeLessThanOrEqual(first + reverseFirstStream);
      },
    ),
  );
  expect(() => firstStreamOf(0, 100_000, { index: 0, of: 100 })).toThrow(/100 generators of 100000 streams/);
});
