/** How exactly a load must be offered for its verdict to count: rows for help, and from text to shares. */
import { usageError } from "../errors.js";
import { type Tolerances, usualTolerances } from "../tolerances.js";
import { parseRatio } from "../units.js";
import type { Row } from "./option-rows.js";

export interface ToleranceOptions {
  readonly rateTolerance?: string;
  readonly lateTolerance?: string;
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(6))}%`;

export const toleranceRows: readonly Row[] = [
  [
    "--rate-tolerance <share>",
    `how much less than the rate may be offered before the trial is invalid, 0 to 50% (default: ${percent(usualTolerances.rateShare)})`,
  ],
  [
    "--late-tolerance <share>",
    `frames that may leave late before latency and a fail for loss count no more, 0 to 100% (default: ${percent(usualTolerances.lateShare)})`,
  ],
];

const mostRateShare = 0.5;

function rateShareOf(text: string): number {
  const where = "--rate-tolerance";
  const share = parseRatio(text, where);
  if (share <= mostRateShare) return share;
  throw usageError(`${percent(share)} less is another load`, { where, accepted: "0 to 50%, e.g. 1%" });
}

/** undefined: the usual ones. */
export function tolerancesOf({ rateTolerance, lateTolerance }: ToleranceOptions): Tolerances | undefined {
  if (rateTolerance === undefined && lateTolerance === undefined) return undefined;
  return {
    rateShare: rateTolerance === undefined ? usualTolerances.rateShare : rateShareOf(rateTolerance),
    lateShare: lateTolerance === undefined ? usualTolerances.lateShare : parseRatio(lateTolerance, "--late-tolerance"),
  };
}
