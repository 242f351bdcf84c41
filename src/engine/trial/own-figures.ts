/** What the generator measures of itself: short trials of its own code through a direct loop. */
import { Histogram } from "../../stats/histogram.js";
import type { TrialReport, TrialSpec } from "../loop/index.js";
import type { FloorAnswer, SpeedAnswer } from "./commands.js";
import type { Rehearsal } from "./rehearsal.js";

/** 5,000 single frames at 50 kpps take 100 ms. V8 has compiled everything long before the median. */
const floorLoad = {
  queues: 1,
  load: { kind: "paced", pps: 50_000 },
  count: 5_000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 0,
  cooperative: true,
} as const;

/** Long enough for V8 to compile everything in its beginning. */
const speedLoad = { load: { kind: "max" }, count: null, durationNs: 300e6, settleNs: 0, cooperative: true } as const;

type Rehearse = (specs: readonly TrialSpec[]) => Rehearsal;

function reportOf(rehearsal: Rehearsal): TrialReport {
  while (!rehearsal.done) rehearsal.step();
  return rehearsal.reports()[0];
}

/** The median latency: the generator's own share of every latency. */
export function ownFloor(spec: TrialSpec, rehearse: Rehearse): FloorAnswer {
  const { latency } = reportOf(rehearse([{ ...spec, ...floorLoad }])).receive;
  return latency === null ? Number.NaN : Histogram.fromData(latency).percentile(0.5);
}

/** How many frames a second it sends and receives at max. */
export function ownSpeed(spec: TrialSpec, rehearse: Rehearse): SpeedAnswer {
  const { transmit } = reportOf(rehearse([{ ...spec, ...speedLoad }]));
  const sent = transmit.queues.reduce((sum, { published }) => sum + published, 0);
  return (sent * 1e9) / transmit.windowNs;
}
