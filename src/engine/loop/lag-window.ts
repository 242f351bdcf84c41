/**
 * How far behind its slot each recent frame left. The transmitter writes it, and the receiver reads it, so that latency
 * from the intended departure is known, too (no coordinated omission). The window holds the last 65,536 frames. A reader
 * must not ask for older ones.
 */
export const lagWindowFrames = 65_536;

export class LagWindow {
  readonly #lags = new Float64Array(lagWindowFrames);

  /** Frame `index` (counted from the trial's start) left `lagNs` behind its slot. */
  note(index: number, lagNs: number): void {
    this.#lags[index & 0xffff] = lagNs;
  }

  of(index: number): number {
    return this.#lags[index & 0xffff];
  }
}
