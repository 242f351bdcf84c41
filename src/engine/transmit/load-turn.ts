/** A change of the load while it is sent, as a transmitter takes it. */

export interface LoadTurn {
  /** Which stream; −1: all of them. */
  readonly stream: number;
  /** Of its schedule from now on: 1 is as planned, 2 twice as fast, 0 stands still. At max: 0 or 1. */
  readonly speed: number;
  /** When, since the trial began; not before now. */
  readonly atNs: number;
  /** Frames per second of all streams together afterwards, over all shares; 0: nothing is sent. */
  readonly totalPps: number;
  /** The trial's time is so much longer, and nothing else is changed. Absent or 0: its time stays. */
  readonly addNs?: number;
}
