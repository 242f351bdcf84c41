/**
 * The sequence of sizes in a mix, by seed. One period of a mix (12 frames for simple IMIX) has each size as often as
 * its weight says. A pattern is many periods, each shuffled separately, so that sizes do not fall in step with flows or
 * queues. It repeats exactly, as RFC 6985 §4 asks.
 */
import { usageError } from "../../errors.js";
import { seededRandom } from "../../random.js";
import type { FrameSize, SizeMix } from "../../units.js";

const longestPeriod = 4096;
/** Patterns are as many whole periods as fit into this, or one. */
const patternFrames = 1024;
/** Keeps this use of a seed apart from others. */
const substream = 0x6d69;

/** Indices into the mix's parts: frame i has the size of part `pattern[i mod length]`. */
export function sizePattern(size: FrameSize, seed: number): Uint16Array {
  if (size.kind === "fixed") return new Uint16Array(1);
  const period = periodOf(size);
  const random = seededRandom(seed, substream);
  const periods = Math.max(1, Math.floor(patternFrames / period.length));
  const pattern = new Uint16Array(period.length * periods);
  for (let start = 0; start < pattern.length; start += period.length) {
    pattern.set(period, start);
    shuffle(pattern.subarray(start, start + period.length), random.below);
  }
  return pattern;
}

/** The parts in order, each as often as its weight, with the weights in lowest terms. */
function periodOf(mix: SizeMix): Uint16Array {
  const where = `mix ${mix.name}`;
  const weights = mix.parts.map((part) => part.weight);
  if (weights.length === 0 || !weights.every((weight) => Number.isSafeInteger(weight) && weight >= 1)) {
    throw usageError("a mix needs sizes, each with a weight", { where, accepted: "whole numbers from 1" });
  }
  const divisor = weights.reduce(greatestCommonDivisor);
  const frames = weights.reduce((sum, weight) => sum + weight / divisor, 0);
  if (frames > longestPeriod) {
    throw usageError(`the weights sum to ${frames}`, { where, accepted: `a sum of at most ${longestPeriod}` });
  }
  return Uint16Array.from(weights.flatMap((weight, part) => new Array<number>(weight / divisor).fill(part)));
}

/** Fisher and Yates. */
function shuffle(items: Uint16Array, below: (bound: number) => number): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = below(last + 1);
    [items[last], items[other]] = [items[other], items[last]];
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
