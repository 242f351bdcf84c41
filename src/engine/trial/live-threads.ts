/** The threads of a generator while a trial runs: its load is changed, and the latency until now is read. */
import { invalidError } from "../../errors.js";
import { Histogram, type HistogramSummary } from "../../stats/histogram.js";
import { sleepNs } from "../../sys/sleep.js";
import { LiveLatency, type LiveMemory } from "./live-memory.js";
import { LoadSender, type SentTurn } from "./load-queue.js";
import type { TrialProgress } from "./progress.js";

const pollNs = 500_000;

export class LiveThreads {
  readonly #senders: readonly LoadSender[];
  readonly #latencies: readonly LiveLatency[];
  readonly #progress: () => TrialProgress | null;
  /** Changes are sent in their order. */
  #last: Promise<unknown> = Promise.resolve();

  /** `memories`: of each thread. `progress`: how the trial stands. */
  constructor(memories: readonly LiveMemory[], progress: () => TrialProgress | null) {
    this.#senders = memories.map(({ turns }) => new LoadSender(turns));
    this.#latencies = memories.map(({ latency }) => new LiveLatency(latency));
    this.#progress = progress;
  }

  /** null: nothing was measured yet. */
  latency(): HistogramSummary | null {
    const sum = new Histogram();
    for (const latency of this.#latencies) sum.merge(latency.read());
    return sum.summary();
  }

  /** Resolves when all threads have done it. @throws PktgenError (4): the trial sends no more. */
  change(turns: readonly SentTurn[]): Promise<void> {
    const done = this.#last.then(() => this.#change(turns));
    this.#last = done.catch(() => {});
    return done;
  }

  async #change(turns: readonly SentTurn[]): Promise<void> {
    for (let at = 0; at < turns.length; ) {
      const room = Math.min(...this.#senders.map((sender) => sender.room));
      const piece = turns.slice(at, at + room);
      at += piece.length;
      if (piece.length === 0) await this.#wait();
      else await this.#send(piece);
    }
  }

  async #send(piece: readonly SentTurn[]): Promise<void> {
    this.#check();
    const counts = this.#senders.map((sender) => sender.send(piece));
    while (!this.#senders.every((sender, thread) => sender.isDone(counts[thread]!))) await this.#wait();
  }

  async #wait(): Promise<void> {
    await sleepNs(pollNs);
    this.#check();
  }

  #check(): void {
    if (this.#progress()?.phase === "sending") return;
    throw invalidError("the load cannot be changed: no trial is sending", {
      hint: "a trial can be changed from its first to its last frame",
    });
  }
}
