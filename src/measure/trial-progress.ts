/** Tells the outside how a running trial stands. */
import type { TrialProgress } from "../engine/trial/index.js";
import { watchDisturbance } from "../sys/host.js";
import { frameSizeName, meanFrameBytes } from "../units.js";
import type { Lab } from "./lab.js";
import type { MeasureRequest } from "./measurer.js";
import type { RunHooks, TrialSample } from "./plan.js";

/** How often progress is looked at, and how long an interval of --ndjson is. */
const progressEveryMs = 100;
const intervalMs = 1_000;

/** Who is told of which trial. */
export interface WatchedTrial {
  readonly lab: Pick<Lab, "generator">;
  readonly hooks: Pick<RunHooks, "onProgress" | "onInterval" | "onSample" | "control">;
  /** How many trials there will be, for the progress line. */
  readonly total: number;
}

/** Calls the hooks while the trial runs; returns how to stop it. */
export function watchProgress({ lab, hooks, total }: WatchedTrial, next: MeasureRequest, index: number): () => void {
  const name = { trial: index + 1, frameBytes: frameSizeName(next.size), phase: next.phase };
  let last: TrialProgress = nothingYet;
  let atInterval: TrialProgress = nothingYet;
  let ticks = 0;
  const disturbance = watchDisturbance([]);
  let stealMs = 0;
  const timer = setInterval(() => {
    const now = lab.generator.progress();
    if (now === null || now.elapsedNs <= last.elapsedNs) return;
    const intervalNs = now.elapsedNs - last.elapsedNs;
    const rxPps = ((now.received - last.received) * 1e9) / intervalNs;
    hooks.onProgress?.({
      ...name,
      trials: total,
      stage: now.phase === "sending" ? "" : "waiting for the last frames",
      elapsedNs: now.elapsedNs,
      durationNs: Number.isFinite(next.durationNs) ? next.durationNs + (hooks.control?.addedNs ?? 0) : null,
      sent: now.published,
      received: now.received,
      lost: now.missing,
      rxPps,
    });
    if (hooks.onSample !== undefined) {
      stealMs += disturbance().stealMs;
      const { pps = next.pps, paused = false } = hooks.control?.state ?? {};
      const latencyNs = lab.generator.latency();
      hooks.onSample({ ...sampleOf(now, next, index), pps, paused, latencyNs, stealMs });
    }
    last = now;
    ticks++;
    if (ticks % (intervalMs / progressEveryMs) !== 0) return;
    hooks.onInterval?.({
      ...name,
      elapsedNs: now.elapsedNs,
      sent: now.published,
      received: now.received,
      lost: now.missing,
      txPps: ((now.published - atInterval.published) * 1e9) / (now.elapsedNs - atInterval.elapsedNs),
      rxPps: ((now.received - atInterval.received) * 1e9) / (now.elapsedNs - atInterval.elapsedNs),
    });
    atInterval = now;
  }, progressEveryMs);
  return () => clearInterval(timer);
}

type Counted = Omit<TrialSample, "pps" | "paused" | "latencyNs" | "stealMs">;

const sampleOf = (now: TrialProgress, { size }: MeasureRequest, index: number): Counted => ({
  ...{ index, meanFrameBytes: meanFrameBytes(size) },
  settling: now.phase !== "sending",
  elapsedNs: now.elapsedNs,
  sent: now.published,
  received: now.received,
  accepted: now.accepted,
  corrupt: now.corrupt,
  missing: now.missing,
  late: now.late,
});

const nothingYet: TrialProgress = {
  phase: "sending",
  published: 0,
  received: 0,
  accepted: 0,
  corrupt: 0,
  missing: 0,
  late: 0,
  turns: 0,
  beganAtNs: 0,
  elapsedNs: 0,
};
