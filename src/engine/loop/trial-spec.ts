/** What a trial is told: how frames look, when they leave and when it is over, as plain data. */
import type { StreamLoad } from "../../stream/departures/loads.js";
import type { Share } from "../../stream/share.js";
import type { TrafficSpec } from "../../stream/spec/traffic.js";
import type { FrameSize } from "../../units.js";

/** How frames leave: as fast as the peer takes them, or by a schedule. */
export type Load = StreamLoad;

export interface TrialSpec {
  /**
   * Which share of the trial this is. Stream, load and time are the whole trial's then; count, queues and first stream
   * are the share's own. Absent: all of it.
   */
  readonly share?: Share;
  /** Its id. Every frame's signature has it, so that frames of other trials are known (stream/frames/signature.ts). */
  readonly trial: number;
  /** How many ids the run gave out before this one, each one less than the next; absent: 0. */
  readonly trialsBefore?: number;
  readonly stream: TrafficSpec;
  /** The number of its first stream in signatures; absent: 0. The reverse direction has another. */
  readonly firstStream?: number;
  /** The last stream is a probe: its latency is kept as exactly as that of all streams together. */
  readonly hasProbe?: boolean;
  /** The frames' size: one size, or a mix. */
  readonly size: FrameSize;
  /** Queue pairs in use: frame i goes to queue i mod queues. */
  readonly queues: number;
  readonly startSequence: number;
  readonly load: Load;
  /** Frames to send in all; null: until the time is over. */
  readonly count: number | null;
  /** Of a share that has a count: frames that all shares send together. Absent: this is no share. */
  readonly wholeCount?: number;
  /** Infinity: until stopped. With a count: no limit either. */
  readonly durationNs: number;
  /** The trial is over when nothing has arrived for this time (RFC 2544 §23 asks for 2 s). */
  readonly settleNs: number;
  /** Waits `settleNs` even if every frame is back; absent: such a trial is over sooner. */
  readonly settlesWhole?: boolean;
  /** Compare every payload byte, too. */
  readonly integrity: boolean;
  /** The peer may go away and come back. Frames due meanwhile are blocked, and the trial goes on. */
  readonly outlastsPeer?: boolean;
  /** Ends the trial once the generator has fallen so far short that the verdict can only be invalid. */
  readonly endsWhenShort?: boolean;
  /** The share of the load that may be missing before that; absent: the usual tolerance. */
  readonly rateTolerance?: number;
  /** There are more pollers than CPUs: the thread yields instead of spinning until the next departure. */
  readonly cooperative: boolean;
  /**
   * Another process has the other half of the trial. Stamps are times of a clock that is this far ahead of
   * CLOCK_MONOTONIC (modulo 2^48 ns), and do not count from the trial's start. Absent: one thread has both halves.
   */
  readonly clockAheadNs?: number;
  /** Several measurers make the trial: its report has what merging them needs (stats/merge). */
  readonly forMerging?: boolean;
  /** Senders and receivers are different hosts. Absent: this generator receives what it sends. */
  readonly flow?: FlowRole;
}

/** What one host does in a trial whose frames go from host to host. Each sender has a share of it. */
export interface FlowRole {
  /** It sends the spec's share; else it has none, and the spec's share only says how many there are. */
  readonly sends: boolean;
  /** The shares whose frames should come in here. Those of all others have strayed. */
  readonly from: readonly number[];
}

/** What to add to the departure times of a sender to have ours, both since the trial began at each host. */
export interface SenderSkew {
  readonly share: number;
  readonly aheadNs: number;
  /** By how much more for each second of ours, in parts per billion. */
  readonly ratePpb: number;
}

/** What a sender sent in all, by its transmit queue. */
export interface SenderTotal {
  readonly share: number;
  readonly frames: number;
}

/** The receiving half of a trial whose frames another process sends. */
export interface ReceiveSpec {
  /** The sender's spec: it says how frames look. `load` and `settleNs` do not matter. */
  readonly sent: TrialSpec;
  /** Gives up when no frame of ours has come in this time. */
  readonly waitNs: number;
  /** The trial is over when no frame has come for this time. */
  readonly quietNs: number;
  /** The trial is over this long after the first frame; Infinity: no limit. */
  readonly durationNs: number;
  /** The id of `sent` is unknown: the first frame with a signature of its stream says it. */
  readonly pinsTrial: boolean;
}
