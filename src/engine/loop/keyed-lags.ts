/**
 * How far behind its slot each recent frame of many streams left: written by the transmitter, read by the receiver.
 * 65,536 frames; one whose place another has taken since is not known any more, and says so.
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

  /** NaN: not known any more. */
  of(stream: number, index: number): number {
    const at = 2 * placeOf(stream, index);
    return this.#cells[at] === keyOf(stream, index) ? this.#cells[at + 1] : Number.NaN;
  }
}

const placeOf = (stream: number, index: number): number => (Math.imul(stream, 40_503) + index) & 0xffff;
/** 24 bits of stream, 29 of index: a key comes again after 2^29 frames of a stream, long after its place was taken. */
const keyOf = (stream: number, index: number): number => stream * 2 ** 29 + (index % 2 ** 29);
