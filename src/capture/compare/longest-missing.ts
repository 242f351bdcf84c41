/**
 * Loss as a time: the longest run of expected frames that follow each other and are missing. Expected times count: from
 * the frame before the run to its last one. So it is what a trial calls an outage, at the capture's own gaps.
 */
import type { FrameEntry } from "./entry.js";

export class LongestMissing {
  #last = 0;
  #fromNs = 0;
  #longestNs = 0;

  /** ns of the expected capture; 0: no frame is missing, or the first one alone. */
  get longestNs(): number {
    return this.#longestNs;
  }

  /** An expected frame is missing. They are told in the order of their capture. */
  note({ place, beforeNs, timeNs }: Pick<FrameEntry, "place" | "beforeNs" | "timeNs">): void {
    if (place !== this.#last + 1 || this.#last === 0) this.#fromNs = beforeNs;
    this.#last = place;
    this.#longestNs = Math.max(this.#longestNs, timeNs - this.#fromNs);
  }
}
