/**
 * Several generator threads that run as one: they begin at one appointed time, all go on receiving until the last of
 * them is done, and the end of one is the end of all.
 */
import { monotonicClock } from "../../sys/clock.js";
import type { LoopWorker } from "../worker/index.js";
import type { GeneratorCommand, GeneratorEvent } from "./commands.js";

/** Threads that share CPUs with others have all run once in this time. */
const usualLeadNs = 10e6;

/** One thread as the crew sees it. Its events are told to it before it has started, too. */
export class CrewMember {
  worker: LoopWorker | null = null;
  #onEvent: ((event: GeneratorEvent) => void) | null = null;
  #onFailure: ((error: Error) => void) | null = null;

  readonly tell = (event: unknown): void => this.#onEvent?.(event as GeneratorEvent);
  readonly fail = (error: Error): void => this.#onFailure?.(error);

  say(command: GeneratorCommand): Promise<unknown> {
    return this.worker!.command(command);
  }

  /** Resolves when its job says that it is done. `onShort`: it cannot keep up. */
  untilDone(onShort: () => void): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#onEvent = ({ kind }) => (kind === "done" ? resolve() : onShort());
      this.#onFailure = reject;
    });
    // It may fail while nobody waits for it yet.
    done.catch(() => {});
    return done;
  }
}

export interface CrewRun {
  /** What each thread is told before its loop runs. */
  readonly order: (worker: number) => GeneratorCommand;
  readonly signal: AbortSignal;
  /** When all begin, by the clock that all threads share. null: as soon as each can. */
  readonly appointed: (() => Promise<number>) | null;
  /** The first that is done ends it for all. Absent: the last one does. */
  readonly untilFirst?: boolean;
}

/** The usual appointment: in a moment. */
export const soon = async (): Promise<number> => monotonicClock().nowNs() + usualLeadNs;

export class Crew {
  readonly members: readonly CrewMember[];

  constructor(workers: number) {
    this.members = Array.from({ length: workers }, () => new CrewMember());
  }

  get workers(): readonly LoopWorker[] {
    return this.members.map(({ worker }) => worker!);
  }

  /** The answer of each. Their loops run on afterwards as before. */
  ask(command: (worker: number) => GeneratorCommand): Promise<unknown[]> {
    return Promise.all(this.members.map((member, w) => member.say(command(w))));
  }

  /** Resolves when all are done and stand. Rejects when one refuses to begin, or its thread is gone. */
  async run({ order, signal, appointed, untilFirst = false }: CrewRun): Promise<void> {
    const stop = (why: "stopped" | "short"): void => void this.ask(() => ({ kind: "stop", why })).catch(() => {});
    const dones = this.members.map((member) => member.untilDone(() => stop("short")));
    const stopNow = (): void => stop("stopped");
    try {
      await this.ask(order);
      if (appointed !== null) {
        const startAtNs = await appointed();
        await this.ask(() => ({ kind: "appoint", startAtNs }));
      }
      signal.addEventListener("abort", stopNow, { once: true });
      for (const worker of this.workers) worker.run();
      if (signal.aborted) stopNow();
      if (untilFirst) {
        await Promise.race(dones);
        stopNow();
      }
      await Promise.all(dones);
    } finally {
      signal.removeEventListener("abort", stopNow);
      this.#stand();
    }
  }

  /** All of them, also where one does not stop. */
  #stand(): void {
    const errors: unknown[] = [];
    for (const worker of this.workers) {
      try {
        worker.stand();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
