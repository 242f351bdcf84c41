/**
 * What every frame of a lane touches when it comes in: the next number, latency, and when the first and the last one
 * came. A lane is one sequence of one flow. The second cache line collects samples, as in stats/lane-rows.ts.
 */
export const laneRowCell = {
  next: 0,
  sum: 1,
  min: 2,
  max: 3,
  firstNs: 4,
  lastNs: 5,
  /** Frames whose latency is being noted, and those of which all is noted: whoever reads between sees them differ. */
  begun: 6,
  noted: 7,
  samples: 8,
  doubles: 16,
} as const;
const cell = laneRowCell;
const keptSamples = 15;
const mostLooks = 16;

export class SessionLanes {
  readonly #cells: Float64Array;
  readonly #words: Int32Array;

  constructor(cells: Float64Array) {
    this.#cells = cells;
    this.#words = new Int32Array(cells.buffer, cells.byteOffset, cells.length * 2);
  }

  /** The index after the highest seen; −1 less it while a number below is missing (sequence-table.ts). */
  next(lane: number): number {
    return this.#cells[lane * cell.doubles];
  }

  setNext(lane: number, next: number): void {
    this.#cells[lane * cell.doubles] = next;
  }

  /** Forgets all but the next number, which is the table's. */
  reset(lane: number): void {
    const at = lane * cell.doubles;
    this.#cells.fill(0, at + 1, at + cell.doubles);
    this.#cells[at + cell.min] = Number.POSITIVE_INFINITY;
    this.#cells[at + cell.max] = Number.NEGATIVE_INFINITY;
    this.#cells[at + cell.firstNs] = -1;
    this.#cells[at + cell.lastNs] = -1;
  }

  /** Accepted frames that took the same time; `close` once their samples are kept, too. Hot. */
  note(lane: number, frames: number, latencyNs: number, nowNs: number): void {
    const cells = this.#cells;
    const at = lane * cell.doubles;
    cells[at + cell.begun] += frames;
    cells[at + cell.sum] += latencyNs * frames;
    if (latencyNs < cells[at + cell.min]) cells[at + cell.min] = latencyNs;
    if (latencyNs > cells[at + cell.max]) cells[at + cell.max] = latencyNs;
    if (cells[at + cell.firstNs] < 0) cells[at + cell.firstNs] = nowNs;
    cells[at + cell.lastNs] = nowNs;
  }

  /** Of what was noted nothing is open. Hot. */
  close(lane: number): void {
    const at = lane * cell.doubles;
    this.#cells[at + cell.noted] = this.#cells[at + cell.begun];
  }

  /** Frames of which all is noted. What is read after it is of these and of no others if `begun` is the same after that. */
  noted(lane: number): number {
    return this.#cells[lane * cell.doubles + cell.noted];
  }

  begun(lane: number): number {
    return this.#cells[lane * cell.doubles + cell.begun];
  }

  /** Keeps a sample. True: the row is full, and the caller must call `takeSamples`. Hot. */
  keepSample(lane: number, sample: number): boolean {
    const words = this.#words;
    const at = 2 * (lane * cell.doubles + cell.samples);
    const kept = words[at] + 1;
    words[at] = kept;
    words[at + kept] = sample;
    return kept === keptSamples;
  }

  /** Into `samples`; returns how many were kept back, and forgets them. */
  takeSamples(lane: number, samples: Int32Array): number {
    const kept = this.peekSamples(lane, samples);
    this.#words[2 * (lane * cell.doubles + cell.samples)] = 0;
    return kept;
  }

  /** The same, and they stay. */
  peekSamples(lane: number, samples: Int32Array): number {
    const words = this.#words;
    const at = 2 * (lane * cell.doubles + cell.samples);
    const kept = Math.min(words[at], keptSamples);
    for (let k = 0; k < kept; k++) samples[k] = words[at + 1 + k];
    return kept;
  }

  /** All of the same frames, except where the loop has lost its CPU in between, or notes faster than this reads. */
  extremes(lane: number) {
    const at = lane * cell.doubles;
    let [frames, sum, min, max] = [0, 0, 0, 0];
    for (let look = 0; look < mostLooks; look++) {
      const noted = this.noted(lane);
      sum = this.#cells[at + cell.sum];
      min = this.#cells[at + cell.min];
      max = this.#cells[at + cell.max];
      frames = this.begun(lane);
      if (frames === noted) break;
    }
    return { frames, sum, min, max };
  }

  /** −1: none came. */
  firstNs(lane: number): number {
    return this.#cells[lane * cell.doubles + cell.firstNs];
  }

  lastNs(lane: number): number {
    return this.#cells[lane * cell.doubles + cell.lastNs];
  }
}
