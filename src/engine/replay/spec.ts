/** What a replay is made with and what it reports: plain data between the owner and the loop's thread. */
import type { PipeLayout } from "../pipe/index.js";

/** When frames leave. */
export type ReplayPace =
  /** The file's gaps, divided by `speed`. */
  | { readonly kind: "original"; readonly speed: number }
  | { readonly kind: "pps"; readonly pps: number }
  /** Bits per second. `overheadBytes` are added to each frame: 4 (FCS) on layer 2, 24 on layer 1. */
  | { readonly kind: "bps"; readonly bps: number; readonly overheadBytes: number }
  | { readonly kind: "max" }
  /** The next frame leaves when one has come back, or after `timeoutNs`. */
  | { readonly kind: "one"; readonly timeoutNs: number };

export interface ReplaySpec {
  readonly pipe: PipeLayout;
  readonly pace: ReplayPace;
  /** Infinity: until something else ends the replay. */
  readonly loops: number;
  readonly loopDelayNs: number;
  /** Infinity: no limit. */
  readonly count: number;
  /** Infinity: no limit. */
  readonly durationNs: number;
  readonly settleNs: number;
  /** So many frames come back; then the replay need not settle any longer. each: one for each frame sent; null: nobody knows. */
  readonly awaited: number | "each" | null;
  /** There are more polling threads than CPUs. The loop gives way while it waits. */
  readonly cooperative: boolean;
  readonly recordTx: PipeLayout | null;
  readonly recordRx: PipeLayout | null;
}

export interface ReplayJobOptions {
  readonly ports: number;
  /** How many of the ports send. They come first. */
  readonly senders: 1 | 2;
}

export type ReplayCommand =
  /** A short replay in private memory. Afterwards V8 has compiled the code that `spec` needs. */
  | { readonly kind: "rehearse"; readonly spec: ReplaySpec }
  | { readonly kind: "replay"; readonly spec: ReplaySpec }
  | { readonly kind: "stop" }
  | { readonly kind: "report" };

export interface GapSummary {
  readonly gaps: number;
  /** Share of the gaps that are off by at most this much. */
  readonly within1us: number;
  readonly within10us: number;
  readonly within100us: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p99_9Ns: number;
  readonly maxNs: number;
}

/** Why a replay ended before the file did. */
export type ReplayCut = "stopped" | "stuck" | "peer gone" | "limit";

export interface ReplayReport {
  readonly ports: readonly {
    /** Frames handed over to the peer. */
    readonly published: number;
    readonly publishedByQueue: readonly number[];
    /** Frames of `published` that the peer had not taken at the end. */
    readonly outstanding: number;
    readonly bytes: number;
    readonly received: number;
    readonly receivedBytes: number;
  }[];
  /** Frames that no buffer of the port can hold. */
  readonly tooLong: number;
  /** Frames that left more than 10 µs late and more than 1 % of their gap. */
  readonly late: number;
  readonly lagMaxNs: number;
  /** How far each gap was from the file's. null: the pace has no gaps, or there was one frame only. */
  readonly gapOff: GapSummary | null;
  /** How long a frame was due while the peer had no room for it. */
  readonly blockedNs: number;
  readonly loops: number;
  /** One by one: frames after which nothing came back in time. */
  readonly unanswered: number;
  /** From the first frame's departure to the last one's. */
  readonly windowNs: number;
  readonly elapsedNs: number;
  /** Frames that a recorder had no room for. */
  readonly unrecordedTx: number;
  readonly unrecordedRx: number;
  /** null: the whole file was sent. */
  readonly cutShort: ReplayCut | null;
}

/** Places in the counters page, all doubles. */
export const replayCounter = { phase: 0, published: 1, received: 2, elapsedNs: 3, slots: 8 } as const;
export const replayPhase = { waiting: 0, sending: 1, settling: 2, done: 3 } as const;
