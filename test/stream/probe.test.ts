/** A probe is a stream of its own beside others. */

import { describe, expect, it } from "vitest";
import { streamPps } from "../../src/stream/departures/loads.js";
import { withProbe } from "../../src/stream/probe.js";
import { fixedSize } from "../../src/units.js";
import { echo, GeneratorSim } from "../support/generator-sim.js";
import { defaultTraffic } from "../support/plain.js";
import { trafficSpec, trafficStream } from "../support/traffic-specs.js";

const size = fixedSize(128);
const load = (pps: number) => ({ kind: "paced", pps }) as const;
const pps = (spec: ReturnType<typeof withProbe>, total: number): readonly number[] =>
  streamPps(spec, size, { kind: "paced", pps: total });

describe("a probe", () => {
  it("is a stream beside plain traffic, which keeps its load", () => {
    const spec = withProbe(defaultTraffic, size, load(90_000), 1_000);
    expect(spec.streams.map(({ name }) => name)).toEqual(["plain", "probe"]);
    expect(pps(spec, 91_000).map(Math.round)).toEqual([90_000, 1_000]);
    expect(spec.streams[1].layers).toEqual(spec.streams[0].layers);
  });

  it("is one more beside streams, which share the load as they did", () => {
    const streams = [trafficStream({ name: "probe", weight: 3 }), trafficStream({ name: "b", weight: 1 })];
    const spec = withProbe(trafficSpec(streams), size, load(8_000), 500);
    expect(new Set(spec.streams.map(({ name }) => name)).size).toBe(3);
    expect(pps(spec, 8_500).map(Math.round)).toEqual([6_000, 2_000, 500]);
  });

  it("has a latency of its own, as exact as that of all frames", () => {
    const sim = new GeneratorSim();
    const stream = withProbe(defaultTraffic, size, load(40_000), 1_000);
    const order = { stream, size, load: { kind: "paced", pps: 41_000 }, count: null, durationNs: 50e6, hasProbe: true };
    const { transmit, receive } = sim.run(order as Parameters<typeof sim.run>[0], echo);
    expect(transmit.streams!.map(({ sent }) => sent)).toEqual([2_000, 50]);
    // Sum, least, most, then a count per bucket.
    const counts = [...receive.probeLatency!].slice(3);
    expect(counts.reduce((total, count) => total + count, 0)).toBe(50);
    expect(receive.streams!.at(-1)!.latencyNs!.max).toBe(receive.probeLatency![2]);
  });
});
