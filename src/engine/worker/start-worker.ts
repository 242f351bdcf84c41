/** Starts and owns loop workers. One owner thread; everything here runs there. */
import { type ExitCode, invalidError, PktgenError } from "../../errors.js";
import type { PortObserver } from "../../port/port.js";
import { arena } from "../../sys/arena.js";
import { EventFd } from "../../sys/eventfd.js";
import { command, controlWords, state, type ThreadSetup, word } from "./control-page.js";
import { keepThread, takeThread } from "./kept-threads.js";
import type { LoopThread } from "./loop-thread.js";
import type { LoopWorker, LoopWorkerOptions } from "./loop-worker.js";
import type { FromThread, ToThread, Trouble } from "./messages.js";

/** A thread that does not come to stand in this time is stuck; rings are never touched behind its back. */
const standTimeoutMs = 5_000;

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const revive = ({ message, exitCode, stack, code, details }: Trouble): Error => {
  if (exitCode !== null) return new PktgenError(exitCode as ExitCode, message, details);
  const error = new Error(message);
  error.stack = stack;
  return code === null ? error : Object.assign(error, { code });
};

class OwnedWorker implements LoopWorker {
  readonly counters: Float64Array;
  readonly #options: LoopWorkerOptions;
  readonly #control = new Int32Array(new SharedArrayBuffer(4 * controlWords));
  readonly #thread: LoopThread;
  readonly #wakeFd: EventFd | null;
  readonly #waiters = new Map<number, Waiter>();
  readonly #ready: Promise<void>;
  #settleReady: Waiter | null = null;
  #failure: Error | null = null;
  #closing = false;
  #disposed: Promise<void> | null = null;
  #nextId = 1;
  /** Messages posted; the thread counts those it has dealt with. */
  #posted = 0;
  /** The loop runs when it is wanted and nobody holds it. */
  #wanted = false;
  #holds = 0;

