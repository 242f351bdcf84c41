/** Reordering of several parts together (RFC 4737 §4.2.1): each at its own point, of its own frames. */
import type { ReorderExtent } from "../reordering.js";

/** An extent, and how many frames were reordered: `unknown` of them have none. */
interface Reordering {
  readonly reordered: number;
  readonly reorderExtent: ReorderExtent | null;
}

/** The sum of extents is a whole number, so that rounding gives it back from the mean. */
export function mergeExtents(parts: readonly Reordering[]): ReorderExtent | null {
  let [known, sum, unknown, max] = [0, 0, 0, 0];
  for (const { reordered, reorderExtent: extent } of parts) {
    const knownHere = extent === null ? 0 : reordered - extent.unknown;
    known += knownHere;
    unknown += reordered - knownHere;
    sum += Math.round((extent?.mean ?? 0) * knownHere);
    max = Math.max(max, extent?.max ?? 0);
  }
  return known === 0 ? null : { max, mean: sum / known, unknown };
}
