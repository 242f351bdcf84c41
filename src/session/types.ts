/**
 * A live session as its users see it: ports that are open for long, flows that are started, stopped, paused and changed
 * while others go on, and counters that are sampled once for all who look. All of it is plain data. Times that end in
 * `Ns` are session times, from `open` on, unless they say otherwise.
 */
import type { Header } from "../packet/index.js";
import type { OpenPortOptions, PortFacts, PortSpec } from "../port/index.js";
import type { SmallSummary } from "../stats/small-histograms.js";
import type { FieldModifier, Payload, StreamSize } from "../stream/index.js";
import type { Rate } from "../units.js";

export interface SessionPortSpec {
  /** Unique; what flows say. */
  readonly name: string;
  readonly port: PortSpec;
  readonly options?: Partial<OpenPortOptions>;
  /** What percent is of; null, absent: the line is not known, and percent is refused. */
  readonly lineRateBps?: number | null;
}

export type FlowFrames =
  | {
      readonly kind: "stream";
      readonly layers: readonly Header[];
      readonly size: StreamSize;
      readonly payload?: Payload;
      readonly fields?: readonly FieldModifier[];
      readonly seed?: number;
      /** false: its frames carry no signature, though they may have room. */
      readonly signed?: boolean;
    }
  /**
   * The frame as given, without FCS; below 60 bytes it is padded. Where there is room, its last 18 bytes become the
   * signature, unless `signed` is false.
   */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly signed?: boolean };

/** max: as fast as its port takes it, beside flows with a rate, which go on undisturbed. */
export type FlowRate = Rate;

export type FlowDuration =
  | { readonly kind: "continuous" }
  /** Exactly so many are sent. For each that went with a peer while it runs another one is; a peer may have taken some without saying so. */
  | { readonly kind: "frames"; readonly frames: number }
  /** Slots before so much time of sending; pauses do not count. */
  | { readonly kind: "seconds"; readonly seconds: number }
  /** `bursts` null: without end; `gapNs` from the end of a burst's last slot to the next burst. */
  | { readonly kind: "bursts"; readonly frames: number; readonly bursts: number | null; readonly gapNs: number };

/** How the frames are spread over the time. Shares are of the flow's rate, whatever it is changed to. */
export type FlowLaw =
  | { readonly kind: "steady" }
  /** Piece by piece from one share to another, then `thenShare`; where that is 0, the flow ends. */
  | {
      readonly kind: "shape";
      readonly pieces: readonly {
        readonly durationNs: number;
        readonly fromShare: number;
        readonly toShare: number;
      }[];
      readonly thenShare: number;
    }
  /** Gaps are exponential, with the rate's as their mean; the same `key`, 32 bits, gives the same ones. */
  | { readonly kind: "poisson"; readonly key: number };

/** Bits of a frame, in the order of the wire, from its first one on. */
export interface FrameBits {
  readonly at: number;
  readonly bits: number;
}

/** By what frames of a flow are told apart where they come in. They need signatures. */
export interface FlowSplit {
  /** Of the frame as it left. `period`: frames after which its values come again; null: as the sizes do. */
  readonly sent: readonly (FrameBits & { readonly period: number | null })[];
  /** Of the frame as it came: at most 48 bits in all. */
  readonly received: readonly FrameBits[];
  readonly byPort: boolean;
}

export interface FlowSpec {
  /** Unique in the session. */
  readonly name: string;
  readonly from: string;
  /** Empty: nobody receives, and no loss is counted. */
  readonly to: readonly string[];
  /** any (absent): each frame is expected once, at whichever of `to`; each: at every one of them. */
  readonly delivery?: "any" | "each";
  readonly frames: FlowFrames;
  readonly rate: FlowRate;
  readonly duration?: FlowDuration;
  /** Absent: steady. Bursts, and flows at max, have no other. */
  readonly law?: FlowLaw;
  /** From the start to the first slot. null, absent: none; flows that start together are spread over their gaps. */
  readonly delayNs?: number | null;
  /** Absent: they are counted together. */
  readonly split?: FlowSplit;
}

