/**
 * What a method measures on: one trial at a time, whatever stands behind it. A method cannot tell an open lab from a
 * simulated one.
 */
import type { Trial } from "../result/run-result.js";
import type { RateStep } from "../stream/departures/steps.js";
import type { FrameSize } from "../units.js";

/** One trial. Load and count are of each direction, over all its queues. */
export interface BenchRequest {
  readonly size: FrameSize;
  /** For the result: `throughput`, `latency 50 %`, … */
  readonly phase: string;
  /** As it stands in the result: `max`, `1.5Mpps`. */
  readonly rateText: string;
  /** null: as fast as frames are taken. Of steps, their mean. */
  readonly pps: number | null;
  /** One rate after another; absent: one all the time. */
  readonly steps?: readonly RateStep[];
  /** Of `pps`, so many are a stream of their own, whose latency is a figure apart; absent: none. */
  readonly probePps?: number;
  /** The device is reset so long after the beginning; the trial ends when it forwards again. Absent: it is not. */
  readonly resetAtNs?: number;
  /** Infinity: until `count` frames are out, or until it is interrupted. */
  readonly durationNs: number;
  readonly count: number | null;
  /** All that the trial is for is on which side of these loss ratios it lies (see outcome.ts). */
  readonly lossGoals?: readonly number[];
}

export interface Bench {
  /** One trial; a result for each direction. Rejects with a PktgenError where it could not begin. */
  measure(request: BenchRequest): Promise<readonly Trial[]>;
  /** null: another trial may follow. Else why none can: interrupted, the device went away. */
  ended(): string | null;
}
