/** What a trial reports, as plain data: what was sent, and what came back. Times are in ns since the trial began. */

import type { HistogramData } from "./histogram.js";
import type { Inexact } from "./merge/part.js";
import type { PacingData, PacingSummary } from "./pacing.js";
import type { ReorderExtent, ReorderRuns } from "./reordering.js";
import type { SequenceRange } from "./run-collector.js";
import type { LaneAccepted } from "./sequence-table.js";
import type { SignedHistogramData } from "./signed-histogram.js";
import type { SmallData, SmallSummary } from "./small-histograms.js";

/** Frames of one transmit queue. Sent is what the peer took: `published − outstanding`. */
export interface TransmitQueueReport {
  readonly queue: number;
  readonly published: number;
  readonly outstanding: number;
  /** bufferBytes of all published frames, and of the frames that the peer took. */
  readonly bytes: number;
  readonly sentBytes: number;
  /** Frames of an earlier trial, left in the ring, that the peer took in this one. */
  readonly carried: number;
}

/** Frames that came in on one receive queue, whatever they were. */
export interface ReceiveQueueReport {
  readonly queue: number;
  readonly packets: number;
  readonly bytes: number;
}

/** The time that rates of what was sent are taken over. */
export interface TransmitWindow {
  readonly fromNs: number;
  readonly toNs: number;
  /** How much of it lies behind the last slot of the schedule, if there was one: a gap. 0: it does not end with a slot. */
  readonly gapNs: number;
}

/** The sending half of a trial. */
export interface TransmitReport {
  readonly queues: readonly TransmitQueueReport[];
  /** Slots of the schedule that came due (paced), or frames handed over (max). */
  readonly intended: number;
  readonly late: number;
  readonly missed: number;
  /** Frames that found no free slot, or that the peer never took. */
  readonly blocked: number;
  /** Blocked frames that are the generator's own catching up. */
  readonly blockedOwn: number;
  /** How long frames were due and found no slot. */
  readonly blockedNs: number;
  /** When the last frame was due that the peer gave no slot; −1: it gave one to each. */
  readonly lastBlockedNs: number;
  readonly firstNs: number;
  readonly lastNs: number;
  /** The transmit window: the time that rates are taken over. */
  readonly windowNs: number;
  /** Where it lies. For merging; absent: nobody asked. */
  readonly window?: TransmitWindow;
  readonly pacing: PacingSummary | null;
  /** What the summary is made of. For merging; absent: nobody asked, or nothing was paced. */
  readonly pacingData?: PacingData;
  /** Why it ended before its count or time; null: it did not. */
  readonly cutShort: "stopped" | "stuck" | "peer gone" | "short" | null;
  /** By stream; absent: there is one only. */
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
  /** Damaged frames whose signature says that they are of this stream. */
  readonly corrupt: number;
  /** The first runs of numbers that did not come back. */
  readonly lostRanges: readonly SequenceRange[];
  /** Runs beyond those. */
  readonly lostRangesMore: number;
  /** As the trial's. */
  readonly longestLost?: number | undefined;
  /** null: nothing was reordered, or no extent is known. */
  readonly reorderExtent: ReorderExtent | null;
  /** Absent: not known. */
  readonly reorderRuns?: ReorderRuns | undefined;
  /** null: nothing measured. */
  readonly latencyNs: SmallSummary | null;
  /** How much the latency of consecutive frames differs, as a magnitude (RFC 5481 §4.1); null: nothing measured. */
  readonly ipdvNs: SmallSummary | null;
  /** Its histogram. Absent: nothing measured, more streams than `streamHistogramsKept`, or it is in `samples`. */
  readonly latencyBuckets?: readonly (readonly [upToNs: number, frames: number])[];
  /** What these two are made of. For merging; absent: nobody asked. */
  readonly samples?: StreamSamples;
  /** Accepted frames by the queue that they came in on. */
  readonly queues: readonly number[];
}