/** A host at a port: it answers for its addresses, and asks from them. */
export interface HostSpec {
  readonly name: string;
  readonly port: string;
  readonly mac: string;
  readonly ipv4?: readonly string[];
  readonly ipv6?: readonly string[];
  /** Of its questions. Answers carry the question's tags. */
  readonly vlan?: number | null;
}

export interface SessionSpec {
  readonly ports: readonly SessionPortSpec[];
  readonly flows?: readonly FlowSpec[];
  readonly hosts?: readonly HostSpec[];
  /** Most flows at once; absent: 4,096, up to 65,536. */
  readonly capacity?: number;
  /** How long peers of ports are waited for; absent: 10,000; 0: not at all. */
  readonly readyTimeoutMs?: number;
  /** A flow is settled when nothing of it came for this time; absent: 2 s. */
  readonly settleNs?: number;
  /** Absent: true. false: percentiles of latency are NaN, and samples cost less. */
  readonly percentiles?: boolean;
  /** That the first thread stays on. */
  readonly cpu?: number | null;
  /** Threads that share the ports; or the names of the ports of each. Absent: 1. */
  readonly workers?: number | readonly (readonly string[])[];
  readonly busy?: boolean;
  /** Its id in signatures, 24 bits; absent: by chance. */
  readonly trial?: number;
}

export type FlowNames = readonly string[] | "all";
export type FlowState = "stopped" | "running" | "paused";

export interface FlowInfo {
  readonly spec: FlowSpec;
  readonly state: FlowState;
}

export interface SessionPortFacts {
  readonly name: string;
  readonly spec: string;
  readonly kind: string;
  /** null: no peer has come yet. */
  readonly facts: PortFacts | null;
}

export interface Neighbour {
  readonly host: string;
  readonly address: string;
  /** null: nobody answered. */
  readonly mac: string | null;
  readonly sinceNs: number;
}

export interface PingResult {
  readonly answered: boolean;
  readonly rttNs: number | null;
}

export interface LinkState {
  readonly port: string;
  readonly state: "up" | "down";
  readonly sinceNs: number;
  readonly why: string | null;
}

export interface CaptureSpec {
  readonly port: string;
  /** Absent: rx. */
  readonly direction?: "rx" | "tx" | "both";
  /** A display filter, as pcap commands have it. */
  readonly filter?: string | null;
  /** Room for so many; absent: 10,000. */
  readonly frames?: number;
  /** Bytes kept of each; absent: the port's longest frame. */
  readonly snapBytes?: number;
  /** Absent: true, the oldest go. false: it ends when it is full. */
  readonly overwrite?: boolean;
}

export interface CapturedFile {
  readonly format: "pcap" | "pcapng";
  readonly file: Uint8Array;
  readonly frames: number;
  /** All that passed the filter. */
  readonly seen: number;
  /** Of these: written over, or without room. */
  readonly missed: number;
}

export type SessionEvent = { readonly atNs: number } & (
  | { readonly kind: "flow"; readonly flow: string; readonly state: FlowState; readonly why: "asked" | "ended" }
  | { readonly kind: "flows"; readonly added: readonly string[]; readonly removed: readonly string[] }
  | { readonly kind: "rate"; readonly flow: string; readonly pps: number | null }
  | { readonly kind: "link"; readonly port: string; readonly state: "up" | "down"; readonly why: string | null }
  | { readonly kind: "capture"; readonly port: string; readonly running: boolean }
  | { readonly kind: "neighbour"; readonly host: string; readonly address: string; readonly mac: string | null }
  /** A peer broke its ring, or a port of ours has begun to lose frames. */
  | { readonly kind: "trouble"; readonly port: string | null; readonly message: string }
  /** The loop is gone: every later call rejects. */
  | { readonly kind: "ended"; readonly message: string }
);

