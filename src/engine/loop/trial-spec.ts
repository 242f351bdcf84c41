/** What a trial is told: how frames look, when they leave and when it is over, as plain data. */
import type { StreamLoad } from "../../stream/departures/loads.js";
import type { TrafficSpec } from "../../stream/spec/traffic.js";
import type { FrameSize } from "../../units.js";

/** How frames leave: as fast as the peer takes them, or by a schedule. */
export type Load = StreamLoad;

export interface TrialSpec {
  /** Its id, which every frame's signature has, so that frames of other trials and runs are told apart (stream/frames/signature.ts). */
  readonly trial: number;
  /** The run has given out so many ids before this one, each one less than the next; absent: 0. */
  readonly trialsBefore?: number;
  readonly stream: TrafficSpec;
  /** The number of its first stream in signatures; absent: 0. Another for the reverse direction. */
  readonly firstStream?: number;
  /** The last stream is a probe: its latency is kept as exactly as that of all together. */
  readonly hasProbe?: boolean;
  /** What one frame after the other measures: one size, or a mix. */
  readonly size: FrameSize;
  /** Queue pairs in use: frame i goes to queue i mod queues. */
  readonly queues: number;
  readonly startSequence: number;
  readonly load: Load;
  /** Frames to send in all; null: until the time is over. */
  readonly count: number | null;
  /** Infinity: until stopped. With a count: no limit either. */
  readonly durationNs: number;
  /** The trial is over when nothing has arrived for so long (RFC 2544 §23 asks for 2 s). */
  readonly settleNs: number;
  /** So long also where every frame is back already; absent: such a trial is over sooner. */
  readonly settlesWhole?: boolean;
  /** Compare every payload byte, too. */
  readonly integrity: boolean;
  /** The peer may go away in the middle and come back: what is due meanwhile is blocked, and the trial goes on. */
  readonly outlastsPeer?: boolean;
  /** Ends as soon as the generator has fallen so far short that the verdict can only be invalid: no time is lost on it. */
  readonly endsWhenShort?: boolean;
  /** So large a share of the load may be missing before that is so; absent: the usual one. */
  readonly rateTolerance?: number;
  /** More pollers than CPUs: give way instead of spinning until the next departure. */
  readonly cooperative: boolean;
  /**
   * Somebody else has the other half of the trial: stamps are not counted from its start, but are times of this clock,
   * which is so far ahead of CLOCK_MONOTONIC (modulo 2^48 ns). Absent: one thread does both.
   */
  readonly clockAheadNs?: number;
}

/** The receive half of a trial whose frames somebody else sends. */
export interface ReceiveSpec {
  /** Of `order` what says how frames look; `load` and `settleNs` do not matter. */
  readonly sent: TrialSpec;
  /** Given up when no frame of ours has come by then. */
  readonly waitNs: number;
  /** Over when none has come for so long. */
  readonly quietNs: number;
  /** Over so long after the first one; Infinity: no limit. */
  readonly durationNs: number;
  /** The id of `order` is not known: it is that of the first frame with a signature of its stream. */
  readonly pinsTrial: boolean;
}
