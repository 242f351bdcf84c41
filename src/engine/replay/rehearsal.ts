/**
 * A short replay of the same code before anything counts, through rings of the same kinds in private memory. V8
 * compiles the loop then, and not while the first frames of a file wait.
 */
import type { CreateJob, JobContext, OpenPort } from "../loop/index.js";
import { type PipeLayout, PipeWriter, pipeBytesOf, pipeWord } from "../pipe/index.js";
import { RehearsedJob } from "../rehearsal/index.js";
import { type ReplayPace, type ReplaySpec, replayCounter } from "./spec.js";

const frames = 128;
const frameBytes = 60;
const gapNs = 10_000;
/** Enough for the optimising compiler, with the loop's own branches; twice. */
const longestNs = 60e6;

/** The replay's own pace, but fast. */
function paceOf(pace: ReplayPace): ReplayPace {
  switch (pace.kind) {
    case "original":
      return { kind: "original", speed: 1 };
    case "pps":
      return { kind: "pps", pps: 1e9 / gapNs };
    case "bps":
      return { ...pace, bps: ((frameBytes + pace.overheadBytes) * 8e9) / gapNs };
    case "one":
      return { kind: "one", timeoutNs: gapNs };
    case "max":
      return pace;
  }
}

/** Fills a pipe with frames as long as there is room. Returns when the last one is due. */
function fill(writer: PipeWriter, firstNs: number): number {
  let dueNs = firstNs;
  for (let i = 0; writer.place(frameBytes) > 0; i++, dueNs += gapNs) writer.commit(dueNs, frameBytes, i % 2, 0, i);
  writer.publish();
  return dueNs;
}

/**
 * `ports`: those of the real replay, as they are now. Once through a pipe that is kept and read again, and once through a
 * pipe that is filled anew. Which it will be is known too late, and a branch that was never taken makes V8 throw the loop's
 * code away with the first frame.
 */
export function rehearseReplay(
  createJob: CreateJob,
  context: JobContext,
  ports: readonly (OpenPort | null)[],
  spec: ReplaySpec,
): void {
  for (const kept of [true, false]) rehearseWith(kept, createJob, context, ports, spec);
}

function rehearseWith(
  kept: boolean,
  createJob: CreateJob,
  context: JobContext,
  ports: readonly (OpenPort | null)[],
  spec: ReplaySpec,
): void {
  const dataBytes = frames * 128;
  const pipeBytes = pipeBytesOf(frames, dataBytes);
  let done = false;
  const rehearsal = new RehearsedJob(createJob, context, {
    ports,
    queues: ports[0]?.queues.length ?? 1,
    maxFrameBytes: frameBytes,
    spareBytes: 3 * pipeBytes,
    options: context.options,
    counterSlots: replayCounter.slots,
    onEvent: () => {
      done = true;
    },
  });
  const pipeAt = (n: number): PipeLayout => {
    const control = new SharedArrayBuffer(4 * pipeWord.words);
    return { offset: rehearsal.spare + n * pipeBytes, frames, dataBytes, control };
  };
  const pipe = pipeAt(0);
  const writer = new PipeWriter(rehearsal.memory, pipe);
  let dueNs = fill(writer, 0);
  if (kept) writer.end();
  else writer.waitForRoom();
  const rehearsed: ReplaySpec = {
    pipe,
    pace: paceOf(spec.pace),
    loops: kept ? 400 : 1,
    loopDelayNs: 0,
    count: Number.POSITIVE_INFINITY,
    durationNs: longestNs,
    settleNs: 0,
    awaited: null,
    cooperative: spec.cooperative,
    recordTx: spec.recordTx && pipeAt(1),
    recordRx: spec.recordRx && pipeAt(2),
  };
  rehearsal.command({ kind: "replay", spec: rehearsed });
  while (!done) {
    rehearsal.step();
    if (!kept) dueNs = fill(writer, dueNs);
  }
}
