/** Places of flows that are free. Places side by side are of one part: its thread writes rows that lie together. */

const slotBlock = 8;

export class FreeSlots {
  /** By the part that is to have them. */
  readonly #slots: number[][];

  constructor(capacity: number, parts: number) {
    this.#slots = Array.from({ length: parts }, () => []);
    for (let slot = capacity - 1; slot >= 0; slot--) this.give(slot);
  }

  get count(): number {
    return this.#slots.reduce((sum, { length }) => sum + length, 0);
  }

  /** One of the part's own, or of the part that has most; undefined: none is free. */
  take(part: number): number | undefined {
    const own = this.#slots[part]!;
    if (own.length > 0) return own.pop();
    return this.#slots.reduce((most, slots) => (slots.length > most.length ? slots : most)).pop();
  }

  /** undefined: another flow has it. */
  takeThis(slot: number): number | undefined {
    const slots = this.#with(slot);
    const place = slots.lastIndexOf(slot);
    return place < 0 ? undefined : slots.splice(place, 1)[0];
  }

  give(slot: number): void {
    this.#with(slot).push(slot);
  }

  #with(slot: number): number[] {
    return this.#slots[Math.floor(slot / slotBlock) % this.#slots.length]!;
  }
}
