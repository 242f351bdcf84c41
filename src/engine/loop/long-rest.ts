/**
 * A rest of a loop that nothing is due in, and that ends when a frame comes in or the owner asks for something: poll(2) on
 * the descriptors of its rings, and on one of the owner's. A loop whose rings have no descriptor sleeps a millisecond at most
 * instead, because frames that come meanwhile have to find room.
 */
import { libc } from "../../sys/libc.js";

/** So long at most; a thread in a system call cannot be ended, and 100 ms is what the engine promises. */
const longestMs = 50;
const POLLIN = 1;

export class LongRest {
  readonly #wakeFd: number;
  readonly #count = new Uint8Array(8);
  #pollfds = new Int32Array(2);
  #bytes = new Uint8Array(8);
  #isPossible = false;

  /** `wakeFd`: the owner's eventfd, which does not block. */
  constructor(wakeFd: number) {
    this.#wakeFd = wakeFd;
  }

  get isPossible(): boolean {
    return this.#isPossible;
  }

  /** One descriptor for each ring that frames may come in on; null: it has none. */
  watch(descriptors: readonly (number | null)[]): void {
    this.#isPossible = descriptors.every((fd) => fd !== null);
    const all = [this.#wakeFd, ...descriptors.filter((fd) => fd !== null)];
    this.#pollfds = Int32Array.from(all.flatMap((fd) => [fd, POLLIN]));
    this.#bytes = new Uint8Array(this.#pollfds.buffer);
  }

  /** False: nothing happened in that time. */
  wait(): boolean {
    const fds = this.#pollfds;
    if (libc.poll(this.#bytes, fds.length / 2, longestMs) <= 0) return false;
    if (fds[1] >>> 16 !== 0) libc.read(this.#wakeFd, this.#count, 8);
    return true;
  }
}
