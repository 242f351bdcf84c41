/**
 * A probe next to a load: one more stream of a low rate. Its frames look like the first stream's and differ only in
 * their stream number. So they meet what the load's frames meet.
 */
import type { FrameSize } from "../units.js";
import { type StreamLoad, streamPps } from "./departures/loads.js";
import { continuous, type TrafficSpec, withStreams } from "./spec/traffic.js";

/** The probe is the last stream. `load` is that of the others together. */
export function withProbe(spec: TrafficSpec, size: FrameSize, load: StreamLoad, probePps: number): TrafficSpec {
  const rates = streamPps(spec, size, load);
  const streams = spec.streams.map((stream, k) => ({ ...stream, rate: { kind: "pps", pps: rates[k] } as const }));
  const names = new Set(spec.streams.map(({ name }) => name));
  const name =
    ["probe", "probe stream", "probe of pktgen-ts"].find((word) => !names.has(word)) ?? `probe ${names.size}`;
  const [first] = spec.streams;
  const probe = { ...first, name, rate: { kind: "pps", pps: probePps } as const, schedule: continuous };
  return withStreams(spec, [...streams, probe]);
}
