/**
 * Commands from the owner to the loop, through shared memory: the loop does not stand still for them. A record says what
 * is to be done with which flow; what is longer lies in the heap as JSON. The loop takes a few records in a turn, so that
 * thousands of them make no frame late.
 */
import { commandCell as cell, commandRecords, headerWord, type SessionMemory } from "./session-memory.js";

export const commandKind = {
  start: 1,
  stop: 2,
  pause: 3,
  resume: 4,
  rate: 5,
  remove: 6,
  /** With JSON (orders.ts). */
  order: 7,
} as const;
export type CommandKind = (typeof commandKind)[keyof typeof commandKind];

export interface Command {
  readonly kind: CommandKind;
  readonly slot?: number;
  readonly value?: number;
  /** Commands of one batch act at one time. */
  readonly batch?: number;
  /** Of JSON in the heap. */
  readonly at?: number;
  readonly length?: number;
}

/** The owner's side. */
export class CommandWriter {
  readonly #memory: SessionMemory;
  /** Written in all. */
  #written = 0;

  constructor(memory: SessionMemory) {
    this.#memory = memory;
  }

  /** How many have room now. */
  get room(): number {
    return commandRecords - ((this.#written - Atomics.load(this.#memory.header, headerWord.done)) | 0);
  }

  /** At most `room` of them. Returns what the loop's count will be when it has done them. */
  write(commands: readonly Command[]): number {
    const { commands: cells, header } = this.#memory;
    for (const { kind, slot = 0, value = 0, batch = 0, at = 0, length = 0 } of commands) {
      const place = (this.#written & (commandRecords - 1)) * cell.doubles;
      cells.set([kind, slot, value, batch, at, length], place);
      this.#written = (this.#written + 1) | 0;
    }
    Atomics.store(header, headerWord.written, this.#written);
    return this.#written;
  }

  isDone(count: number): boolean {
    return ((Atomics.load(this.#memory.header, headerWord.done) - count) | 0) >= 0;
  }
}

/** The loop's side. */
export class CommandReader {
  readonly #memory: SessionMemory;
  #done = 0;

  constructor(memory: SessionMemory) {
    this.#memory = memory;
  }

  get isWaiting(): boolean {
    return Atomics.load(this.#memory.header, headerWord.written) !== this.#done;
  }

  /** Where the cells of the next command are. */
  get at(): number {
    return (this.#done & (commandRecords - 1)) * cell.doubles;
  }

  /** The command is done: its counters are written before. */
  advance(): void {
    this.#done = (this.#done + 1) | 0;
    Atomics.store(this.#memory.header, headerWord.done, this.#done);
  }

  json(at: number, length: number): unknown {
    // A decoder takes no shared memory.
    return JSON.parse(new TextDecoder().decode(new Uint8Array(this.#memory.heap, at, length).slice()));
  }
}
