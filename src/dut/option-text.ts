/** What the options of all devices, `kind,name=value,…`, are read with. */

import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import type { ListOption } from "../option-list.js";
import { parseCount } from "../units.js";

/** One option of a device. */
export interface DutOption<T = unknown> extends ListOption<T> {
  /** For `--help` and errors. */
  readonly example: string;
  readonly means: string;
}

export function oneOf<T extends string>(accepted: readonly T[], text: string, where: string): T {
  const found = accepted.find((value) => value === text);
  if (found !== undefined) return found;
  throw usageError(`"${text}" is not one of its values`, {
    where,
    accepted: accepted.join(", "),
    ...didYouMean(text, accepted),
  });
}

/** Descriptors of a split or packed ring: a power of two. */
export function parseRingSize(text: string, where: string, least: number): number {
  const size = parseCount(text, where, least, 32_768);
  if (Number.isInteger(Math.log2(size))) return size;
  const accepted = `a power of two, ${least} to 32768`;
  throw usageError(`a ring of ${size} descriptors is not possible`, { where, accepted });
}
