/** A thread for the jobs of loop workers, one after the other, as its owner sees it. It is with one worker, or with none. */
import { Worker } from "node:worker_threads";
import { endedInTime } from "../loop/index.js";
import type { ThreadSetup } from "./control-page.js";
import type { FromThread, ToThread } from "./messages.js";

/** Workers are separate built files; sources run by a test runner start the built one (`npm run build` first). */
const threadFile = (): URL =>
  new URL(import.meta.url.endsWith(".ts") ? "../../../dist/engine/main.js" : "../main.js", import.meta.url);

/** Whose job it has. */
export interface ThreadUser {
  take(message: FromThread): void;
  /** `error` null: it ended without one. */
  ended(error: Error | null): void;
}

export class LoopThread {
  readonly #thread: Worker;
  #user: ThreadUser | null = null;
  /** Who waits for its job's end. */
  #tellFree: (() => void) | null = null;
  #hasEnded = false;
  /** It runs, nobody has told it to end, and nothing went wrong in it. */
  #isSound = true;

  constructor(name: string) {
    this.#thread = new Worker(threadFile(), { name, execArgv: [] });
    this.#thread.on("message", (message: FromThread) => this.#take(message));
    this.#thread.on("error", (error: Error) => this.#fail(error));
    this.#thread.on("exit", () => {
      this.#hasEnded = true;
      this.#tellFree?.();
      this.#fail(null);
    });
  }

  get isSound(): boolean {
    return this.#isSound;
  }

  /** Gives it a job. The process lives as long as that. */
  begin(setup: ThreadSetup, user: ThreadUser): void {
    this.#user = user;
    this.#thread.ref();
    this.#thread.postMessage(setup);
  }

  post(message: ToThread): void {
    this.#thread.postMessage(message);
  }

  /** It is never given another job. */
  condemn(): void {
    this.#isSound = false;
  }

  /** Its job was told to leave, or to exit. False: it is held by a system call, and may still touch what the job has. */
  async isFreeInTime(patienceMs: number): Promise<boolean> {
    const free = new Promise<void>((resolve) => {
      this.#tellFree = resolve;
      if (this.#hasEnded) resolve();
    });
    const isFree = await endedInTime(this, free, patienceMs);
    this.#tellFree = null;
    this.#user = null;
    return isFree;
  }

  terminate(): void {
    this.#isSound = false;
    void this.#thread.terminate();
  }

  /** The process may end. */
  unref(): void {
    this.#thread.unref();
  }

  #take(message: FromThread): void {
    if (message.kind === "left") this.#tellFree?.();
    if (message.kind === "failure" || message.kind === "ring-fault") this.#isSound = false;
    this.#user?.take(message);
  }

  #fail(error: Error | null): void {
    this.#isSound = false;
    this.#user?.ended(error);
  }
}
