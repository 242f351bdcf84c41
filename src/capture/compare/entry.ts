/** A frame of one of the two captures, as the aligner knows it. */
export interface FrameEntry {
  /** Number in its file, from 1. */
  readonly number: number;
  /** Equal for frames that are the same once masked. By signature: equal for frames with the same signature. */
  readonly key: number;
  /** Equal for frames with the same masked content. By content it says the same as `key`. */
  readonly content: number;
  /** Equal for frames of one flow. A changed frame is looked for within its flow. */
  readonly flow: number;
  /** Equal for frames that differ only in what devices change: addresses, ports, tags, TTL, checksums. */
  readonly rest: number;
  /** ns since the first frame of its file. */
  readonly timeNs: number;
  /** Which of the frames compared it is, from 1, and when the one before it came. */
  readonly place: number;
  readonly beforeNs: number;
  readonly bytes: Uint8Array;
  /** The frame once masked. */
  readonly masked: Uint8Array;
  /** The masked frame without VLAN tags. One tag more moves all that follows, but it is still the same frame. */
  readonly body: Uint8Array;
  /** Bytes of the frame that the capture cut. */
  readonly cutBytes: number;
  /** The frame has found its partner, or was given up. */
  done: boolean;
}

export type CaptureSide = "expected" | "actual";

/** What was found about a frame, or about two that belong together. */
export interface AlignedPair {
  readonly expected: FrameEntry | null;
  readonly actual: FrameEntry | null;
  /** The frame came behind one that belongs after it. */
  readonly reordered: boolean;
}
