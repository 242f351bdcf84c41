/** The sending half of a trial, as its direction sees it. Two transmitters are such halves: of one stream, and of many. */
import type { OpenQueue, TransmitReport, TransmitWindow } from "../loop/index.js";
import type { TransmitAccount } from "./account.js";
import type { LoadTurn } from "./load-turn.js";
import type { TransmitQueue } from "./sender.js";

export interface TransmitHalf {
  /** What was counted so far, and how the sending ended. */
  readonly account: TransmitAccount;
  readonly queues: readonly TransmitQueue[];
  /** The rings of the sending port now, by queue; empty: its peer is gone. */
  attach(open: readonly OpenQueue[]): void;
  /** The clock has just begun. */
  start(): void;
  /** One turn at the clock's time, which may move on in it. Returns the frames published. */
  step(): number;
  /** The next departure is so near that the thread should stay awake for it. */
  isWakeful(): boolean;
  window(): TransmitWindow;
  /** Somebody changes the load while it runs. */
  change(change: LoadTurn): void;
  /** `acceptedByQueue`: frames that came back were taken, also where a peer that went did not say so in its ring. */
  report(acceptedByQueue: readonly number[]): TransmitReport;
}
