/** Says commands to the loops in their order, as many as there is room for, and waits until they are done. */
import {
  type Command,
  type CommandWriter,
  commandKind,
  flowCell,
  type SessionMemory,
  type SessionOrder,
} from "../engine/session/index.js";
import { sleepNs } from "../sys/sleep.js";
import type { FlowPlan, FlowTable, TableFlow } from "./flow-table.js";
import type { SessionError } from "./session-error.js";

const pollNs = 1_000_000;

export type CommandTaker = Pick<CommandWriter, "room" | "write" | "isDone">;

/** What one loop is told. */
class CommandLine {
  readonly #writer: CommandTaker;
  readonly #check: () => void;
  /** Says that are not written yet, and the last of them. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(writer: CommandTaker, check: () => void) {
    this.#writer = writer;
    this.#check = check;
  }

  /** What has room is written at once. Resolves when the loop has done all of them. */
  async say(commands: readonly Command[]): Promise<void> {
    const isNext = this.#pending === 0 && this.#writer.room >= commands.length;
    await this.#untilDone(isNext ? this.#writer.write(commands) : await this.#writeAfter(commands));
  }

  #writeAfter(commands: readonly Command[]): Promise<number> {
    this.#pending++;
    const written = this.#last.then(() => this.#writeAll(commands)).finally(() => this.#pending--);
    this.#last = written.catch(() => {});
    return written;
  }

  async #writeAll(commands: readonly Command[]): Promise<number> {
    let count = 0;
    for (let at = 0; at < commands.length; ) {
      this.#check();
      const piece = commands.slice(at, at + this.#writer.room);
      at += piece.length;
      if (piece.length === 0) await sleepNs(pollNs);
      else count = this.#writer.write(piece);
    }
    return count;
  }

  async #untilDone(count: number): Promise<void> {
    // What was done before the end is no error.
    while (!this.#writer.isDone(count)) {
      this.#check();
      await sleepNs(pollNs);
    }
  }
}

export class Commander {
  readonly #table: FlowTable;
  /** By part. */
  readonly #lines: readonly CommandLine[];
  #end: SessionError | null = null;

  constructor(writers: readonly CommandTaker[], table: FlowTable) {
    this.#table = table;
    this.#lines = writers.map((writer) => new CommandLine(writer, () => this.check()));
  }

  /** From now on everything is refused. The first reason counts. */
  end(why: SessionError): void {
    this.#end ??= why;
  }

  /** @throws SessionError closed, ended */
  check(): void {
    if (this.#end !== null) throw this.#end;
  }

  /** To the loops that they concern. Resolves when all of them have done all. */
  async say(commands: readonly Command[]): Promise<void> {
    this.check();
    if (this.#lines.length === 1) return this.#lines[0]!.say(commands);
    const { memory } = this.#table;
    await Promise.all(
      this.#lines.map((line, part) => {
        const own = commands.filter((command) => concerns(command, part, memory));
        return own.length === 0 ? null : line.say(own);
      }),
    );
  }

  /** Orders in JSON, and commands that come right after them. */
  async order(orders: readonly SessionOrder[], after: readonly Command[] = []): Promise<void> {
    this.check();
    const written: ReturnType<FlowTable["orderCommand"]>[] = [];
    try {
      for (const order of orders) written.push(this.#table.orderCommand(order));
      await this.say([...written.map(({ command }) => command), ...after]);
    } finally {
      for (const { done } of written) done();
    }
  }

  /** Flows that the loops know now: all or none. @throws SessionError full, closed, ended */
  async admit(plans: readonly FlowPlan[]): Promise<readonly TableFlow[]> {
    const { flows, orders } = this.#table.admit(plans);
    try {
      await this.order(orders, this.#toOthers(commandKind.learn, flows));
    } catch (error) {
      // The loops were told nothing of them, or are gone.
      this.#table.release(flows);
      throw error;
    }
    return flows;
  }

  /** No loop touches them any more: what they have may be given to others. */
  async remove(flows: readonly TableFlow[]): Promise<void> {
    await this.say(flows.map(({ slot }) => ({ kind: commandKind.remove, slot })));
    await this.say(this.#toOthers(commandKind.forget, flows));
  }

  #toOthers(kind: Command["kind"], flows: readonly TableFlow[]): Command[] {
    return this.#lines.length === 1 ? [] : flows.map(({ slot }) => ({ kind, slot }));
  }
}

/** Orders go to all parts, and what is done with a flow to the part that sends it. */
export function concerns({ kind, slot = 0 }: Command, part: number, { flows, shape }: SessionMemory): boolean {
  if (kind === commandKind.order) return true;
  const isSender = (shape.partOf?.[flows[slot * flowCell.doubles + flowCell.from]!] ?? 0) === part;
  return kind === commandKind.learn || kind === commandKind.forget ? !isSender : isSender;
}