  constructor(options: LoopWorkerOptions) {
    this.#options = options;
    const counters = new SharedArrayBuffer(8 * options.counterSlots);
    this.counters = new Float64Array(counters);
    this.#wakeFd = options.restsLong === true ? new EventFd() : null;
    const setup: ThreadSetup = {
      job: options.job,
      options: options.options,
      control: this.#control.buffer as SharedArrayBuffer,
      counters,
      arenaAddress: arena().address,
      arenaBytes: arena().bytes,
      ports: options.ports.length,
      cpu: options.cpu,
      busy: options.busy,
      wakeFd: this.#wakeFd?.fd ?? null,
      recording: options.recording ?? null,
    };
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve: () => resolve(), reject };
    });
    this.#ready.catch(() => {});
    this.#thread = takeThread(options.keepFor ?? null, options.name);
    this.#thread.begin(setup, {
      take: (message) => this.#take(message),
      ended: (error) => {
        if (error !== null) this.#fail(error);
        else if (!this.#closing) this.#fail(invalidError(`the thread of ${options.name} ended`));
      },
    });
  }

  async open(): Promise<void> {
    await this.#ready;
    for (const [index, port] of this.#options.ports.entries()) {
      port.observe(this.#observerOf(index));
      this.#post({ kind: "attach", index, rings: port.rings() });
    }
  }

  get sleeps(): number {
    return Atomics.load(this.#control, word.sleeps);
  }

  get pinned(): boolean {
    return Atomics.load(this.#control, word.pinned) === 1;
  }

  get threadId(): number {
    return Atomics.load(this.#control, word.threadId);
  }

  command(request: unknown): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    // The thread may have another job by now.
    if (this.#closing) return Promise.reject(invalidError(`${this.#options.name} was closed`));
    const id = this.#nextId++;
    const answered = new Promise<unknown>((resolve, reject) => this.#waiters.set(id, { resolve, reject }));
    this.#hold();
    this.#post({ kind: "command", id, request });
    return answered.finally(() => this.#letGo());
  }

  run(): void {
    this.#wanted = true;
    this.#update();
  }

  stand(): void {
    this.#wanted = false;
    this.#update();
  }

  condemn(): void {
    this.#thread.condemn();
  }

  /** Who asks again waits for the same end, which has a bound. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#closing = true;
    const { keepFor = null, name } = this.#options;
    const mayStay = keepFor !== null && this.#thread.isSound;
    Atomics.store(this.#control, word.command, mayStay ? command.leave : command.exit);
    this.#wake();
    const isFree = await this.#thread.isFreeInTime(1_000);
    // A thread that still runs may read it.
    if (isFree) this.#wakeFd?.[Symbol.dispose]();
    this.#rejectAll(
      this.#failure ?? invalidError(isFree ? `${name} was closed` : `the thread of ${name} does not end`),
    );
    if (mayStay) keepThread(keepFor, this.#thread);
  }

  #observerOf(index: number): PortObserver {
    let held = false;
    return {
      quiesce: () => {
        if (held || this.#closing) return;
        held = true;
        this.#hold();
      },
      resume: (rings, _why, receiving = null) => {
        if (this.#closing) return;
        // A running thread takes no messages: it has to stand to see new rings.
        if (!held) this.#hold();
        this.#post({ kind: "attach", index, rings: rings ?? (this.#options.receivesOn === true ? receiving : null) });
        held = false;
        this.#letGo();
      },
      trouble: (why) => this.#options.onTrouble?.(why),
    };
  }

  #hold(): void {
    this.#holds++;
    this.#update();
  }

  #letGo(): void {
    this.#holds--;
    this.#update();
  }

  /** Makes the thread do what is wanted; when it is to stand, returns only when it does. */
  #update(): void {
    if (this.#closing) return;
    const wanted = this.#wanted && this.#holds === 0 ? command.run : command.stand;
    if (Atomics.exchange(this.#control, word.command, wanted) === wanted && wanted === command.run) return;
    this.#wake();
    if (wanted === command.stand) this.#waitUntilStanding();
  }

  #waitUntilStanding(): void {
    const deadline = Date.now() + standTimeoutMs;
    // A command touches rings as well, in a thread that stands: those posted are waited for.
    while (this.#isBusy()) {
      Atomics.wait(this.#control, word.state, state.running, 1);
      if (Date.now() <= deadline) continue;
      this.#thread.condemn();
      throw invalidError(`the thread of ${this.#options.name} does not stop`);
    }
  }

  #isBusy(): boolean {
    if (this.#failure !== null) return false;
    const now = Atomics.load(this.#control, word.state);
    if (now === state.ended) return false;
    return now === state.running || Atomics.load(this.#control, word.handled) !== this.#posted;
  }

  #post(message: ToThread): void {
    this.#posted++;
    this.#thread.post(message);
    this.#wake();
  }

  #wake(): void {
    Atomics.add(this.#control, word.wake, 1);
    Atomics.notify(this.#control, word.wake);
    this.wakeUp();
  }

  /** It says that it rests, and looks once more for what there is. So either it sees that, or it is seen resting. */
  wakeUp(): void {
    if (this.#wakeFd !== null && Atomics.load(this.#control, word.resting) === 1) this.#wakeFd.signal();
  }

  #take(message: FromThread): void {
    switch (message.kind) {
      case "ready":
        this.#settleReady?.resolve(undefined);
        return;
      case "answer":
        this.#settle(message.id, (waiter) => waiter.resolve(message.value));
        return;
      case "refusal":
        this.#settle(message.id, (waiter) => waiter.reject(revive(message)));
        return;
      case "event":
        this.#options.onEvent?.(message.event);
        return;
      case "ring-fault":
        this.#options.ports[message.index]!.breakConnection(message.message);
        return;
      case "left":
        return;
      case "failure":
        this.#fail(revive(message));
        return;
    }
  }

  #settle(id: number, how: (waiter: Waiter) => void): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (waiter !== undefined) how(waiter);
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#settleReady?.reject(error);
    this.#rejectAll(error);
    this.#options.onFailure?.(error);
  }

  #rejectAll(error: Error): void {
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
  }
}

/** Starts the thread, gives it the ports' present rings, and leaves its loop standing. */
export async function startLoopWorker(options: LoopWorkerOptions): Promise<LoopWorker> {
  const worker = new OwnedWorker(options);
  try {
    await worker.open();
    return worker;
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
}
