/** The result of a comparison of two captures, as plain data; its published schema is compare-schema.ts. */
import type { Cause } from "../stats/cause.js";

/** A field in which a frame is not as expected. */
export interface FieldDifference {
  /** `ipv4.ttl`, or `payload from byte 12`. */
  readonly field: string;
  /** Byte of the expected frame. */
  readonly offset: number;
  readonly expected: string;
  readonly actual: string;
}

export type FindingKind = "missing" | "unexpected" | "changed" | "reordered" | "mistimed";

export interface Finding {
  readonly kind: FindingKind;
  /** Number in the expected capture, from 1 as Wireshark counts; null: it is not there. */
  readonly expected: number | null;
  readonly actual: number | null;
  /** What frame it is. */
  readonly frame: string;
  /** Of a changed one. */
  readonly changes: readonly FieldDifference[];
  /** Of a mistimed one: how much later (or, negative, earlier) than expected it came. */
  readonly offByNs: number | null;
}

/** One side: the file, and what was wrong with it. */
export interface ComparedFile {
  readonly file: string;
  readonly format: "pcap" | "pcapng";
  /** Frames compared; frames that the filter left out. */
  readonly frames: number;
  readonly filtered: number;
  /** Left out since they are not Ethernet (--not-ethernet skip). */
  readonly notEthernet: number;
  /** Of the frames compared, those of which the capture has a part only. */
  readonly cut: number;
  /** Why it ended early; null: it did not. */
  readonly fault: string | null;
}

export interface CompareResult {
  readonly tool: { readonly name: string; readonly version: string; readonly node: string };
  readonly command: string;
  readonly expected: ComparedFile;
  readonly actual: ComparedFile;
  readonly by: "content" | "signature";
  readonly masks: readonly string[];
  readonly order: "strict" | "free";
  readonly timingToleranceNs: number | null;
  /** Frames that are the same in both, masked parts aside: expected = same + changed + missing. */
  readonly same: number;
  readonly changed: number;
  readonly missing: number;
  /** actual = same + changed + unexpected. */
  readonly unexpected: number;
  /** Of those that are there, out of their place. */
  readonly reordered: number;
  /** Of those that are there, off by more than the tolerance. */
  readonly mistimed: number;
  /**
   * The longest run of expected frames that follow each other and are missing, as a time: from the frame before it to its
   * last one, in the expected capture. Absent: frames were not sent at the capture's times, or it has none.
   */
  readonly outageNs?: number | undefined;
  /** How much a frame's time since the first one differs, in size; null: nothing to compare. */
  readonly timeOffNs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  /** The first ones. */
  readonly findings: readonly Finding[];
  readonly findingsLeftOut: number;
  readonly notes: readonly string[];
  readonly verdict: "pass" | "fail" | "invalid";
  readonly reasons: readonly string[];
  /** One for each reason. */
  readonly causes?: readonly Cause[] | undefined;
}
