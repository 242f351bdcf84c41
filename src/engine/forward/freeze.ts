/** The fault of a whole hop: it stands still for a while. Time is an argument. */

/** A freeze begins when this many frames have come in since the reset. */
export const freezeAfterFrames = 1000;

/** Stops a hop once in each trial for `freezeNs`, when `freezeAfterFrames` have come in. */
export class FreezeGate {
  readonly #freezeNs: number;
  #taken = 0;
  #armed = true;
  #frozenAtNs = 0;
  #frozen = false;
  #frozenNs = 0;

  constructor(freezeNs: number) {
    this.#freezeNs = freezeNs;
  }

  reset(): void {
    this.#taken = 0;
    this.#armed = true;
    this.#frozen = false;
    this.#frozenNs = 0;
  }

  /** How many frames may still be taken before the freeze. */
  allowed(): number {
    if (this.#frozen) return 0;
    return this.#armed && this.#freezeNs > 0 ? freezeAfterFrames - this.#taken : Number.POSITIVE_INFINITY;
  }

  took(frames: number, nowNs: number): void {
    if (!this.#armed || this.#freezeNs === 0) return;
    this.#taken += frames;
    if (this.#taken < freezeAfterFrames) return;
    this.#armed = false;
    this.#frozen = true;
    this.#frozenAtNs = nowNs;
  }

  /** Does the hop stand still at `nowNs`? The time that it really stood still is added up here. */
  stands(nowNs: number): boolean {
    if (!this.#frozen) return false;
    if (nowNs - this.#frozenAtNs < this.#freezeNs) return true;
    this.#frozen = false;
    this.#frozenNs = nowNs - this.#frozenAtNs;
    return false;
  }

  /** How long the trial's freeze took; 0 until it is over. */
  totalNs(): number {
    return this.#frozenNs;
  }
}
