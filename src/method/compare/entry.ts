/** A frame of one of the two captures, as the aligner knows it. */
export interface FrameEntry {
  /** Number in its file, from 1. */
  readonly number: number;
  /** Equal for frames that are the same once masked (or, by signature, that are the same frame at all). */
  readonly key: number;
  /** Equal where the masked content is. By content this says nothing that `key` does not. */
  readonly content: number;
  /** Equal for frames of one flow and length: where a changed frame is looked for. */
  readonly flow: number;
  /** ns since the first frame of its file. */
  readonly timeNs: number;
  readonly bytes: Uint8Array;
  /** Without what does not count. */
  readonly masked: Uint8Array;
  /** Not looked at any more. */
  done: boolean;
}

export type Side = "expected" | "actual";

/** What became of a frame, or of two that belong together. */
export interface AlignedPair {
  readonly expected: FrameEntry | null;
  readonly actual: FrameEntry | null;
  /** Out of its place among the others. */
  readonly reordered: boolean;
}
