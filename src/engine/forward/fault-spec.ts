/** What a hop is to do wrong and what it did, plain data: read by the command line, which loads no engine for it. */
import type { Share } from "./chooser.js";

/** The time one frame takes: frameNs + byteNs · (bufferBytes + overheadBytes). For the whole hop, all queues. */
export interface ServiceTime {
  readonly frameNs: number;
  readonly byteNs: number;
  readonly overheadBytes: number;
}

/** Plain data, for the whole hop; its queues share rates and counts evenly. */
export interface FaultSpec {
  readonly service: ServiceTime | null;
  /** Frames that wait for service at most, per queue; one more is dropped. Without service there is no such queue. */
  readonly queueFrames: number;
  readonly delayNs: number;
  readonly loss: Share | null;
  readonly duplicate: Share | null;
  readonly reorder: Share | null;
  /** How many frames overtake one that is held back. */
  readonly reorderExtent: number;
  readonly corrupt: Share | null;
  /** Zero bytes added at the end of every frame, or bytes cut off there. */
  readonly padBytes: number;
  readonly trimBytes: number;
  /** How long the hop stands still, once, see FreezeGate. */
  readonly freezeNs: number;
}

/** Nothing goes wrong; what a device that misbehaves begins from. */
export const noFaults: FaultSpec = {
  service: null,
  queueFrames: 256,
  delayNs: 0,
  loss: null,
  duplicate: null,
  reorder: null,
  reorderExtent: 3,
  corrupt: null,
  padBytes: 0,
  trimBytes: 0,
  freezeNs: 0,
};

/** What was really done since the last reset. Frames; `frozenNs` in nanoseconds. */
export interface Injected {
  readonly lost: number;
  /** Dropped at the end of the full queue. */
  readonly policed: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
  readonly padded: number;
  readonly trimmed: number;
  readonly frozenNs: number;
}
