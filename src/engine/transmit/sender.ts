/**
 * What the transmitter needs of whoever sends on one queue: QueueSender fills a ring frame by frame; where something
 * else makes the frames, that is another implementation. Counts are exact at every moment, and only grow in a trial.
 */
import type { OpenQueue } from "../loop/index.js";

/** How finely a sender can be paced, and the portions in which it sends best. */
export interface SenderPace {
  /** Up to this rate every frame is stamped and sent on its own. Above it, all due frames leave at once. */
  readonly singleFramePps: number;
  /** Frames that one turn sends at max. */
  readonly burstFrames: number;
  /** Overdue frames that one turn of a schedule sends. */
  readonly catchUpFrames: number;
  /** A frame that lags by more than this is late, unless 1 % of the gap is more. */
  readonly lateToleranceNs: number;
}

/** One queue that a transmitter sends on. */
export interface TransmitQueue {
  readonly queue: number;
  /** Frames of this trial handed over so far. */
  readonly published: number;
  /** bufferBytes of these. */
  readonly bytes: number;
  /** bufferBytes of the last n of them. */
  bytesOfLast(n: number): number;
  /** The queue now; null: its peer is gone. What was outstanding then will never be taken. */
  attach(open: OpenQueue | null): void;
  /** Published and not taken by the peer, after a look. */
  outstanding(): number;
  /** Between sends: tries again what had no room. */
  nudge?(): void;
  /** A frame of another sender goes in between, in this buffer of the ring (−1: unknown). */
  noteBeside?(slot: number): void;
  /** An earlier trial's frames that the peer took in this one. */
  carried(): number;
}

/** A queue that sends frames of one stream, as many as it is told. */
export interface Sender extends TransmitQueue {
  readonly pace: SenderPace;
  /** At max, a turn with less room than this is skipped, so that bursts do not get small. */
  readonly halfRing: number;
  /** The trial begins at this time of the engine's clock. Only senders that stamp by another clock need it. */
  start?(epochNs: number): void;
  /** Frames that `send` would take now. */
  room(): number;
  /**
   * Sends up to n frames with one departure time (ns, 48 bits in two halves), unless the sender stamps by another clock.
   * Returns how many had room. Call `room` before. Frames are counted before the kick, which may find the peer gone.
   */
  send(n: number, timeLow32: number, timeHigh16: number): number;
}

/** For our own rings: in bursts the stamp is off by 0.8 µs. */
export const ringPace: SenderPace = {
  singleFramePps: 2e6,
  burstFrames: 64,
  catchUpFrames: 32,
  lateToleranceNs: 10_000,
};
