/** The result of a replay, as plain data; its published schema is replay-schema.ts. */
import type { Cause } from "../stats/cause.js";
import type { CompareResult } from "./compare-result.js";

export interface ReplayedPort {
  readonly port: string;
  readonly sends: boolean;
  /** Arriving frames are looked at. Frames that a peer's ring brings are counted even if not. */
  readonly receives: boolean;
  /** Taken by the peer. */
  readonly sent: number;
  /** Handed over on each of its queues; a flow's frames, or every n-th frame, on one (--spread). */
  readonly handedOverByQueue: readonly number[];
  /** Handed over and never taken. */
  readonly untaken: number;
  readonly received: number;
  readonly receivedBytes: number;
}

export interface RecordedFile {
  readonly file: string;
  readonly frames: number;
  /** Frames that came faster than they could be written, or after the disk was full. */
  readonly missed: number;
  readonly failure: string | null;
}

export interface ReplayResult {
  readonly tool: CompareResult["tool"];
  readonly command: string;
  readonly file: string;
  /**
   * Counts of the file, over all loops that were read from the disk: read = filtered + notEthernet + cutSkipped +
   * tooShort + tooLong + fed.
   */
  readonly source: {
    readonly read: number;
    readonly filtered: number;
    readonly notEthernet: number;
    readonly cutSkipped: number;
    readonly cutPadded: number;
    readonly tooShort: number;
    /** The file says a length above any frame's (262,144 bytes), so the frame is not padded. */
    readonly tooLong: number;
    readonly fed: number;
    readonly backwards: number;
    /** Frames that one loop sends. */
    readonly perLoop: number;
    readonly spanNs: number;
    readonly fault: string | null;
  };
  readonly pace: string;
  readonly loops: number;
  /** Frames that should be sent: = sent + unsent + tooLong. null: until it was stopped, or a time was up. */
  readonly intended: number | null;
  readonly sent: number;
  readonly unsent: number | null;
  /** Longer than the port's buffers. */
  readonly tooLong: number;
  readonly late: number;
  readonly received: number;
  readonly unanswered: number;
  readonly durationNs: number;
  readonly txPps: number | null;
  /** How far gaps between departures were from the file's (or the rate's), by our own clock. */
  readonly gapOffNs: {
    readonly gaps: number;
    readonly within1us: number;
    readonly within10us: number;
    readonly within100us: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly p99_9: number;
    readonly max: number;
  } | null;
  readonly lagMaxNs: number;
  readonly blockedNs: number;
  readonly ports: readonly ReplayedPort[];
  readonly recorded: readonly RecordedFile[];
  readonly notes: readonly string[];
  readonly comparison: CompareResult | null;
  readonly verdict: "pass" | "fail" | "invalid";
  readonly reasons: readonly string[];
  /** One for each reason. */
  readonly causes?: readonly Cause[] | undefined;
}
