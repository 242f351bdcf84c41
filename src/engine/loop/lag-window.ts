/**
 * How far behind its slot each recent frame left: written by the transmitter, read by the receiver, so that latency
 * is known from the intended departure as well (no coordinated omission). The last 65,536 frames: of older ones the
 * lag is not known any more, and whoever reads must see to that.
 */
export const lagWindowFrames = 65_536;

export class LagWindow {
  readonly #lags = new Float64Array(lagWindowFrames);

  /** Frame `index` (counted from the trial's start) left so much behind its slot. */
  note(index: number, lagNs: number): void {
    this.#lags[index & 0xffff] = lagNs;
  }

  of(index: number): number {
    return this.#lags[index & 0xffff];
  }
}
