/** Says commands to the loop in their order, as many as there is room for, and waits until they are done. */
import type { Command, SessionHandle, SessionOrder } from "../engine/session/index.js";
import { sleepNs } from "../sys/sleep.js";
import type { FlowPlan, FlowTable, TableFlow } from "./flow-table.js";
import type { SessionError } from "./session-error.js";

const pollNs = 1_000_000;

export class Commander {
  readonly #handle: Pick<SessionHandle, "commands">;
  readonly #table: FlowTable;
  #end: SessionError | null = null;
  /** Says that are not written yet, and the last of them. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(handle: Pick<SessionHandle, "commands">, table: FlowTable) {
    this.#handle = handle;
    this.#table = table;
  }

  /** From now on everything is refused. The first reason counts. */
  end(why: SessionError): void {
    this.#end ??= why;
  }

  /** @throws SessionError closed, ended */
  check(): void {
    if (this.#end !== null) throw this.#end;
  }

  /** What has room is written at once. Resolves when the loop has done all of them. */
  async say(commands: readonly Command[]): Promise<void> {
    this.check();
    const { commands: writer } = this.#handle;
    const isNext = this.#pending === 0 && writer.room >= commands.length;
    await this.#untilDone(isNext ? writer.write(commands) : await this.#writeAfter(commands));
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

  /** Flows that the loop knows now: all or none. @throws SessionError full, closed, ended */
  async admit(plans: readonly FlowPlan[]): Promise<readonly TableFlow[]> {
    const { flows, orders } = this.#table.admit(plans);
    try {
      await this.order(orders);
    } catch (error) {
      // The loop was told nothing of them, or is gone.
      this.#table.release(flows);
      throw error;
    }
    return flows;
  }

  #writeAfter(commands: readonly Command[]): Promise<number> {
    this.#pending++;
    const written = this.#last.then(() => this.#writeAll(commands)).finally(() => this.#pending--);
    this.#last = written.catch(() => {});
    return written;
  }

  async #writeAll(commands: readonly Command[]): Promise<number> {
    const { commands: writer } = this.#handle;
    let count = 0;
    for (let at = 0; at < commands.length; ) {
      this.check();
      const piece = commands.slice(at, at + writer.room);
      at += piece.length;
      if (piece.length === 0) await sleepNs(pollNs);
      else count = writer.write(piece);
    }
    return count;
  }

  async #untilDone(count: number): Promise<void> {
    while (!this.#handle.commands.isDone(count)) {
      await sleepNs(pollNs);
      this.check();
    }
  }
}
