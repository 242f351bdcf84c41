/**
 * Commands of a session (loop/command-queue.ts). A record says what is to be done with which flow; what is longer lies in
 * the heap as JSON.
 */
import { CommandReceiver, type CommandRecords, CommandSender } from "../loop/index.js";
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
  /** To the parts that do not send it: its lengths are known from now on; and it is no flow any more. */
  learn: 8,
  forget: 9,
  /** A flow that another session sends (awaited-flows.ts) is being started there; and no more of it is to come. */
  expect: 10,
  rest: 11,
} as const;
export type CommandKind = (typeof commandKind)[keyof typeof commandKind];

export interface Command {
  readonly kind: CommandKind;
  readonly slot?: number;
  readonly value?: number;
  /** Commands of one batch act at one time. */
  readonly batch?: number;
  /** Of JSON in the heap. Of a start: the session's time at which the batch begins, at the earliest. */
  readonly at?: number;
  readonly length?: number;
}

const recordsOf = ({ header, commands }: SessionMemory): CommandRecords => ({
  counts: header,
  written: headerWord.written,
  done: headerWord.done,
  cells: commands,
  doubles: cell.doubles,
  records: commandRecords,
});

/** The owner's side. */
export class CommandWriter {
  readonly #sender: CommandSender;
  readonly #wakeUp: () => void;

  /** `wakeUp`: a loop that rests looks for commands then. */
  constructor(memory: SessionMemory, wakeUp: () => void = () => {}) {
    this.#sender = new CommandSender(recordsOf(memory));
    this.#wakeUp = wakeUp;
  }

  /** How many have room now. */
  get room(): number {
    return this.#sender.room;
  }

  /** At most `room` of them. Returns what the loop's count will be when it has done them. */
  write(commands: readonly Command[]): number {
    const count = this.#sender.send(
      commands.map(({ kind, slot = 0, value = 0, batch = 0, at = 0, length = 0 }) => [
        kind,
        slot,
        value,
        batch,
        at,
        length,
      ]),
    );
    this.#wakeUp();
    return count;
  }

  isDone(count: number): boolean {
    return this.#sender.isDone(count);
  }
}

/** The loop's side. */
export class CommandReader extends CommandReceiver {
  readonly #heap: SharedArrayBuffer;

  constructor(memory: SessionMemory) {
    super(recordsOf(memory));
    this.#heap = memory.heap;
  }

  json(at: number, length: number): unknown {
    // A decoder takes no shared memory.
    return JSON.parse(new TextDecoder().decode(new Uint8Array(this.#heap, at, length).slice()));
  }
}
