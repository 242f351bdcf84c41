/** Changes of the load on their way to the generator's threads, through shared memory (loop/command-queue.ts). */
import { CommandReceiver, type CommandRecords, CommandSender } from "../loop/index.js";
import type { LoadTurn } from "../transmit/index.js";

const counts = { written: 0, done: 1, words: 32 } as const;
const cell = { stream: 0, speed: 1, atNs: 2, totalPps: 3, trial: 4, addNs: 5, doubles: 8 } as const;
const records = 256;

export const loadQueueBytes = 4 * counts.words + 8 * records * cell.doubles;

const recordsIn = (memory: SharedArrayBuffer): CommandRecords => ({
  counts: new Int32Array(memory, 0, counts.words),
  written: counts.written,
  done: counts.done,
  cells: new Float64Array(memory, 4 * counts.words, records * cell.doubles),
  doubles: cell.doubles,
  records,
});

/** A turn for the trial with this id; `atNs` by the clock that all threads share. */
export interface SentTurn extends LoadTurn {
  readonly trial: number;
}

/** The owner's side. */
export class LoadSender {
  readonly #sender: CommandSender;

  constructor(memory: SharedArrayBuffer) {
    this.#sender = new CommandSender(recordsIn(memory));
  }

  get room(): number {
    return this.#sender.room;
  }

  /** At most `room` of them. Returns what `isDone` is asked with. */
  send(turns: readonly SentTurn[]): number {
    return this.#sender.send(
      turns.map(({ stream, speed, atNs, totalPps, trial, addNs = 0 }) => [stream, speed, atNs, totalPps, trial, addNs]),
    );
  }

  isDone(count: number): boolean {
    return this.#sender.isDone(count);
  }
}

/** The loop's side. */
export class LoadReceiver {
  readonly #cells: Float64Array;
  readonly #receiver: CommandReceiver;

  constructor(memory: SharedArrayBuffer) {
    const shared = recordsIn(memory);
    this.#cells = shared.cells;
    this.#receiver = new CommandReceiver(shared);
  }

  get isWaiting(): boolean {
    return this.#receiver.isWaiting;
  }

  get first(): SentTurn {
    const { at } = this.#receiver;
    const of = (which: number): number => this.#cells[at + which];
    return {
      stream: of(cell.stream),
      speed: of(cell.speed),
      atNs: of(cell.atNs),
      totalPps: of(cell.totalPps),
      trial: of(cell.trial),
      addNs: of(cell.addNs),
    };
  }

  advance(): void {
    this.#receiver.advance();
  }
}