/** Streams of a trial whose histograms a report has: of thousands it would have megabytes. */
export const streamHistogramsKept = 64;

/** Flows that a report lists. */
export const flowsKept = 1024;

/** Accepted frames of one flow by the queue that they came out of. */
export interface FlowReceive {
  /** Which of the spec's streams. */
  readonly stream: number;
  /** Its addresses and ports; null: all frames of a stream with too many flows, or of a program. */
  readonly flow: string | null;
  readonly queues: readonly number[];
}

export interface FlowsReceive {
  readonly list: readonly FlowReceive[];
  /** Flows beyond those. */
  readonly more: number;
}

export interface StreamSamples {
  readonly latency: SmallData | null;
  readonly ipdv: SmallData | null;
}

/** What one measurer saw of a lane: one stream on one transmit queue, its own or another measurer's. */
export interface LaneSeen extends LaneAccepted {
  /** As the whole trial numbers streams and queues. */
  readonly stream: number;
  readonly queue: number;
  /** Frames of the lane that the peer took; null: another measurer sent them. */
  readonly sent: number | null;
  /** bufferBytes of the accepted frames. */
  readonly acceptedBytes: number;
}

/**
 * Whole frames that another measurer of the trial sent. They are in `received`, `receivedBytes` and `queues`, and in no
 * other count: whether they are the first of their number, only all measurers together know.
 */
