/** Many streams side by side: their frames against the reference, and the order in which they leave. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { ringMemory } from "../../src/memory.js";
import { Departures } from "../../src/stream/departures/departures.js";
import { Bursts, Continuous, Poisson, Ramp, type Timeline } from "../../src/stream/departures/timeline.js";
import { resolvedFrame } from "../../src/stream/frames/interpret.js";
import { resolveStream } from "../../src/stream/frames/resolve.js";
import { StreamFrames } from "../../src/stream/frames/stream-frames.js";
import { compileTraffic, type TrafficSpec } from "../../src/stream/index.js";
import type { EachFrame } from "../../src/stream/program/frame.js";
import { placeOf, type Share } from "../../src/stream/share.js";
import { fixedSize } from "../../src/units.js";
import { anyTrafficSpec, trafficSpec } from "../support/traffic-specs.js";

const size = fixedSize(128);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const eachFrame: EachFrame = (frame, index) => {
  frame.set16(100, index & 0xffff);
};

/** Different streams, some of them twice, so that there are shapes of several streams; the last may be a program. */
const manyStreams = fc
  .tuple(fc.array(anyTrafficSpec, { minLength: 1, maxLength: 5 }), fc.nat(9), fc.nat())
  .map(([specs, copies, seed]): TrafficSpec => {
    const once = specs.map(({ streams }) => streams[0]!);
    const again = Array.from({ length: copies }, (_, k) => once[k % once.length]!);
    const streams = [...once, ...again].map((stream, k) => ({ ...stream, name: `s${k}` }));
    return trafficSpec(streams, { seed });
  });

/** A whole trial, or one of several generators' share of it. */
const anyShare = fc
  .tuple(fc.constantFrom(1, 1, 2, 3, 100), fc.nat())
  .map(([of, index]): Share => ({ index: index % of, of }));

it("frames of many streams, in any order over the same buffers, are byte for byte the reference", () => {
  const order = fc.array(fc.tuple(fc.nat(), fc.nat(3)), { minLength: 10, maxLength: 60 });
  fc.assert(
    fc.property(
      manyStreams,
      order,
      fc.integer({ min: 1, max: 3 }),
      fc.nat(2),
      anyShare,
      (spec, steps, queues, q, share) => {
        const queue = q % queues;
        const programs = spec.streams.map((stream, k) =>
          k === spec.streams.length - 1 && stream.fields.length === 0 ? eachFrame : null,
        );
        const compiled = compileTraffic(spec, size, programs);
        const resolved = spec.streams.map((_, k) => resolveStream(spec, k, size, programs[k]));
        const numbers = { trial: 0x9abc03, firstStream: 7, startSequence: 2 ** 32 - 9 };
        const start = { programs: compiled, queue, queues, share, ...numbers };
        const frames = new StreamFrames(start);
        const memory = ringMemory(new ArrayBuffer(4096));
        const primed = [0, 0, 0, 0];
        const sent = spec.streams.map(() => 0);
        for (const [s, slot] of steps) {
          const stream = s % spec.streams.length;
          const at = slot * 1000 + 3;
          const bytes = frames.bytesOf(frames.nextSize(stream));
          primed[slot] = frames.make(memory, stream, at, primed[slot]!, 123_456, 5);
          const index = queue + sent[stream]++ * queues;
          const sequence = start.startSequence + index;
          const stamp = { trial: 0x9abc03, stream: 7 + stream, sequence, timeNs: 5 * 2 ** 32 + 123_456 };
          expect(`${stream} ${index}: ${hex(memory.u8.subarray(at, at + bytes))}`).toBe(
            `${stream} ${index}: ${hex(resolvedFrame(resolved[stream]!, placeOf(index, share), stamp))}`,
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});

const pps = fc.oneof(
  fc.integer({ min: 1, max: 1000 }),
  fc.double({ min: 0.5, max: 2e6, noNaN: true }),
  fc.constant(3e8),
);
const startNs = fc.nat(10_000);
const frames = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Number.POSITIVE_INFINITY));
/** Made twice: Poisson's arrivals only go forwards. */
const anyTimeline: fc.Arbitrary<() => Timeline> = fc.oneof(
  fc.tuple(pps, startNs, frames).map((of) => () => new Continuous(...of)),
  fc
    .tuple(pps, startNs, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), startNs)
    .map((of) => () => new Bursts(...of)),
  fc.tuple(startNs, pps, fc.constant(0), fc.integer({ min: 1, max: 1_000_000 })).map((of) => () => new Ramp(...of)),
  fc.tuple(pps, startNs, fc.nat()).map((of) => () => new Poisson(...of)),
);

it("streams leave in the order of their times, equal ones in the order of the streams, each at its own exact times", () => {
  fc.assert(
    fc.property(fc.array(anyTimeline, { minLength: 1, maxLength: 40 }), (timelines) => {
      const departures = new Departures(timelines.map((make) => make()));
      const again = timelines.map((make) => make());
      const slots = again.map(() => 0);
      for (let n = 0; n < 300; n++) {
        const next = again.map((timeline, stream) => ({
          stream,
          dueNs: slots[stream]! < timeline.frames ? timeline.dueNs(slots[stream]!) : Number.POSITIVE_INFINITY,
        }));
        const first = next.reduce((best, one) => (one.dueNs < best.dueNs ? one : best));
        expect(departures.nextNs).toBe(first.dueNs);
        if (first.dueNs === Number.POSITIVE_INFINITY) break;
        expect([departures.stream, departures.slot]).toEqual([first.stream, slots[first.stream]]);
        slots[first.stream]!++;
        departures.advance();
      }
    }),
    { numRuns: 200 },
  );
});

it("a continuous stream's times are its schedule's after a million frames, too", () => {
  for (const rate of [1, 3, 999, 1_488_095.238, 7_777_777, 123.456, 1e9, 0.37]) {
    const departures = new Departures([new Continuous(rate, 5, Number.POSITIVE_INFINITY)]);
    for (let n = 0; n < 1_000_000; n++) departures.advance();
    expect(departures.nextNs).toBe(new Continuous(rate, 5, Number.POSITIVE_INFINITY).dueNs(1_000_000));
  }
});

it("what is due before a time is counted for each stream", () => {
  const departures = new Departures([new Continuous(1000, 0, 10), new Continuous(500, 0, Number.POSITIVE_INFINITY)]);
  for (let n = 0; n < 5; n++) departures.advance();
  const due = new Float64Array(2);
  expect(departures.dueBefore(20_000_000, due)).toBe(15);
  expect([...due]).toEqual([7, 8]);
});
