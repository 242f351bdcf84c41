/** The longest time in which nothing arrived, between two arrivals. */
export class LongestSilence {
  #lastNs = -1;
  #fromNs = 0;
  #toNs = -1;

  /** Something arrived; never earlier than the last time. */
  arrived(nowNs: number): void {
    if (this.#lastNs >= 0 && nowNs - this.#lastNs > this.#toNs - this.#fromNs) {
      this.#fromNs = this.#lastNs;
      this.#toNs = nowNs;
    }
    this.#lastNs = nowNs;
  }

  /** null: fewer than two arrivals. */
  longest(): { readonly fromNs: number; readonly toNs: number } | null {
    return this.#toNs < 0 ? null : { fromNs: this.#fromNs, toNs: this.#toNs };
  }
}
