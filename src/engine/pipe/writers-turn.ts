/**
 * Several threads that write into one pipe take turns, a burst at a time. So the pipe has one writer at any moment, and its
 * times grow. A thread that holds the turn and gets no CPU holds up the others; they look again every millisecond.
 */

/** Turns are short: a copy of a burst. */
const spins = 200;
const lookAgainMs = 1;
/** Whoever had the turn is gone. */
const mostLooks = 1_000;

const turn = { free: 0, taken: 1 } as const;

export class WritersTurn {
  readonly #control: Int32Array;
  readonly #word: number;

  constructor(control: Int32Array, word: number) {
    this.#control = control;
    this.#word = word;
  }

  /** false: nobody gave it back. */
  take(): boolean {
    const [control, word] = [this.#control, this.#word];
    for (let k = 0; k < spins; k++) {
      if (Atomics.compareExchange(control, word, turn.free, turn.taken) === turn.free) return true;
    }
    for (let k = 0; k < mostLooks; k++) {
      Atomics.wait(control, word, turn.taken, lookAgainMs);
      if (Atomics.compareExchange(control, word, turn.free, turn.taken) === turn.free) return true;
    }
    return false;
  }

  give(): void {
    Atomics.store(this.#control, this.#word, turn.free);
    Atomics.notify(this.#control, this.#word, 1);
  }
}