/** rxFrames = test + stale + foreign + corrupt */
export interface PortCounters {
  readonly name: string;
  readonly link: "up" | "down";
  /** null: there is no capture. */
  readonly capture: "running" | "stopped" | null;
  /** running: a flow from it is. */
  readonly transmit: "running" | "stopped";
  /** Taken by the peer, with what is beside flows. Bytes with FCS. */
  readonly txFrames: number;
  readonly txBytes: number;
  /** Published and not taken yet. */
  readonly inRing: number;
  readonly rxFrames: number;
  readonly rxBytes: number;
  /** Whole frames of flows: first copies, duplicates, and those of flows that are not to come here. */
  readonly test: number;
  /** Whole frames of an earlier generation, or of a flow that is gone. */
  readonly stale: number;
  readonly foreign: number;
  readonly corrupt: number;
  /** ARP, ND and echo that we sent, and the answers among them. */
  readonly beside: number;
  readonly answered: number;
  /** Due slots that found no room. */
  readonly blocked: number;
  /**
   * Frames that came in, ours or not, and found no room in our rings or before them; and frames handed to our interface,
   * which did not take them, or dropped them while it had no link. The network did not lose them; flows count them as lost.
   * Since the port was opened, at most 0.2 s old. null: nothing can be lost there, or it is not known.
   */
  readonly receiveDrops: number | null;
  readonly sendDrops: number | null;
  readonly txPps: number;
  readonly rxPps: number;
  readonly txBpsL1: number;
  readonly rxBpsL1: number;
}

/**
 * `sent = received + lost + inFlight` for one expected copy a frame (each: `sent · to.length`), and `intended = sent +
 * inRing + missed + blocked`.
 */
export interface FlowCounters {
  readonly name: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly state: FlowState;
  /** 0: it was never started. */
  readonly generation: number;
  /** It is stopped, nothing of it is in a ring, and all came back or nothing came for `settleNs`. */
  readonly settled: boolean;
  /** Asked for now; null: max. Of a law it is what shares are of. */
  readonly pps: number | null;
  /** Taken by the peer. Bytes with FCS. */
  readonly sent: number;
  readonly sentBytes: number;
  readonly inRing: number;
  readonly intended: number;
  readonly late: number;
  /**
   * Slots that we did not come to in time. A flow that sends a number of frames sends these later: it misses no more slots
   * than frames are left of the number, and all its missed slots are no more than that number.
   */
  readonly missed: number;
  /** Slots that found no room, and frames that went with a peer. */
  readonly blocked: number;
  /** Whole, each number once. */
  readonly received: number;
  readonly receivedBytes: number;
  readonly receivedAt: readonly { readonly port: string; readonly frames: number }[];
  /** Whole frames at ports that are not in `to`; no part of `received`. */
  readonly elsewhere: number;
  /**
   * Below the highest number that came, above it those that left `settleNs` ago, and all that did not come of a settled flow.
   * Where any of several threads' ports may get them: the latter two. One that comes late is taken out.
   */
  readonly lost: number;
  /** Above the highest number that came, and sent since `settleNs`. */
  readonly inFlight: number;
  readonly duplicate: number;
  readonly reordered: number;
  /** The greatest reordering extent, in frames (RFC 4737 §4.2.1). null: nothing was reordered, or no extent is known. */
  readonly reorderExtentMax: number | null;
  /**
   * The longest time in which no frame came back whole: the longest run of numbers of `lost`, times the gap of the rate
   * that the flow had when it ended. Of several ports the longest. Numbers that went with a peer are part of a run. null:
   * frames carry no numbers, or any of several ports may get them and these are of several threads.
   */
  readonly outageNs: number | null;
  readonly tooOld: number;
  readonly corrupt: number;
  /** Frames of earlier generations that came since this one began. */
  readonly stale: number;
  /** Minimum, mean and maximum are exact; percentiles are at most 6.25 % too high. */
  readonly latencyNs: SmallSummary | null;
  readonly firstSentNs: number | null;
  readonly lastSentNs: number | null;
  readonly firstReceivedNs: number | null;
  readonly lastReceivedNs: number | null;
  readonly startedNs: number | null;
  readonly stoppedNs: number | null;
  /** false: received are those that were recognised; no numbers, no latency. */
  readonly signed: boolean;
  readonly txPps: number;
  readonly rxPps: number;
  readonly txBpsL1: number;
  readonly rxBpsL1: number;
}

