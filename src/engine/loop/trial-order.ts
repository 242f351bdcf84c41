/** What the generator's thread is told to do in one trial, and what it answers, as plain data. */
import type { HistogramData } from "../../stats/histogram.js";
import type { PacingSummary } from "../../stats/pacing.js";
import type { ReorderExtent, SequenceRange } from "../../stats/sequence.js";
import type { SignedHistogramData } from "../../stats/signed-histogram.js";
import type { StreamLoad } from "../../stream/departures/loads.js";
import type { Traffic } from "../../stream/spec.js";
import type { FrameSize } from "../../units.js";

/** How frames leave: as fast as the peer takes them, or by a schedule. */
export type Load = StreamLoad;

export interface TrialSpec {
  /** Its id, which every frame's signature has, so that frames of other trials and runs are told apart (stream/frames/signature.ts). */
  readonly trial: number;
  /** The run has given out so many ids before this one, each one less than the next; absent: 0. */
  readonly trialsBefore?: number;
  readonly stream: Traffic;
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

/** Frames of one transmit queue. `published − outstanding` is what the peer took: sent. */
export interface QueueAccount {
  readonly queue: number;
  readonly published: number;
  readonly outstanding: number;
  /** bufferBytes of all published frames, and of those that the peer took. */
  readonly bytes: number;
  readonly sentBytes: number;
  /** Frames of an earlier trial, left in the ring, that the peer took in this one. */
  readonly carried: number;
}

/** Frames that came in on one receive queue, whatever they were. */
export interface ReceiveAccount {
  readonly queue: number;
  readonly packets: number;
  readonly bytes: number;
}

/** The transmit half of a trial. Times in ns from the trial's start. */
export interface TransmitReport {
  readonly queues: readonly QueueAccount[];
  /** Slots of the schedule that came due (paced), or frames handed over (max). */
  readonly intended: number;
  readonly late: number;
  readonly missed: number;
  /** Frames that found no free slot, or that the peer never took. */
  readonly blocked: number;
  /** Of those, the generator's own catching up. */
  readonly blockedOwn: number;
  /** How long frames were due and found no slot. */
  readonly blockedNs: number;
  /** When the last frame was due that found no slot by the peer's doing; −1: none did. */
  readonly lastBlockedNs: number;
  readonly firstNs: number;
  readonly lastNs: number;
  /** The transmit window: what rates are taken over. */
  readonly windowNs: number;
  readonly pacing: PacingSummary | null;
  /** Why it ended before its count or time: the peer stopped taking frames, it was told to, or it fell short. */
  readonly cutShort: "stopped" | "stuck" | "peer gone" | "short" | null;
  /** Stream by stream, where there are several. */
  readonly streams?: readonly StreamTransmit[];
}

/** What became of one stream's frames on the way out. */
export interface StreamTransmit {
  readonly sent: number;
  /** bufferBytes of these. */
  readonly sentBytes: number;
  readonly late: number;
  readonly missed: number;
  readonly blocked: number;
}

/** What came back of one stream. */
export interface StreamReceive {
  readonly accepted: number;
  /** bufferBytes of these, as they came back. */
  readonly acceptedBytes: number;
  readonly duplicate: number;
  readonly reordered: number;
  readonly tooOld: number;
  /** Of the damaged frames those whose signature says that they were this stream's. */
  readonly corrupt: number;
  /** The first runs of its numbers that did not come back. */
  readonly lostRanges: readonly SequenceRange[];
  /** Runs beyond those. */
  readonly lostRangesMore: number;
  /** null: nothing was reordered, or no extent is known. */
  readonly reorderExtent: ReorderExtent | null;
  /** null: nothing measured. */
  readonly latencyNs: StreamLatency | null;
  /** How much the latency of consecutive frames differs, whichever way (RFC 5481 §4.1); null: nothing measured. */
  readonly ipdvNs: StreamLatency | null;
  /** Accepted frames by the queue that they came in on. */
  readonly queues: readonly number[];
}

/** Accepted frames of one flow by the queue that they came out of. */
export interface FlowReceive {
  /** Which of the spec's streams. */
  readonly stream: number;
  /** Its addresses and ports; null: all of a stream whose flows are too many, or a program's. */
  readonly flow: string | null;
  readonly queues: readonly number[];
}

export interface FlowsReceive {
  readonly list: readonly FlowReceive[];
  /** Flows beyond those. */
  readonly more: number;
}

/** Percentiles from 16 buckets per power of two: at most 6.25 % above the true value. */
export interface StreamLatency {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Frames of this trial that did not come back as they left. */
export interface CorruptKinds {
  /** The signature's sum is wrong. */
  readonly signature: number;
  /** The DUT made them longer. */
  readonly padded: number;
  /** The DUT cut their end off. */
  readonly trimmed: number;
  /** With --integrity: a payload byte differs, or a damaged VLAN type hides where the payload begins. */
  readonly payload: number;
}

export interface FrameSample {
  readonly reason: string;
  readonly bytes: number;
  /** At most the first 128 bytes, hexadecimal. */
  readonly hex: string;
}

/** From the arrival before to the one after, since the trial's start. */
export interface Silence {
  readonly fromNs: number;
  readonly toNs: number;
}

/**
 * What came back within the receive window: the transmit window, moved by the time from the first departure to the
 * first arrival. So a delay takes nothing away from the rate, what a queue still holds when the sending ends adds
 * nothing to it, and every loss shows.
 */
export interface WindowArrivals {
  readonly frames: number;
  /** bufferBytes of these. */
  readonly bytes: number;
  /** As long as the transmit window; longer by the time in which overdue frames left after its end. */
  readonly windowNs: number;
}

/** The receive half of a trial. */
export interface ReceiveReport {
  readonly queues: readonly ReceiveAccount[];
  /** By the queue they were sent on; without signature, by the one they came in on. */
  readonly acceptedByQueue: readonly number[];
  /** By the queue they came in on. */
  readonly corruptByQueue: readonly number[];
  readonly received: number;
  /** bufferBytes of the frames received, as they came back. */
  readonly receivedBytes: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly reordered: number;
  readonly corrupt: number;
  readonly corruptKinds: CorruptKinds;
  readonly tooOld: number;
  /** Whole frames of other trials. */
  readonly stale: number;
  /** Of these, the ones of another run or generator. */
  readonly staleOfOthers: number;
  readonly foreign: number;
  /** null: whoever received does not know when the sending ended. */
  readonly inWindow: WindowArrivals | null;
  readonly lostRanges: readonly SequenceRange[];
  readonly lostRangesComplete: boolean;
  readonly reorderExtent: ReorderExtent | null;
  readonly latency: HistogramData | null;
  /** From the intended instead of the actual departure; null where nothing was scheduled. */
  readonly latencyIntended: HistogramData | null;
  readonly ipdv: SignedHistogramData | null;
  /** Of the probe; absent: there is none. */
  readonly probeLatency?: HistogramData;
  /** Of a frame that counts as received; −1: none came. */
  readonly firstArrivalNs: number;
  readonly lastArrivalNs: number;
  /**
   * When a frame left behind which no further one was lost; 0: none was, Infinity: the last one was, null: nobody can
   * tell, or the load was a steady one. Where it came back out of order, a little too late.
   */
  readonly lossUntilNs: number | null;
  /** The longest time between two arrivals in which nothing came; null: fewer than two came. */
  readonly silence: Silence | null;
  readonly firstCorrupt: readonly FrameSample[];
  readonly firstForeign: readonly FrameSample[];
  /** Stream by stream, where there are several. */
  readonly streams?: readonly StreamReceive[];
  /** Where frames may come out of more than one queue, and carry signatures. */
  readonly flows?: FlowsReceive;
  /** Numbers back to which duplicates are told from frames that are too old to say, where it is not 65,536. */
  readonly duplicateWindow?: number;
  /** Where somebody else sent: frames that came before they left, by the two clocks; these have no latency. */
  readonly early?: number;
}

/** The receive half of a trial whose frames somebody else sends. */
export interface ReceiveSpec {
  /** Of `order` what says how frames look; `load` and `settleNs` do not matter. */
  readonly order: TrialSpec;
  /** Given up when no frame of ours has come by then. */
  readonly waitNs: number;
  /** Over when none has come for so long. */
  readonly quietNs: number;
  /** Over so long after the first one; Infinity: no limit. */
  readonly durationNs: number;
  /** The id of `order` is not known: it is that of the first frame with a signature of its stream. */
  readonly pinsTrial: boolean;
}

export interface ReceiveOnlyReport {
  readonly receive: ReceiveReport;
  /** The trial's id; null: it was not known, and no frame said it. */
  readonly trial: number | null;
  /** By transmit queue: one more than the highest index seen. */
  readonly seenByQueue: readonly number[];
  /** From the start until the first frame; −1: none came. */
  readonly firstNs: number;
  readonly elapsedNs: number;
  readonly slept: boolean;
  readonly stopped: boolean;
}

export type ReceiveCommand =
  | { readonly kind: "receive"; readonly order: ReceiveSpec }
  | { readonly kind: "stop" }
  | { readonly kind: "report" };

/** A host at a port: what it answers for, and asks from. */
export interface ResponderSetup {
  readonly mac: string;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** The tag of its questions. */
  readonly vlan: number | null;
}

export interface TrialReport {
  readonly transmit: TransmitReport;
  readonly receive: ReceiveReport;
  /** The thread slept while it was sending, instead of polling. */
  readonly slept: boolean;
  /** Frames of this direction that came back where they had been sent; null: nobody looked there. */
  readonly returned: number | null;
  /** Questions of neighbours that were answered: on both ports where there is one direction, else on the receiving one. */
  readonly answered: number;
  /** Frames that the sending port sent beside the trial's: answers. */
  readonly beside: number;
  /** The longest time between two turns of the loop while it sent; absent: nobody looked. */
  readonly stoodStillNs?: number;
  /** Frames still came when the trial was given up. */
  readonly neverQuiet: boolean;
  /** From the start until nothing more came. */
  readonly elapsedNs: number;
  /** A fixed piece of work timed before and after, ns: what the machine's speed did meanwhile. */
  readonly calibrationNs: readonly [before: number, after: number];
}

/** Commands of the generator's job. `orders`: one for each direction, the forward one first. */
export type GeneratorCommand =
  | { readonly kind: "trial"; readonly orders: readonly TrialSpec[] }
  | { readonly kind: "stop" }
  /** Answers the median latency in ns through a direct loop: the generator's own share. */
  | { readonly kind: "floor"; readonly order: TrialSpec }
  /** Answers a TrialReport for each direction. */
  | { readonly kind: "report" }
  /** An errand: run the loop until it says done, then ask for its outcome. */
  | { readonly kind: "errand"; readonly errand: BetweenTask }
  | { readonly kind: "outcome" };

/** What the loop may be sent to do between trials, or after one before its report is asked for. */
export type BetweenTask =
  /** Takes what lies in the receive rings, into the trial's account where it has not been reported yet. */
  | { readonly kind: "drain" }
  /** Asks the neighbours of a port for the MAC address of `target`, from the address `from`. */
  | { readonly kind: "resolve"; readonly port: number; readonly target: string; readonly from: string }
  /** Runs a trial through a direct loop: all its code is at work, and nothing is sent on a port. */
  | { readonly kind: "rehearse"; readonly orders: readonly TrialSpec[] };

export interface BetweenOutcome {
  /** Frames that were taken, and sent. */
  readonly moved: number;
  /** Frames that stations sent in it and that are in no trial's account: questions and answers. */
  readonly beside: number;
  /** Of a resolution; null: nobody answered. */
  readonly mac: string | null;
}

/** Answer to `floor`, ns. */
export type FloorAnswer = number;

/** Events of the generator's job. */
export type GeneratorEvent = { readonly kind: "done" };

/** Slots of the generator's counters page. */
export const generatorCounter = {
  phase: 0,
  published: 1,
  received: 2,
  accepted: 3,
  corrupt: 4,
  elapsedNs: 5,
  missing: 6,
  slots: 8,
} as const;

export const generatorPhase = { idle: 0, sending: 1, settling: 2, done: 3 } as const;
