/** What a replay is told, and what it tells afterwards: plain data between the owner and the loop's thread. */
import type { PipeLayout } from "../pipe/frame-pipe.js";

/** When frames leave. */
export type ReplayPace =
  /** The file's gaps, divided by `speed`. */
  | { readonly kind: "original"; readonly speed: number }
  | { readonly kind: "pps"; readonly pps: number }
  /** Bits per second, with `overheadBytes` beside each frame's bytes (4: FCS, layer 2; 24: layer 1). */
  | { readonly kind: "bps"; readonly bps: number; readonly overheadBytes: number }
  | { readonly kind: "max" }
  /** The next one when one has come back, or after so long. */
  | { readonly kind: "one"; readonly timeoutNs: number };

export interface ReplayOrder {
  readonly feed: PipeLayout;
  readonly pace: ReplayPace;
  /** Infinity: for ever. */
  readonly loops: number;
  readonly loopDelayNs: number;
  /** Infinity: no limit. */
  readonly count: number;
  readonly durationNs: number;
  readonly settleNs: number;
  /** So many frames back, and there is no need to wait any longer: 1 a frame sent; null: nobody knows. */
  readonly expectBack: boolean;
  /** More pollers than CPUs: give way while waiting. */
  readonly cooperative: boolean;
  readonly recordTx: PipeLayout | null;
  readonly recordRx: PipeLayout | null;
}

export type ReplayCommand =
  | { readonly kind: "replay"; readonly order: ReplayOrder }
  | { readonly kind: "stop" }
  | { readonly kind: "report" };

export interface ReplayEvent {
  readonly kind: "done";
}

export interface GapSummary {
  readonly gaps: number;
  /** Shares of the gaps that are off by at most so much. */
  readonly within1us: number;
  readonly within10us: number;
  readonly within100us: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p99_9Ns: number;
  readonly maxNs: number;
}

export interface ReplayReport {
  readonly ports: readonly {
    /** Frames handed over, and of these not taken by the peer at the end. */
    readonly published: number;
    readonly publishedByQueue: readonly number[];
    readonly outstanding: number;
    readonly bytes: number;
    readonly received: number;
    readonly receivedBytes: number;
  }[];
  /** Frames that no buffer of the port can hold. */
  readonly tooLong: number;
  /** Frames left by more than 10 µs, or a hundredth of the gap. */
  readonly late: number;
  readonly lagMaxNs: number;
  /** How far each gap was from the file's; null: at top speed, or one frame only. */
  readonly gapOff: GapSummary | null;
  /** Turns in which the next frame was due and the peer had no room, and the time of that. */
  readonly blockedNs: number;
  readonly loops: number;
  /** Frames after which nothing came back in time, one by one. */
  readonly unanswered: number;
  /** From the first frame's departure to the last one's. */
  readonly windowNs: number;
  readonly elapsedNs: number;
  /** Frames that a recorder had no room for. */
  readonly unrecordedTx: number;
  readonly unrecordedRx: number;
  readonly cutShort: "stopped" | "stuck" | "peer gone" | "limit" | null;
}

/** Doubles of the counters page. */
export const replayCounter = { phase: 0, published: 1, received: 2, elapsedNs: 3, slots: 8 } as const;
export const replayPhase = { waiting: 0, sending: 1, settling: 2, done: 3 } as const;
