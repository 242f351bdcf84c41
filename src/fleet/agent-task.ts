/** What an agent is doing at the moment for a run: one task, which is prepared, appointed, confirmed, stopped and reported. */
import { environmentError, type PktgenError } from "../errors.js";
import type { TrialInputs } from "../measure/trial-result.js";

/** Which trial of a run, and which attempt at it. */
export interface TaskId {
  readonly trial: number;
  readonly attempt: number;
}

export const isSameTask = (one: TaskId, other: TaskId): boolean =>
  one.trial === other.trial && one.attempt === other.attempt;

/** What happens to `run`: it is told when to begin, and is stopped by the signal. */
export interface TaskSteps {
  readonly signal: AbortSignal;
  /** To be called when all is ready. */
  readonly appointed: () => Promise<number>;
  /** To be told of frames that a task sends which is no trial. */
  readonly sent: (frames: number) => void;
}

export class AgentTask {
  readonly id: TaskId;
  /** Resolves when all is ready, or nothing has to be appointed. Rejects where it cannot be. */
  readonly armed: Promise<void>;
  /** Resolves when the task is over; null: it failed before it began. */
  readonly done: Promise<readonly TrialInputs[] | null>;
  /** Nothing but a stop ends it. */
  readonly isEndless: boolean;
  /** That have a share of it. */
  readonly agents: number;
  readonly #stop = new AbortController();
  readonly #go = deferred<number>();
  #startNs: number | null = null;
  #isConfirmed = false;
  #stopped: string | null = null;
  #isOver = false;
  #sent = 0;

  constructor(id: TaskId, run: (steps: TaskSteps) => Promise<readonly TrialInputs[]>, isEndless = false, agents = 1) {
    this.id = id;
    this.isEndless = isEndless;
    this.agents = agents;
    const armed = deferred<void>();
    this.armed = armed.promise;
    const appointed = (): Promise<number> => {
      armed.resolve();
      return this.#go.promise;
    };
    const sent = (frames: number): void => {
      this.#sent = frames;
    };
    this.#go.promise.catch(() => {});
    armed.promise.catch(() => {});
    this.done = run({ signal: this.#stop.signal, appointed, sent })
      .then((inputs) => {
        armed.resolve();
        return inputs;
      })
      .catch((error: unknown) => {
        armed.reject(error);
        return null;
      })
      .finally(() => {
        this.#isOver = true;
      });
  }

  get startNs(): number | null {
    return this.#startNs;
  }

  /** Frames that it sent, where it is no trial. */
  get sent(): number {
    return this.#sent;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why it was stopped; null: it was not. */
  get stopped(): string | null {
    return this.#stopped;
  }

  /** It begins at the appointed moment. Never true of a warm-up or learning frames. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** The moment is appointed, and may be called off; told again, nothing changes. */
  go(startNs: number): void {
    this.#startNs ??= startNs;
  }

  /** It begins at the appointed moment. */
  confirm(): void {
    if (this.#startNs === null || this.#stopped !== null) return;
    this.#isConfirmed = true;
    this.#go.resolve(this.#startNs);
  }

  /** Until the moment is confirmed, nothing is sent at all. */
  stop(why: string): void {
    this.#stopped ??= why;
    this.#stop.abort();
    if (!this.#isConfirmed) this.#go.reject(calledOff(why));
  }
}

const calledOff = (why: string): PktgenError => environmentError(`the trial was called off: ${why}`);

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}
