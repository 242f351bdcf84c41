/** That all senders of a trial have ended, said again: receivers whose way was down did not hear it. */
import type { EndedSenders } from "./flow-work.js";

const everyMs = 1_000;

export class TotalsReminder {
  readonly #say: (ended: EndedSenders) => void;
  #ended: EndedSenders | null = null;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(say: (ended: EndedSenders) => void) {
    this.#say = say;
  }

  /** null: not all have ended. The first that is known stays. */
  note(ended: EndedSenders | null): void {
    this.#ended ??= ended;
  }

  /** At most once a second, however often it is called. */
  remind(): void {
    if (this.#ended === null || performance.now() - this.#saidMs < everyMs) return;
    this.#saidMs = performance.now();
    this.#say(this.#ended);
  }
}
