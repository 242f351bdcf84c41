/** A comparison, decided: which files, what counts, and what may differ. Plain data. */
import type { FrameFilter } from "../../packet/filter.js";
import type { CompareResult } from "../../result/compare-result.js";

export interface ComparePlan {
  readonly expected: string;
  readonly actual: string;
  readonly by: "content" | "signature";
  readonly masks: readonly string[];
  readonly order: "strict" | "free";
  readonly timingToleranceNs: number | null;
  /** The actual frames were sent this many times as fast as the expected ones; null: not at their times. */
  readonly speed: number | null;
  /** Which frames of both sides are compared; null: all. */
  readonly filter: FrameFilter | null;
  /** Frames that are not Ethernet are left out and counted. Otherwise they are refused. */
  readonly skipsOthers: boolean;
  /** A pcapng file for the actual frames with comments; null: none. */
  readonly annotated: string | null;
  readonly commandLine: string;
  readonly tool: CompareResult["tool"];
}
