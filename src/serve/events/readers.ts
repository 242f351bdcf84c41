/** Who reads the events of something that ends with its client. */

/** It waits so long for a first reader. */
const firstReaderMs = 10_000;

export class EventReaders {
  readonly #leave: ((why: string) => void) | null;
  #count = 0;
  #first: NodeJS.Timeout | null = null;

  /** `leave` is told when nobody reads any more; null: that is nothing that matters. */
  constructor(leave: ((why: string) => void) | null) {
    this.#leave = leave;
    if (leave !== null) this.#first = setTimeout(() => leave("nobody read its events"), firstReaderMs);
  }

  /** Somebody reads until the answer is called. */
  add(): () => void {
    this.end();
    this.#count++;
    let isThere = true;
    return () => {
      if (!isThere) return;
      isThere = false;
      this.#count--;
      if (this.#count === 0) this.#leave?.("its client left");
    };
  }

  /** No first reader is waited for any more. */
  end(): void {
    if (this.#first !== null) clearTimeout(this.#first);
    this.#first = null;
  }
}
