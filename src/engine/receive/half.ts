/** The receiving half of a trial, as its direction sees it. Two receivers are such halves: of one stream, and of many. */
import type { OpenQueue, ReceiveReport, WindowArrivals } from "../loop/index.js";
import type { ReceiveAccount } from "./account.js";

/** What has come so far, in counts. */
export type ReceiveView = Pick<
  ReceiveAccount,
  "accepted" | "received" | "receivedBytes" | "corrupt" | "missing" | "returned" | "firstArrivalNs" | "lastArrivalNs"
>;

export interface ReceiveHalf {
  readonly account: ReceiveView;
  /** The rings of the receiving port now, by queue; empty: its peer is gone. */
  attach(open: readonly OpenQueue[]): void;
  /** One turn over all queues: at most one burst each. Returns the frames taken. */
  step(): number;
  /** Counts a frame of ours that came in at another worker: what that one wrote down of it (strays.ts). */
  takeStray(records: Float64Array, at: number): void;
  /** Accepted frames by the queue that they were sent on; without signatures, by the one they came in on. */
  acceptedByQueue(): number[];
  /** `sentByQueue`: how many frames the peer took on each transmit queue. Those frames should have come. */
  report(sentByQueue: readonly number[], inWindow: WindowArrivals | null): ReceiveReport;
  /** All is here that can come. `sent`: frames of this generator. Absent: it is, when so many were accepted. */
  isComplete?(sent: number): boolean;
}
