/**
 * NDR and PDR: for each size, the greatest rates without loss and with a tolerated loss. MLRsearch (RFC 9971) finds all
 * goals in one search. Bisection, with or without loss verification, finds one goal after the other.
 */

import type { Measurer } from "../measure/measurer.js";
import { type FrameSize, frameSizeName } from "../units.js";
import { type Findings, joinFindings, searchFindings } from "./findings.js";
import { bisection, mlrSearch, type SearchBudget, type SearchGoal } from "./search/index.js";
import { linePps, runSearch, type SearchSpace, searchSpace } from "./search-run.js";

export type SearchKind = "mlr" | "bisection" | "verified";

export interface NdrSettings {
  readonly sizes: readonly FrameSize[];
  readonly kind: SearchKind;
  /** Each with its name; at least one. */
  readonly goals: readonly SearchGoal[];
  readonly budget: SearchBudget;
  readonly minPps: number;
  /** null: no line is known. */
  readonly lineRateBps: number | null;
  /** As ProbeSettings has it. */
  readonly isOthers?: boolean;
  /** Frames that the device may hold in its queues. */
  readonly queueFrames: number;
}

/** Further trials after a loss, with verification; TST 009 leaves it to the tester. */
const verifications = 2;

export async function runNdr(measurer: Measurer, settings: NdrSettings): Promise<Findings> {
  const parts: Findings[] = [];
  for (const size of settings.sizes) {
    if (measurer.ended() !== null) break;
    parts.push(await ndrOfSize(measurer, settings, size, "search"));
  }
  return joinFindings(parts);
}

/** The results of one size; `phase` is its trials' name in the result. */
export async function ndrOfSize(
  measurer: Measurer,
  settings: NdrSettings,
  size: FrameSize,
  phase: string,
): Promise<Findings> {
  const { lineRateBps } = settings;
  const space = await searchSpace(measurer, size, settings);
  if (space === null) return {};
  const searches =
    settings.kind === "mlr"
      ? [mlrSearch({ ...settings, ...space })]
      : settings.goals.map((goal) => bisectionOf(settings, space, goal));
  const lossGoals = settings.goals.map(({ lossRatio }) => lossRatio);
  const parts: Findings[] = [];
  for (const search of searches) {
    const { results, path } = await runSearch(measurer, search, { size, phase, lossGoals });
    const line = linePps(size, lineRateBps);
    const rows = results.map((row) => (Number.isFinite(line) ? { ...row, linePps: line } : row));
    parts.push(searchFindings(rows, path));
    if (measurer.ended() !== null) break;
  }
  return joinFindings(parts);
}

function bisectionOf(settings: NdrSettings, { range }: SearchSpace, goal: SearchGoal): ReturnType<typeof bisection> {
  const again = settings.kind === "verified" ? verifications : 0;
  return bisection({ ...settings, range, goal, verifications: again });
}

/** The lower bound of a goal at a size; 0 where there is none. */
export const foundPps = ({ results = [] }: Findings, size: FrameSize, goal: string): number =>
  results.find((row) => row.goal === goal && row.frameBytes === frameSizeName(size))?.pps ?? 0;
