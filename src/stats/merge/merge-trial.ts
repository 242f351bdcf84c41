/**
 * The reports of several measurers that made one direction of a trial together, as the report of one. Pure, and the same
 * in whatever order the reports come. Figures that the parts do not have together are missing, and named in `inexact`.
 */
import type { TrialReport } from "../trial-report.js";
import { mergeReceive } from "./merge-receive.js";
import { mergeTransmit } from "./merge-transmit.js";
import {
  distinctParts,
  type Inexact,
  type Merged,
  type MergePlan,
  type PlacedReport,
  sumOver,
  timeOf,
} from "./part.js";

export type TrialPart = PlacedReport<TrialReport>;

export interface MergedTrial extends Merged<TrialReport> {
  /** Whose reports it is made of. */
  readonly parts: readonly string[];
}

export function mergeTrialReports(plan: MergePlan, given: readonly TrialPart[]): MergedTrial {
  const parts = distinctParts(plan, given);
  const transmit = mergeTransmit(
    plan,
    halves(parts, ({ transmit: half }) => half),
  );
  const receive = mergeReceive(
    plan,
    halves(parts, ({ receive: half }) => half),
    transmit.report,
  );
  const returned = returnedOf(parts);
  const stoodStill = parts.flatMap(({ report }) => report.stoodStillNs ?? []);
  const begunLate = parts.flatMap(({ report }) => report.begunLateNs ?? []);
  const report: TrialReport = {
    transmit: transmit.report,
    receive: receive.report,
    slept: parts.some(({ report: { slept } }) => slept),
    returned: returned.frames,
    answered: sumOver(parts, ({ report: { answered } }) => answered),
    beside: sumOver(parts, ({ report: { beside } }) => beside),
    ...(stoodStill.length === 0 ? {} : { stoodStillNs: Math.max(...stoodStill) }),
    neverQuiet: parts.some(({ report: { neverQuiet } }) => neverQuiet),
    ...(begunLate.length === 0 ? {} : { begunLateNs: Math.max(...begunLate) }),
    elapsedNs: Math.max(...parts.map((part) => timeOf(part, part.report.elapsedNs))),
    calibrationNs: calibrationOf(parts),
  };
  const inexact = [...transmit.inexact, ...receive.inexact, ...returned.inexact];
  return { report, inexact, parts: parts.map(({ id }) => id) };
}

const halves = <Half>(parts: readonly TrialPart[], of: (report: TrialReport) => Half): PlacedReport<Half>[] =>
  parts.map(({ report, ...place }) => ({ ...place, report: of(report) }));

function returnedOf(parts: readonly TrialPart[]): { readonly frames: number | null; readonly inexact: Inexact[] } {
  const known = parts.flatMap(({ report: { returned } }) => returned ?? []);
  if (known.length === parts.length) return { frames: sumOver(known, (frames) => frames), inexact: [] };
  if (known.length === 0) return { frames: null, inexact: [] };
  return { frames: null, inexact: [{ field: "returned", reason: "not in every report" }] };
}

/** Of the part whose speed changed the most: one that was disturbed disturbs the trial. */
function calibrationOf(parts: readonly TrialPart[]): TrialReport["calibrationNs"] {
  const change = ([before, after]: TrialReport["calibrationNs"]): number => Math.abs(Math.log(after / before));
  return parts
    .map(({ report }) => report.calibrationNs)
    .reduce((worst, one) => (change(one) > change(worst) ? one : worst));
}
