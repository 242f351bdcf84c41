/** What a method measures with: one trial at a time. A method cannot tell an open lab from a simulated one. */
import type { Trial } from "../result/run-result.js";
import type { Reason } from "../stats/cause.js";
import type { RateStep } from "../stream/departures/steps.js";
import type { FrameSize } from "../units.js";

/** What one trial is to do. Load and count are of each direction, over all its queues and streams. */
export interface MeasureRequest {
  readonly size: FrameSize;
  /** For the result: `throughput`, `latency 50 %`, … A trial named `forwarding` is judged as one (stats/verdict.ts). */
  readonly phase: string;
  /** As it stands in the result: `max`, `50%`, `2.5Gbps-l1`. */
  readonly rateText: string;
  /** Frames per second. null: as fast as the device takes them. Of steps: their mean. */
  readonly pps: number | null;
  /** One rate after another. Absent: one rate all the time. */
  readonly steps?: readonly RateStep[];
  /** Share of `pps` sent as a separate probe stream, reported separately. Absent: no probe. */
  readonly probePps?: number;
  /** When the device is reset, from the beginning. The trial ends when it forwards again. Absent: no reset. */
  readonly resetAtNs?: number;
  /** Loss ratios to decide between (outcome.ts). The trial may stop once the answer is known. */
  readonly lossGoals?: readonly number[];
  /** Infinity: until `count` frames are out, or until the run is interrupted. */
  readonly durationNs: number;
  /** null: until the time is over. */
  readonly count: number | null;
}

export interface Measurer {
  /** One trial; a result for each direction. Rejects with a PktgenError where it could not begin. */
  measure(request: MeasureRequest): Promise<readonly Trial[]>;
  /** null: another trial may follow. Else why not: the run was interrupted, the device went away. */
  ended(): Reason | null;
}
