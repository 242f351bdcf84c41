/** The owner's side of the threads that read captures into pipes and write pipes into captures. */
import { Worker } from "node:worker_threads";
import { type ExitCode, PktgenError } from "../../errors.js";
import { arena } from "../../sys/arena.js";
import { endedInTime } from "../loop/index.js";
import type { DrainOptions, DrainReport } from "./drain.js";
import type { FeederOptions, FeederReport } from "./feeder.js";
import { allocatePipe, type PipeLayout, pipeState, pipeWord } from "./frame-pipe.js";

interface Common {
  readonly pipe: PipeLayout;
  readonly arenaAddress: bigint;
  readonly arenaBytes: number;
}

export type CaptureThreadSetup = Common &
  (
    | { readonly kind: "feeder"; readonly options: FeederOptions }
    | { readonly kind: "drain"; readonly options: DrainOptions }
  );

export type CaptureThreadMessage =
  | { readonly kind: "done"; readonly report: FeederReport | DrainReport }
  | { readonly kind: "trouble"; readonly why: string }
  | { readonly kind: "failure"; readonly message: string; readonly exitCode: number | null };

export interface CaptureThread<Report> extends AsyncDisposable {
  readonly pipe: PipeLayout;
  /** Resolves when it has ended; rejects with a PktgenError where it could not do its work. */
  readonly done: Promise<Report>;
}

/** How far a disk may be ahead of a sender, or behind a loop. */
const pipeFrames = 1 << 18;
const pipeBytes = { feeder: 64 * 1024 * 1024, drain: 32 * 1024 * 1024 } as const;

const threadFile = (): URL =>
  new URL(
    import.meta.url.endsWith(".ts") ? "../../../dist/engine/pipe/thread-main.js" : "./thread-main.js",
    import.meta.url,
  );

function start<Report>(
  name: string,
  kind:
    | { readonly kind: "feeder"; readonly options: FeederOptions }
    | { readonly kind: "drain"; readonly options: DrainOptions },
  onTrouble: (why: string) => void,
): CaptureThread<Report> {
  const pipe = allocatePipe(pipeFrames, pipeBytes[kind.kind]);
  const setup: CaptureThreadSetup = { ...kind, pipe, arenaAddress: arena().address, arenaBytes: arena().bytes };
  const thread = new Worker(threadFile(), { workerData: setup, name, execArgv: [] });
  const ended = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  const done = new Promise<Report>((resolve, reject) => {
    thread.on("message", (message: CaptureThreadMessage) => {
      if (message.kind === "done") resolve(message.report as Report);
      else if (message.kind === "trouble") onTrouble(message.why);
      else if (message.exitCode === null) reject(new Error(message.message));
      else reject(new PktgenError(message.exitCode as ExitCode, message.message));
    });
    thread.on("error", reject);
    thread.once("exit", () => reject(new Error(`the thread of ${name} ended`)));
  });
  done.catch(() => {});
  const control = new Int32Array(pipe.control);
  let isOpen = true;
  return {
    pipe,
    done,
    async [Symbol.asyncDispose]() {
      if (!isOpen) return;
      isOpen = false;
      Atomics.store(control, pipeWord.stop, 1);
      if (kind.kind === "drain") Atomics.or(control, pipeWord.state, pipeState.ended);
      Atomics.notify(control, pipeWord.tail);
      // A thread that is still there may touch its pipe.
      if (await endedInTime(thread, ended, 5_000)) arena().release(pipe.offset);
    },
  };
}

/** Reads a capture. The reader of the pipe must stop before this is disposed of. */
export const startFeeder = (options: FeederOptions): CaptureThread<FeederReport> =>
  start("capture reader", { kind: "feeder", options }, () => {});

/**
 * Writes a capture. Its file is whole once `done` has resolved, after the pipe was ended or this is disposed of.
 * `onTrouble`: writing failed, for example because the disk is full. The pipe is emptied all the same.
 */
export const startDrain = (options: DrainOptions, onTrouble: (why: string) => void): CaptureThread<DrainReport> =>
  start("capture writer", { kind: "drain", options }, onTrouble);
