/** What a hop is to do wrong, and what it did: plain data, which the command line reads without loading the engine. */
import type { FaultShare } from "./chooser.js";

/**
 * A frame takes frameNs + byteNs · (bufferBytes + overheadBytes). This is the time of the whole hop with all its
 * queues.
 */
export interface ServiceTime {
  readonly frameNs: number;
  readonly byteNs: number;
  readonly overheadBytes: number;
}

/** The faults of a whole hop. Its queues share rates and counts evenly. */
export interface FaultSpec {
  readonly service: ServiceTime | null;
  /**
   * The most frames that wait for service in each queue. Further ones are dropped. Without service there is no queue.
   */
  readonly queueFrames: number;
  readonly delayNs: number;
  readonly loss: FaultShare | null;
  readonly duplicate: FaultShare | null;
  readonly reorder: FaultShare | null;
  /** How many frames overtake one that is held back. */
  readonly reorderExtent: number;
  readonly corrupt: FaultShare | null;
  /** Zero bytes that are added at the end of every frame, or bytes that are cut off there. */
  readonly padBytes: number;
  readonly trimBytes: number;
  /** How long the hop stands still once in a trial (see FreezeGate). */
  readonly freezeNs: number;
}

/** Nothing goes wrong. Options add faults to this. */
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

/** Frames that got each fault since the last reset, and how long the hop stood still. */
export interface Injected {
  readonly lost: number;
  /** Dropped since the queue was full. */
  readonly policed: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
  readonly padded: number;
  readonly trimmed: number;
  readonly frozenNs: number;
}