export interface StrayedFrames {
  readonly frames: number;
  /** By stream of the whole trial: frames, and bufferBytes. Absent: there is one stream. */
  readonly byStream?: readonly { readonly frames: number; readonly bytes: number }[];
  /** Each lane of which a frame came. Absent: they were only counted. */
  readonly lanes?: readonly LaneSeen[];
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

/** Samples of damaged and of foreign frames that a report has, of each kind. */
export const frameSamplesKept = 4;

export interface FrameSample {
  readonly reason: string;
  readonly bytes: number;
  /** At most the first 128 bytes, hexadecimal. */
  readonly hex: string;
}

/** From the arrival before the silence to the arrival after it. */
export interface Silence {
  readonly fromNs: number;
  readonly toNs: number;
}

/**
 * What came back within the receive window. That is the transmit window, moved by the time from the first departure to
 * the first arrival. So a delay does not lower the rate, frames that a queue holds at the end do not raise it, and every
 * loss shows.
 */
export interface WindowArrivals {
  readonly frames: number;
  /** bufferBytes of these. */
  readonly bytes: number;
  /** The transmit window's length, plus the time in which overdue frames left after its end. */
  readonly windowNs: number;
}

/** The receiving half of a trial. */
export interface ReceiveReport {
  readonly queues: readonly ReceiveQueueReport[];
  /** By the queue that frames were sent on; without signatures, by the queue they came in on. */
  readonly acceptedByQueue: readonly number[];
  /** By the queue that frames came in on. */
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
  /** Stale frames of another run or generator. */
  readonly staleOfOthers: number;
  readonly foreign: number;
  /** null: the receiver does not know when the sending ended. */
  readonly inWindow: WindowArrivals | null;
  readonly lostRanges: readonly SequenceRange[];
  readonly lostRangesComplete: boolean;
  /**
   * Frames of the longest run of one lane's numbers that did not come back whole, of the lane that has the longest.
   * Absent: it is not known, or frames carry no numbers.
   */
  readonly longestLost?: number | undefined;
  readonly reorderExtent: ReorderExtent | null;
  /** Absent: not known. */
  readonly reorderRuns?: ReorderRuns | undefined;
  readonly latency: HistogramData | null;
  /** Latency from the intended departure instead of the actual one; null: nothing was scheduled. */
  readonly latencyIntended: HistogramData | null;
  readonly ipdv: SignedHistogramData | null;
  /** The probe's latency; absent: there is no probe. */
  readonly probeLatency?: HistogramData;
  /** When the first frame came that counts as received; −1: none did. */
  readonly firstArrivalNs: number;
  readonly lastArrivalNs: number;
  /**
   * When a frame left after which no other was lost. 0: none was lost. Infinity: the last one was lost. null: unknown, or
   * the load was steady. Where that frame came back out of order, the time is a little too late.
   */
  readonly lossUntilNs: number | null;
  /** The longest time between two arrivals in which nothing came; null: fewer than two came. */
  readonly silence: Silence | null;
  readonly firstCorrupt: readonly FrameSample[];
  readonly firstForeign: readonly FrameSample[];
  /** By stream; absent: there is one only. */
  readonly streams?: readonly StreamReceive[];
  /** Absent: frames come out of one queue only, or carry no signatures. */
  readonly flows?: FlowsReceive;
  /** How far back duplicates can be told from frames that are too old; absent: 65,536 numbers. */
  readonly duplicateWindow?: number;
  /** Frames that came before they left, by the clocks of two hosts. They have no latency. Absent: one host did both. */
  readonly early?: number;
  /** What came in here although another measurer sent it; absent: nothing did. */
  readonly strayed?: StrayedFrames;
  /** Accepted frames that came in at two generators with others of their lane, in an unknown order. Absent: none did. */
  readonly unordered?: number;
  /** Its own lanes, each of them. For merging; absent: none of their frames can come in elsewhere, or nobody asked. */
  readonly lanes?: readonly LaneSeen[];
  /** What came in of other hosts that send; then all other fields are of the rest. Absent: this host sends it all. */
  readonly pairs?: PairsReceive;
}

/** What came in of one sender that is another host. */
export interface PairReceive {
  /** The sender's share of the trial. */
  readonly share: number;
  /** Times of arrivals are in the sender's time, as far as the clocks could be told. */
  readonly receive: ReceiveReport;
  /** By the sender's queue: one more than the highest index seen. Empty: it has several streams. */
  readonly seenByQueue: readonly number[];
}

export interface PairsReceive {
  /** Those whose frames should come in here. */
  readonly senders: readonly PairReceive[];
  /** Whole frames of other senders, and our own that came back. They are in no other count. */
  readonly strayed: readonly { readonly share: number; readonly frames: number }[];
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

/** What one of several generators did in a trial. */
export interface WorkerReport {
  readonly intended: number;
  readonly sent: number;
  readonly late: number;
  readonly missed: number;
  readonly blockedOwn: number;
  readonly strayed: number;
  readonly unordered: number;
  readonly windowNs: number;
  readonly begunLateNs: number;
  readonly slept: boolean;
  readonly stoodStillNs?: number;
}

export interface TrialReport {
  readonly transmit: TransmitReport;
  readonly receive: ReceiveReport;
  /** The thread slept while it was sending, instead of polling. */
  readonly slept: boolean;
  /** Frames of this direction that came back to the port that sent them; null: that port was not polled. */
  readonly returned: number | null;
  /** Neighbours' questions that were answered: on both ports of a single direction, else on the receiving port. */
  readonly answered: number;
  /** Frames that the sending port sent and that are none of the trial's: answers. */
  readonly beside: number;
  /** The longest time between two turns of the loop while it sent; absent: unknown. */
  readonly stoodStillNs?: number;
  /** Frames still came when the trial was given up. */
  readonly neverQuiet: boolean;
  /** How long after the appointed time the loop began; absent: no time was appointed. */
  readonly begunLateNs?: number;
  /** From the start until nothing more came. */
  readonly elapsedNs: number;
  /** What the generators that had a share of it cannot say together; absent: it had one. */
  readonly inexact?: readonly Inexact[];
  /** Each of these generators; absent: it had one. */
  readonly workers?: readonly WorkerReport[];
  /** The time of a fixed piece of work before and after the trial, ns: shows a change of the machine's speed. */
  readonly calibrationNs: readonly [before: number, after: number];
}
