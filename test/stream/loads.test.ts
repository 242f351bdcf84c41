/** What streams come to together: rates in any unit, shares of a common load, and one mix of all their sizes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ownSizes,
  type StreamLoad,
  streamMeanBytes,
  streamPps,
  timelinesOf,
} from "../../src/stream/departures/loads.js";
import type { TrafficSpec, TrafficStream } from "../../src/stream/spec/traffic.js";
import { fixedSize, frameBits, meanFrameBytes, type Rate, simpleImix } from "../../src/units.js";
import { echo, GeneratorSim } from "../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../support/traffic-specs.js";

const size = fixedSize(128);
const percent = (share: number): Rate => ({ kind: "percent", share });
const bps = (bits: number, layer: 1 | 2 = 2): Rate => ({ kind: "bps", layer, bps: bits });
const streamsOf = (rates: readonly (Rate | null)[], sizes: readonly number[] = []): TrafficSpec =>
  trafficSpec(
    rates.map((rate, k) =>
      trafficStream({ name: `s${k}`, rate, size: sizes[k] === undefined ? null : fixedSize(sizes[k]) }),
    ),
  );
const paced = (pps: number, lineRateBps: number | null = null): StreamLoad => ({ kind: "paced", pps, lineRateBps });

describe("shares of a common load", () => {
  it("are the percentages of streams, whether the line is known or not", () => {
    const spec = streamsOf([percent(0.9), percent(0.1)]);
    for (const line of [null, 10e9]) {
      const pps = streamPps(spec, size, paced(100_000, line));
      expect(pps.map((each) => Math.round(each * 1e6) / 1e6)).toEqual([90_000, 10_000]);
      const [most, least] = streamPps(spec, size, { kind: "max", lineRateBps: line });
      expect(most! / least!).toBeCloseTo(9, 9);
    }
  });

  it("in percent and bits are of the line's time, so that small frames are more", () => {
    const half = streamPps(streamsOf([percent(0.5), percent(0.5)], [64, 1518]), size, paced(1_622));
    expect(half.map(Math.round)).toEqual([1_538, 84]);
    const bits = streamPps(streamsOf([bps(1e6), bps(1e6)], [64, 1518]), size, paced(1_582));
    expect(bits.map(Math.round)).toEqual([1_518, 64]);
  });

  it("cannot be told where percentages stand beside other units, and the line is not known", () => {
    const spec = streamsOf([percent(0.5), { kind: "pps", pps: 1000 }]);
    expect(() => streamPps(spec, size, paced(100))).toThrow(/50% of what/);
    expect(streamPps(spec, size, paced(100, 1e9))[0]).toBeCloseTo(99.76, 2);
  });

  it("cannot be told where some streams have a rate and some have none", () => {
    const spec = streamsOf([{ kind: "pps", pps: 1000 }, null]);
    expect(() => streamPps(spec, size, paced(100))).toThrow(/stream "s0" has a rate and this one has none/);
  });
});

it("streams of bits with sizes of their own come to the mean of the frames that they send", () => {
  const spec = streamsOf([bps(1e6), bps(1e6)], [64, 1518]);
  const mean = (2 * 64 * 1518) / (64 + 1518);
  for (const load of [{ kind: "own" }, { kind: "max" }, paced(5_000)] as const) {
    expect(meanFrameBytes(ownSizes(spec, load))).toBeCloseTo(mean, 3);
  }
});

const rate = fc.oneof(
  fc.integer({ min: 1_000, max: 50_000 }).map((pps): Rate => ({ kind: "pps", pps })),
  fc.integer({ min: 1, max: 50 }).map((mega): Rate => bps(mega * 1e6, 1)),
  fc.integer({ min: 1, max: 50 }).map((mega): Rate => bps(mega * 1e6, 2)),
  fc.integer({ min: 1, max: 100 }).map((share): Rate => percent(share / 1000)),
);
const ownSize = fc.constantFrom(fixedSize(64), fixedSize(300), fixedSize(1518), simpleImix);
const stream = fc.record({ rate, size: fc.oneof(ownSize, fc.constant(null)), weight: fc.integer({ min: 1, max: 9 }) });

/** All with rates, or none; all with sizes, or some. */
const anySpec: fc.Arbitrary<TrafficSpec> = fc
  .tuple(fc.array(stream, { minLength: 2, maxLength: 5 }), fc.boolean())
  .map(([streams, weights]) =>
    trafficSpec(
      streams.map((given, k): TrafficStream => {
        const changes = { ...given, rate: weights ? null : given.rate };
        return trafficStream({ ...changes, name: `s${k}` });
      }),
    ),
  );