/** Frames of a flow that are alike in what they are told apart by. */
export interface SplitCounters {
  /** Further kinds, for which there is no room: they are counted together, and the fields below are null. */
  readonly isOther: boolean;
  /** The value of each field; null: it is not told apart by it, or the frame ended before the field. */
  readonly sent: readonly bigint[] | null;
  readonly received: readonly bigint[] | null;
  readonly port: string | null;
  /** Where frames are told apart by what was sent alone. Bytes with FCS, where all frames have one size. */
  readonly sentFrames: number | null;
  readonly sentBytes: number | null;
  /** Received, each number once. */
  readonly frames: number;
  readonly bytes: number;
  readonly latencyNs: { readonly min: number; readonly mean: number; readonly max: number } | null;
  readonly firstReceivedNs: number | null;
  readonly lastReceivedNs: number | null;
}

/** Counts up to so many ns, and above what the bucket before says, without empty ones; at most 16 buckets per doubling. */
export type TimeBuckets = readonly (readonly [upToNs: number, count: number])[];

export interface FlowHistograms {
  /** Of frames that came back. None of a flow without signatures. */
  readonly latency: TimeBuckets;
  /** Between its frames as they were published: those of one burst have 0 between them, and a pause is a gap. */
  readonly gaps: TimeBuckets;
}

export interface SessionSnapshot {
  readonly atNs: number;
  /** Grows by one with each sample. */
  readonly number: number;
  /** Rates are over this time. */
  readonly overNs: number;
  readonly ports: readonly PortCounters[];
  readonly flows: readonly FlowCounters[];
  readonly loop: { readonly turnsLongestNs: number; readonly late: number; readonly sleeps: number };
}

export interface Session extends AsyncDisposable {
  readonly epochUnixNs: number;
  readonly ports: readonly SessionPortFacts[];
  /** All or none. They are stopped. */
  addFlows(flows: readonly FlowSpec[]): Promise<void>;
  /** Stops those that run, and forgets them and their counters. */
  removeFlows(names: FlowNames): Promise<void>;
  /** A new generation each: their counters begin at 0. `duration`: theirs from this start on. Absent: as before. */
  start(names: FlowNames, duration?: FlowDuration): Promise<void>;
  stop(names: FlowNames): Promise<void>;
  pause(names: FlowNames): Promise<void>;
  /** Paused ones go on where they paused; stopped ones start. */
  resume(names: FlowNames): Promise<void>;
  /** Rejects where the departures of one of them are not possible at that rate. */
  setRate(names: FlowNames, rate: FlowRate): Promise<void>;
  flows(): readonly FlowInfo[];
  /** Replaces all hosts. */
  setHosts(hosts: readonly HostSpec[]): Promise<void>;
  /** The MAC address of a neighbour; null: nobody answered in time (absent: 3,000 ms). */
  resolve(host: string, address: string, timeoutMs?: number): Promise<string | null>;
  neighbours(): readonly Neighbour[];
  ping(host: string, address: string, timeoutMs?: number): Promise<PingResult>;
  /** A capture of that port that is there is replaced. */
  startCapture(capture: CaptureSpec): Promise<void>;
  stopCapture(port: string): Promise<void>;
  removeCapture(port: string): Promise<void>;
  fetchCapture(port: string, format?: "pcap" | "pcapng"): Promise<CapturedFile>;
  linkStates(): readonly LinkState[];
  setLink(port: string, state: "up" | "down"): Promise<void>;
  /** Of its last start, taken now. @throws SessionError unknown-flow */
  histogramsOf(flow: string): FlowHistograms;
  /** The same sample for all, at most 100 ms old. */
  snapshot(): SessionSnapshot;
  /** A sample taken now. */
  sample(): SessionSnapshot;
  /** Of these flows alone, taken now, in the order of the names. @throws SessionError unknown-flow */
  countersOf(names: FlowNames): readonly FlowCounters[];
  /** Of a flow with `split`, taken now; empty of others. */
  splitOf(flow: string): readonly SplitCounters[];
  /** Returns what ends it. */
  onEvent(listener: (event: SessionEvent) => void): () => void;
  close(): Promise<void>;
}
