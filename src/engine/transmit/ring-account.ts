/**
 * Which of a sender's frames lie in its transmit ring. A peer takes frames in order: those of an earlier trial leave
 * first, and frames of others in between (a responder's answers) are known by their place.
 */
import type { TxRing } from "../../ring/ring.js";
import type { OpenQueue } from "../loop/index.js";

export class RingAccount {
  readonly #published: () => number;
  #open: OpenQueue | null = null;
  #outstandingAtLoss = 0;
  /** The last frames of others in the ring: how many frames went in before each. */
  readonly #besides: number[] = [];
  #besideHere = 0;
  /** An earlier trial's frames that lay in the ring when this one began. */
  #leftBefore = 0;

  /** `published`: frames of this trial handed over so far. */
  constructor(published: () => number) {
    this.#published = published;
  }

  get open(): OpenQueue | null {
    return this.#open;
  }

  get ring(): TxRing | null {
    return this.#open?.tx ?? null;
  }

  /** The queue's ring now; null: its peer is gone. What was outstanding then will never be taken. false: no change. */
  attach(open: OpenQueue | null): boolean {
    if (open === this.#open) return false;
    if (this.ring !== null) this.#outstandingAtLoss += this.#ownOutstanding(this.ring);
    this.#open = open;
    this.ring?.reclaim();
    this.#leftBefore = this.ring?.outstanding() ?? 0;
    this.#besides.length = 0;
    this.#besideHere = 0;
    return true;
  }

  /** Frames that were placed in the ring that is about to go, and never published. They count as published. */
  lose(placed: number): void {
    this.#outstandingAtLoss += placed;
  }

  /** Published and not taken by the peer, after a look at the ring. */
  outstanding(): number {
    if (this.ring === null) return this.#outstandingAtLoss;
    this.ring.reclaim();
    return this.#outstandingAtLoss + this.#ownOutstanding(this.ring);
  }

  /** An earlier trial's frames that the peer took in this one. */
  carried(): number {
    if (this.ring === null) return 0;
    this.ring.reclaim();
    const here = this.#ownHere() + this.#besideHere;
    return this.#leftBefore - Math.max(0, this.ring.outstanding() - here);
  }

  noteBeside(): void {
    this.#besides.push(this.#ownHere() + this.#besideHere);
    this.#besideHere++;
    if (this.#besides.length > (this.ring?.slots ?? 0)) this.#besides.shift();
  }

  /** Calls the kernel again where it stopped because it had no room. */
  nudge(): void {
    if (this.ring?.kickAgain?.()) this.#open!.notifyTx();
  }

  /** Kicks the peer after a publish, where it wants that. */
  notify(): void {
    if (this.ring?.notifyWanted()) this.#open!.notifyTx();
  }

  /** Our frames in the ring since it was attached, taken ones included. */
  #ownHere(): number {
    return this.#published() - this.#outstandingAtLoss;
  }

  #ownOutstanding(ring: TxRing): number {
    const outstanding = ring.outstanding();
    const here = this.#ownHere();
    const firstLeft = here + this.#besideHere - outstanding;
    let beside = 0;
    for (let k = this.#besides.length - 1; k >= 0 && this.#besides[k] >= firstLeft; k--) beside++;
    return Math.min(outstanding - beside, here);
  }
}
