/** The frames of several streams leave in the order of their times. */
import { expect, it } from "vitest";
import { departingFrames } from "../../src/stream/departing.js";
import { offeredPps } from "../../src/stream/departures/loads.js";
import { fixedTrial, referenceFrame } from "../../src/stream/index.js";
import { fixedSize } from "../../src/units.js";
import { trafficSpec, trafficStream } from "../support/traffic-specs.js";

const own = { kind: "own", lineRateBps: null } as const;
const spec = trafficSpec([
  trafficStream({
    name: "a",
    rate: { kind: "pps", pps: 3000 },
    fields: [
      { target: { field: "udp.srcPort" }, change: { kind: "random", min: 0, max: 999, seed: null, limit: null } },
    ],
  }),
  trafficStream({
    name: "b",
    rate: { kind: "pps", pps: 1000 },
    schedule: { kind: "bursts", startNs: 5e6, frames: 10, bursts: 3, gapNs: 1e6 },
  }),
]);

it("frames leave in the order of their times, each as the reference makes it", () => {
  const frames: { stream: number; index: number; timeNs: number; bytes: Uint8Array }[] = [];
  for (const frame of departingFrames(spec, fixedSize(128), own)) {
    if (frame.timeNs >= 50e6) break;
    frames.push(frame);
  }
  expect(frames.filter(({ stream }) => stream === 0).length).toBe(150);
  expect(frames.filter(({ stream }) => stream === 1).length).toBe(30);
  frames.reduce((before, frame) => {
    expect(frame.timeNs).toBeGreaterThanOrEqual(before);
    const { stream, index, timeNs } = frame;
    const expected = referenceFrame(
      spec,
      fixedSize(128),
      index,
      { trial: fixedTrial(1), stream, sequence: index, timeNs },
      { stream },
    );
    expect(Buffer.compare(frame.bytes, expected)).toBe(0);
    return frame.timeNs;
  }, 0);
});

it("says what is offered in a time, gaps and beginnings counted", () => {
  expect(offeredPps(spec, fixedSize(128), own, 50e6)).toBe(3600);
  expect(offeredPps(spec, fixedSize(128), own, null)).toBe(4000);
});
