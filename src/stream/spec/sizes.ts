/** The sizes of a stream's frames, and their sequence. */
import { usageError } from "../../errors.js";
import { seededRandom } from "../../random.js";
import { checkFrameBytes } from "../../units.js";
import { sizePattern } from "./mix.js";
import type { StreamSize } from "./traffic.js";

/** Keeps this use of a seed apart from others. */
const substream = 0x7a69;
const randomFrames = 65_536;
/** Each size has a template. This many of the longest are 90 MB. */
const mostSizes = 10_000;

export interface SizeOrder {
  /** With FCS. */
  readonly frameBytes: readonly number[];
  /** Frame i has size `frameBytes[pattern[i mod length]]`. */
  readonly pattern: Uint16Array;
}

export function sizeOrder(size: StreamSize, seed: number, where: string): SizeOrder {
  const order = orderOf(size, seed, where);
  if (order.frameBytes.length === 0) throw usageError("no size is given", { where, accepted: "at least one size" });
  for (const frameBytes of order.frameBytes) checkFrameBytes(frameBytes, where);
  return order;
}

function orderOf(size: StreamSize, seed: number, where: string): SizeOrder {
  switch (size.kind) {
    case "fixed":
      return { frameBytes: [size.frameBytes], pattern: new Uint16Array(1) };
    case "mix":
      return { frameBytes: size.parts.map((part) => part.frameBytes), pattern: sizePattern(size, seed) };
    case "list":
      return oneAfterTheOther(size.frameBytes, where);
    case "range":
      return oneAfterTheOther(rangeOf(size.min, size.max, size.step, where), where);
    case "random": {
      const random = seededRandom(seed, substream);
      const frameBytes = rangeOf(size.min, size.max, 1, where);
      return { frameBytes, pattern: Uint16Array.from({ length: randomFrames }, () => random.below(frameBytes.length)) };
    }
  }
}

function oneAfterTheOther(frameBytes: readonly number[], where: string): SizeOrder {
  if (frameBytes.length > mostSizes) {
    throw usageError(`${frameBytes.length} sizes are too many`, { where, accepted: `up to ${mostSizes}` });
  }
  return { frameBytes, pattern: Uint16Array.from(frameBytes, (_, i) => i) };
}

function rangeOf(min: number, max: number, step: number, where: string): readonly number[] {
  checkFrameBytes(min, where);
  checkFrameBytes(max, where);
  if (max < min) throw usageError(`sizes from ${min} to ${max} are none`, { where, accepted: "min up to max" });
  if (!Number.isInteger(step) || step < 1) {
    throw usageError(`sizes cannot go in steps of ${step}`, { where, accepted: "whole numbers from 1" });
  }
  return Array.from({ length: Math.floor((max - min) / step) + 1 }, (_, i) => min + i * step);
}

/** Mean with FCS over a whole period. */
export const meanBytes = (order: SizeOrder): number =>
  order.pattern.reduce((sum, variant) => sum + order.frameBytes[variant], 0) / order.pattern.length;
