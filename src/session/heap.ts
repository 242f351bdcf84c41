/** Hands out pieces of a fixed piece of memory, and takes them back: first fit, neighbours joined. */
import { SessionError } from "./session-error.js";

const unit = 32;

export class Heap {
  readonly bytes: number;
  /** Free pieces by where they begin, in order. */
  #free: { at: number; bytes: number }[];
  readonly #used = new Map<number, number>();

  constructor(bytes: number) {
    this.bytes = bytes;
    // Place 0 means nothing to many.
    this.#free = [{ at: unit, bytes: bytes - unit }];
  }

  /** From a multiple of 32 on. @throws SessionError full */
  take(bytes: number): number {
    const wanted = Math.max(unit, Math.ceil(bytes / unit) * unit);
    const place = this.#free.findIndex((piece) => piece.bytes >= wanted);
    const piece = this.#free[place];
    if (piece === undefined) {
      throw new SessionError("full", "the session has no memory left for frames of flows", {
        hint: "remove flows, or have fewer that differ in their payload or have lists of values",
      });
    }
    const { at } = piece;
    if (piece.bytes === wanted) this.#free.splice(place, 1);
    else this.#free[place] = { at: at + wanted, bytes: piece.bytes - wanted };
    this.#used.set(at, wanted);
    return at;
  }

  give(at: number): void {
    const bytes = this.#used.get(at);
    if (bytes === undefined) return;
    this.#used.delete(at);
    let place = this.#free.findIndex((piece) => piece.at > at);
    if (place < 0) place = this.#free.length;
    this.#free.splice(place, 0, { at, bytes });
    this.#join(place);
    if (place > 0) this.#join(place - 1);
  }

  /** Bytes that are taken. */
  get taken(): number {
    return [...this.#used.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #join(place: number): void {
    const [piece, next] = [this.#free[place], this.#free[place + 1]];
    if (next === undefined || piece.at + piece.bytes !== next.at) return;
    this.#free.splice(place, 2, { at: piece.at, bytes: piece.bytes + next.bytes });
  }
}
