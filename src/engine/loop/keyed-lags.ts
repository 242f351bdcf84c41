/**
 * How far behind its slot each recent frame of many streams left. The transmitter writes it, and the receiver reads it.
 * The window has 65,536 places. A frame whose place was taken since is unknown.
 */
export class KeyedLags {
  /** Key and lag of each place side by side: one cache line. */
  readonly #cells = new Float64Array(2 * 65_536).fill(-1);

  /** Frame `index` of a stream, counted as the transmitter counts (from Q + q on a queue). */
  note(stream: number, index: number, lagNs: number): void {
    const at = 2 * placeOf(stream, index);
    this.#cells[at] = keyOf(stream, index);
    this.#cells[at + 1] = lagNs;
  }

  /** NaN: unknown. */
  of(stream: number, index: number): number {
    const at = 2 * placeOf(stream, index);
    return this.#cells[at] === keyOf(stream, index) ? this.#cells[at + 1] : Number.NaN;
  }
}

const placeOf = (stream: number, index: number): number => (Math.imul(stream, 40_503) + index) & 0xffff;
/** 24 bits of stream, 29 of index: a key comes again after 2^29 frames of a stream, long after its place was taken. */
const keyOf = (stream: number, index: number): number => stream * 2 ** 29 + (index % 2 ** 29);
