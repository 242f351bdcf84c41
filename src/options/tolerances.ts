/** How exactly a load must be offered for its verdict to count. */
import { usageError } from "../errors.js";
import { type Tolerances, usualTolerances } from "../tolerances.js";
import { parseRatio } from "../units.js";
import { type OptionTable, option, type Reader, readOptions, type TextsOf } from "./option.js";

const percent = (share: number): string => `${Number((share * 100).toPrecision(6))}%`;

const mostRateShare = 0.5;

const rateShare: Reader<number> = (text, where) => {
  const share = parseRatio(text, where);
  if (share <= mostRateShare) return share;
  throw usageError(`${percent(share)} less is another load`, { where, accepted: "0 to 50%, e.g. 1%" });
};

export const toleranceOptions = {
  rateTolerance: option(
    "--rate-tolerance <share>",
    `how much less than the rate may be offered before the trial is invalid, 0 to 50% (default: ${percent(usualTolerances.rateShare)})`,
    rateShare,
  ),
  lateTolerance: option(
    "--late-tolerance <share>",
    `frames that may leave late before latency and a fail for loss count no more, 0 to 100% (default: ${percent(usualTolerances.lateShare)})`,
    parseRatio,
  ),
} as const satisfies OptionTable;

/** undefined: the usual ones. */
export function tolerancesOf(options: TextsOf<typeof toleranceOptions>): Tolerances | undefined {
  const { rateTolerance, lateTolerance } = readOptions(toleranceOptions, options);
  if (rateTolerance === undefined && lateTolerance === undefined) return undefined;
  return {
    rateShare: rateTolerance ?? usualTolerances.rateShare,
    lateShare: lateTolerance ?? usualTolerances.lateShare,
  };
}
