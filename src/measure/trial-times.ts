/** Times of a trial: latency, its variation, and how long a changed load cost frames. Pure. */
import type { TrialReport, TrialSpec } from "../engine/loop/index.js";
import type { Trial } from "../result/run-result.js";
import { Histogram, variationOf } from "../stats/histogram.js";
import { SignedHistogram } from "../stats/signed-histogram.js";

/** What a trial was to do, and what the generator's thread answered. */
export interface ReportedTrial {
  readonly spec: TrialSpec;
  readonly report: TrialReport;
}

/** The percentile 99.999 says something from this many frames on. */
const farTailFrames = 100_000;

/** Latency at a set rate; at max the rings dominate, and the time in flight is a figure of theirs (Little's law). */
export function delaysOf(
  { report, spec }: ReportedTrial,
  rxPps: number,
): Pick<Trial, "latencyNs" | "latencyBuckets" | "ipdvNs" | "pdvNs" | "queueingNs" | "inFlightFrames"> {
  const none = { latencyNs: null, ipdvNs: null, pdvNs: null, queueingNs: null, inFlightFrames: null };
  const { latency, ipdv } = report.receive;
  if (latency === null) return none;
  const histogram = new Histogram(latency);
  if (spec.load.kind === "max") {
    const queueingNs = histogram.mean;
    return { ...none, queueingNs, inFlightFrames: Math.round((queueingNs * rxPps) / 1e9) };
  }
  const summary = histogram.summary();
  if (summary === null) return none;
  const p99_999 = summary.count >= farTailFrames ? { p99_999: histogram.percentile(0.99999) } : {};
  return {
    ...none,
    latencyNs: { ...summary, ...p99_999, kind: report.slept ? "slept" : "polled" },
    latencyBuckets: histogram.coarseBuckets(),
    ipdvNs: ipdv === null ? null : SignedHistogram.over(ipdv).summary(),
    pdvNs: variationOf(summary),
  };
}

/** No coordinated omission: with what each frame was behind its slot. */
export function intendedOf({ report }: ReportedTrial): Pick<Trial, "latencyIntendedNs"> {
  const { latencyIntended } = report.receive;
  const summary = latencyIntended === null ? null : new Histogram(latencyIntended).summary();
  return summary === null ? {} : { latencyIntendedNs: summary };
}

/** The probe's part: the last stream's counts, and its own histogram. */
export function probeOf({ spec, report: { transmit, receive } }: ReportedTrial): Pick<Trial, "probe"> {
  const sent = transmit.streams?.at(-1)?.sent;
  const accepted = receive.streams?.at(-1)?.accepted;
  if (spec.hasProbe !== true || receive.probeLatency === undefined || sent === undefined || accepted === undefined) {
    return {};
  }
  const histogram = new Histogram(receive.probeLatency);
  const summary = histogram.summary();
  const latency =
    summary === null
      ? { latencyNs: null, pdvNs: null }
      : { latencyNs: summary, pdvNs: variationOf(summary), latencyBuckets: histogram.coarseBuckets() };
  const pps = (sent * 1e9) / Math.max(1, transmit.windowNs);
  return { probe: { pps, sent, missing: Math.max(0, sent - accepted), ...latency } };
}

/** Where the load changed: until when frames were lost, or found no room, which is as bad. */
export function lossUntilOf({ spec: { load }, report }: ReportedTrial): Pick<Trial, "lossUntilNs"> {
  const { transmit, receive } = report;
  if (load.kind !== "stepped" || receive.lossUntilNs === null) return {};
  const gapNs = 1e9 / (load.steps.at(-1)?.pps ?? 1);
  const blockedUntilNs = transmit.lastBlockedNs < 0 ? 0 : transmit.lastBlockedNs + gapNs;
  const untilNs = Math.max(receive.lossUntilNs, blockedUntilNs);
  return { lossUntilNs: Number.isFinite(untilNs) && transmit.cutShort === null ? untilNs : null };
}
