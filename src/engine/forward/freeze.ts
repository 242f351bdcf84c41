/** The one fault that concerns a whole hop, not a frame: it stands still for a while. Time is an argument. */

/** A freeze begins when this many frames came in since the reset. */
export const freezeAfterFrames = 1000;

/** Stops a hop once per trial, for so long, when `freezeAfterFrames` have come in. */
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

  /** Does the hop stand still at `nowNs`? Keeps account of how long it really did. */
  stands(nowNs: number): boolean {
    if (!this.#frozen) return false;
    if (nowNs - this.#frozenAtNs < this.#freezeNs) return true;
    this.#frozen = false;
    this.#frozenNs = nowNs - this.#frozenAtNs;
    return false;
  }

  /** The length of the trial's freeze once over, in nanoseconds. */
  totalNs(): number {
    return this.#frozenNs;
  }
}
