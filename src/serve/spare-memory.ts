/**
 * Gives back memory when a server has had nothing to do for a moment. Threads that compile, collect garbage and open ports
 * each have an arena of malloc, and arenas keep what was freed in them: some 80 MB after 100 sessions.
 */
import { giveBackFreeMemory } from "../sys/libc.js";

/** A client that opens session after session is not held up in between. */
const quietMs = 500;

export class SpareMemory {
  readonly #isIdle: () => boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor(isIdle: () => boolean) {
    this.#isIdle = isIdle;
  }

  /** Something ended. */
  ended(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#isIdle()) giveBackFreeMemory();
    }, quietMs).unref();
  }
}
