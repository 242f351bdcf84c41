/** Records what a run's loop sends and receives: threads that write files, and what the loop is given for them. */
import type { DrainReport } from "../engine/pipe/drain.js";
import { pipeState, pipeWord, type RecordingSetup, recordingWord } from "../engine/pipe/index.js";
import { type CaptureThread, startDrain } from "../engine/pipe/thread.js";
import { type PktgenError, usageError } from "../errors.js";
import type { RecordedFile } from "../result/replay-result.js";
import type { Trial } from "../result/run-result.js";
import { faultReason, interruptedReason, type Reason } from "../stats/cause.js";
import { framesWord } from "../stats/words.js";
import { wallClockEpoch } from "../sys/clock.js";
import { packageVersion } from "../sys/version.js";

export interface RecordPlan {
  readonly tx: string | null;
  readonly rx: string | null;
  /** A full disk ends the run. */
  readonly stopOnFull: boolean;
}

export interface Recorder extends AsyncDisposable {
  readonly setup: RecordingSetup;
  /** Aborted with `diskWasFull` as the reason, where a full disk is to end the run. */
  readonly full: AbortSignal;
  /** Keep frames from now on, or not. */
  keep(on: boolean): void;
  /** After the last frame: the files are whole when this resolves. */
  finish(): Promise<readonly RecordedFile[]>;
}

export const liveUnrecorded = (): PktgenError =>
  usageError("with tx=live the kernel makes the frames, and none of them is here to be recorded", {
    where: "--record-tx",
    accepted: "tx=ring, or --record-rx on the other port",
  });

/** null: nothing is to be recorded. */
export function startRecorder(plan: RecordPlan, ports: readonly string[]): Recorder | null {
  if (plan.tx === null && plan.rx === null) return null;
  const full = new AbortController();
  const application = `pktgen-ts ${packageVersion()}`;
  const start = (path: string | null): CaptureThread<DrainReport> | null => {
    if (path === null) return null;
    const onTrouble = (): void => {
      if (plan.stopOnFull) full.abort(diskWasFull);
    };
    const thread = startDrain({ path, ...wallClockEpoch(), ports, application }, onTrouble);
    thread.done.catch(() => full.abort(diskWasFull));
    return thread;
  };
  const tx = start(plan.tx);
  const rx = start(plan.rx);
  const control = new Int32Array(new SharedArrayBuffer(4 * recordingWord.words));
  const fileOf = async (
    path: string | null,
    thread: CaptureThread<DrainReport> | null,
    missedWord: number,
  ): Promise<RecordedFile[]> => {
    if (path === null || thread === null) return [];
    Atomics.or(new Int32Array(thread.pipe.control), pipeWord.state, pipeState.ended);
    const { written, dropped, failure } = await thread.done;
    return [{ file: path, frames: written, missed: Atomics.load(control, missedWord) + dropped, failure }];
  };
  return {
    setup: { tx: tx?.pipe ?? null, rx: rx?.pipe ?? null, control: control.buffer as SharedArrayBuffer },
    full: full.signal,
    keep: (on) => {
      Atomics.store(control, recordingWord.on, on ? 1 : 0);
    },
    finish: async () => [
      ...(await fileOf(plan.tx, tx, recordingWord.missedTx)),
      ...(await fileOf(plan.rx, rx, recordingWord.missedRx)),
    ],
    async [Symbol.asyncDispose]() {
      await tx?.[Symbol.asyncDispose]();
      await rx?.[Symbol.asyncDispose]();
    },
  };
}

export const diskWasFull = faultReason("the recording's disk was full, which was to end the run");

/** Why a run ends early: by its user's signal, or that of a recorder. */
export const endedBy = ({ reason }: AbortSignal): Reason => (reason === diskWasFull ? diskWasFull : interruptedReason);

/** The last trial says what was recorded of them all. The files are whole afterwards. */
export async function withRecordings(recorder: Recorder | null, trials: readonly Trial[]): Promise<Trial[]> {
  const last = trials.at(-1);
  if (recorder === null || last === undefined) return [...trials];
  const notes = (await recorder.finish()).map(recordedNote);
  return [...trials.slice(0, -1), { ...last, notes: [...last.notes, ...notes] }];
}

/** `recorded 2,000 frames in x.pcap; 12 more were not recorded: …` */
export function recordedNote({ file, frames, missed, failure }: RecordedFile): string {
  const why = failure ?? "the disk was too slow for the loop";
  return `recorded ${framesWord(frames)} in ${file}${missed === 0 && failure === null ? "" : `; ${framesWord(missed)} were not: ${why}`}`;
}
