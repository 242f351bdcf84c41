/**
 * Notices that nobody has renewed a claim. A process that was stopped itself (SIGSTOP, a suspended machine) reads what came
 * meanwhile before it says so: renewals may be among it.
 */

/** A timer that is later than this: the process was stopped. */
const stoodStillMs = 1_000;
/** What lies unread is read in this time. */
const unreadMs = 500;

export class ClaimWatch implements Disposable {
  /** ms until nobody has it; Infinity: nobody has it now. */
  readonly #leftMs: () => number;
  readonly #over: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(leftMs: () => number, over: () => void) {
    this.#leftMs = leftMs;
    this.#over = over;
  }

  /** Watches the claim that there is now. */
  begin(): void {
    const leftMs = this.#leftMs();
    if (Number.isFinite(leftMs)) this.#wake(leftMs + 1);
  }

  #wake(afterMs: number): void {
    const dueMs = performance.now() + afterMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (performance.now() - dueMs > stoodStillMs) this.#wake(unreadMs);
      else if (this.#leftMs() > 0) this.begin();
      else this.#over();
    }, afterMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
