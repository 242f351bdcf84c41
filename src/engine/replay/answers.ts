/** One by one: after each frame, the sender waits until a frame comes back, or for `timeoutNs`. */

const cell = { sentNs: 0, receivedBefore: 1, count: 2 } as const;

export class AnswerWait {
  /** Frames after which nothing came back in time. */
  unanswered = 0;
  readonly #timeoutNs: number;
  /** Frames received so far. */
  readonly #received: () => number;
  readonly #cells = new Float64Array(cell.count);
  #waiting = false;

  constructor(timeoutNs: number, received: () => number) {
    this.#timeoutNs = timeoutNs;
    this.#received = received;
  }

  /** A frame has left. */
  begin(nowNs: number): void {
    this.#waiting = true;
    this.#cells[cell.sentNs] = nowNs;
    this.#cells[cell.receivedBefore] = this.#received();
  }

  /** May the next frame leave? */
  isOver(nowNs: number): boolean {
    if (!this.#waiting) return true;
    const isAnswered = this.#received() > this.#cells[cell.receivedBefore];
    if (!isAnswered) {
      if (nowNs - this.#cells[cell.sentNs] < this.#timeoutNs) return false;
      this.unanswered++;
    }
    this.#waiting = false;
    return true;
  }
}