const line = 1e9;
/** What a stream asks for, in its own unit. */
function askedBits(spec: TrafficSpec, k: number): number {
  const { rate: asked } = spec.streams[k]!;
  if (asked?.kind === "bps") return asked.bps;
  if (asked?.kind === "percent") return asked.share * line;
  return Number.NaN;
}

describe("for any streams, rates and loads", () => {
  it("each stream's own rate is what it asks for, in its own unit", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        if (spec.streams.some(({ rate: asked }) => asked === null)) return;
        const pps = streamPps(spec, size, { kind: "own", lineRateBps: line });
        for (const [k, each] of spec.streams.entries()) {
          const mean = streamMeanBytes(spec, each, size);
          if (each.rate?.kind === "pps") expect(pps[k]).toBe(each.rate.pps);
          else {
            const layer = each.rate?.kind === "bps" ? each.rate.layer : 1;
            expect((pps[k]! * frameBits(mean, layer)) / askedBits(spec, k)).toBeCloseTo(1, 9);
          }
        }
      }),
    );
  });

  it("a common load is shared as the rates, or weights, are, within one frame of each stream", () => {
    fc.assert(
      fc.property(anySpec, fc.integer({ min: 1_000, max: 200_000 }), (spec, totalPps) => {
        const load: StreamLoad = { kind: "paced", pps: totalPps, lineRateBps: line };
        const isWeighted = spec.streams[0]!.rate === null;
        const shares = isWeighted
          ? spec.streams.map(({ weight }) => weight)
          : streamPps(spec, size, { kind: "own", lineRateBps: line });
        const all = shares.reduce((sum, share) => sum + share, 0);
        const due = timelinesOf(spec, size, load).map((timeline) => timeline.dueBefore(100e6, 0));
        for (const [k, frames] of due.entries()) {
          expect(Math.abs(frames - (totalPps * 0.1 * shares[k]!) / all)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("what is said to be sent, of all and of each stream, are the bits that left; and those came back", () => {
    fc.assert(
      fc.property(anySpec, fc.constantFrom(1, 2), fc.boolean(), (spec, queues, common) => {
        const isWeighted = spec.streams[0]!.rate === null;
        const load: StreamLoad =
          common || isWeighted ? { kind: "paced", pps: 40_000, lineRateBps: line } : { kind: "own", lineRateBps: line };
        let bytes = 0;
        const sim = new GeneratorSim({ size: 1024, queues });
        const { transmit, receive } = sim.run(
          { stream: spec, size, load, count: null, durationNs: 20e6, settleNs: 5e6 },
          (frames, queue) => {
            for (const frame of frames) bytes += frame.length;
            return echo(frames, queue, 0);
          },
        );
        const sum = (list: readonly number[]): number => list.reduce((total, each) => total + each, 0);
        expect(sum(transmit.queues.map(({ sentBytes }) => sentBytes))).toBe(bytes);
        expect(sum(transmit.streams!.map(({ sentBytes }) => sentBytes))).toBe(bytes);
        expect(receive.receivedBytes).toBe(bytes);
        expect(receive.streams!.map(({ acceptedBytes }) => acceptedBytes)).toEqual(
          transmit.streams!.map(({ sentBytes }) => sentBytes),
        );
        for (const [k, { sent }] of transmit.streams!.entries()) {
          const pps = streamPps(spec, size, load)[k]!;
          expect(Math.abs(sent - pps * 0.02)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 25 },
    );
  });
});
