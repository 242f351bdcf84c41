/** What a golden capture holds, made by a given way of making frames. */
import { type CapturedFrame, writeCapture } from "../../src/pcap/index.js";
import { departureSchedule, fixedTrial, type Stamp, type TrafficSpec, trafficOf } from "../../src/stream/index.js";
import type { FrameSize } from "../../src/units.js";
import type { GoldenSpec } from "./golden-specs.js";

export type MakeFrame = (spec: TrafficSpec, size: FrameSize, index: number, stamp: Stamp) => Uint8Array;

/** 2023-11-14 22:13:20 UTC: any fixed moment, for the records' times. */
const startSeconds = 1_700_000_000;

/**
 * One trial per size, one after the other, at 1 Mpps from time 0; trial numbers from 1, stream 0. With many flows,
 * the first half of the frames is from flow 0 on and the rest around the first change of the source address.
 */
export function goldenCapture(golden: GoldenSpec, makeFrame: MakeFrame): Uint8Array {
  const { spec, framesPerSize } = golden;
  const traffic = trafficOf(spec);
  const schedule = departureSchedule(1_000_000, 0);
  const frames: CapturedFrame[] = [];
  for (const [trialIndex, size] of spec.sizes.entries()) {
    for (let i = 0; i < framesPerSize; i++) {
      const timeNs = schedule.intendedNs(frames.length);
      const late = spec.flows > 32_768 && i >= framesPerSize / 2;
      const index = late ? 32_768 - framesPerSize * 0.75 + i : i;
      const bytes = makeFrame(traffic, size, index, {
        trial: fixedTrial(trialIndex + 1),
        stream: 0,
        sequence: index,
        timeNs,
      });
      frames.push({ seconds: startSeconds, nanoseconds: timeNs, originalBytes: bytes.length, bytes });
    }
  }
  return writeCapture(frames);
}
