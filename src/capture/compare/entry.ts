/** A frame of one of the two captures, as the aligner knows it. */
export interface FrameEntry {
  /** Number in its file, from 1. */
  readonly number: number;
  /** Equal for frames that are the same once masked (or, by signature, that are the same frame at all). */
  readonly key: number;
  /** Equal where the masked content is. By content this says nothing that `key` does not. */
  readonly content: number;
  /** Equal for frames of one flow: where a changed frame is looked for. */
  readonly flow: number;
  /** Equal where nothing differs but what devices change: addresses, ports, tags, TTL, checksums. */
  readonly rest: number;
  /** ns since the first frame of its file. */
  readonly timeNs: number;
  readonly bytes: Uint8Array;
  /** Without what does not count. */
  readonly masked: Uint8Array;
  /** That without VLAN tags: a tag more or less moves all that follows, and leaves the frame the same one. */
  readonly body: Uint8Array;
  /** Bytes that the frame had on the wire and the capture has not. */
  readonly cutBytes: number;
  /** Not looked at any more. */
  done: boolean;
}

export type CaptureSide = "expected" | "actual";

/** What became of a frame, or of two that belong together. */
export interface AlignedPair {
  readonly expected: FrameEntry | null;
  readonly actual: FrameEntry | null;
  /** Out of its place among the others. */
  readonly reordered: boolean;
}
