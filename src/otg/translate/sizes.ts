/** Frame sizes of a flow, with FCS as the models count. */
import type { StreamSize } from "../../stream/index.js";
import { maxFrameBytes, minFrameBytes } from "../../units.js";
import type { Size } from "../model.js";
import { invalid } from "../refusal.js";

export interface FlowSizes {
  readonly size: StreamSize;
  readonly least: number;
  readonly most: number;
  /** All of them; of very many only the ends. */
  readonly sizes: readonly number[];
  readonly meanBytes: number;
  readonly warnings: readonly string[];
}

interface Share {
  readonly size: number;
  readonly weight: number;
}

/** The models' own mixes. */
const mixes: Readonly<Record<string, readonly (readonly [size: number, weight: number])[]>> = {
  imix: [
    [64, 7],
    [570, 4],
    [1518, 1],
  ],
  ipsec_imix: [
    [90, 58.67],
    [92, 2],
    [594, 23.66],
    [1418, 15.67],
  ],
  ipv6_imix: [
    [60, 58.67],
    [496, 2],
    [594, 23.66],
    [1518, 15.67],
  ],
  standard_imix: [
    [58, 58.67],
    [62, 2],
    [594, 23.66],
    [1518, 15.67],
  ],
  tcp_imix: [
    [90, 58.67],
    [92, 2],
    [594, 23.66],
    [1518, 15.67],
  ],
};

/** A mix's period; 3,000 because weights that are thirds of a percent come out right. */
const longestPeriod = 4096;
const usualPeriod = 3000;
/** A list of so many sizes is looked at whole. */
const mostListed = 256;

function checked(size: number, path: string): number {
  if (size >= minFrameBytes && size <= maxFrameBytes) return size;
  throw invalid(`${path}: ${size} is not accepted; accepted: ${minFrameBytes} to ${maxFrameBytes} bytes with FCS`);
}

const meanOf = (shares: readonly Share[]): number => {
  const all = shares.reduce((sum, { weight }) => sum + weight, 0);
  return shares.reduce((sum, { size, weight }) => sum + size * weight, 0) / all;
};

/** Whole numbers in the proportion of the weights, as near as a period allows. */
function wholeWeights(shares: readonly Share[], path: string): { weights: readonly number[]; isExact: boolean } {
  const sum = shares.reduce((total, { weight }) => total + weight, 0);
  if (!(sum > 0) || shares.some(({ weight }) => !(weight >= 0))) {
    throw invalid(`${path}: the weights have no sum above 0; accepted: numbers from 0`);
  }
  const isWhole = shares.every(({ weight }) => Number.isInteger(weight)) && sum <= longestPeriod;
  const weights = shares.map(({ weight }) => (isWhole ? weight : Math.round((weight * usualPeriod) / sum)));
  const lost = weights.findIndex((weight, k) => weight === 0 && shares[k]!.weight > 0);
  if (lost >= 0) {
    throw invalid(`${path}[${lost}].weight: it is less than 1 of ${usualPeriod}; accepted: a greater share`);
  }
  const isExact = weights.every((weight, k) => Math.abs(weight / usualPeriod - shares[k]!.weight / sum) < 1e-6);
  return { weights, isExact: isWhole || isExact };
}

function mixOf(shares: readonly Share[], path: string, warnings: readonly string[]): FlowSizes {
  const { weights, isExact } = wholeWeights(shares, path);
  const parts = shares
    .map(({ size }, k) => ({ frameBytes: size, weight: weights[k]! }))
    .filter(({ weight }) => weight > 0);
  const sizes = [...new Set(parts.map(({ frameBytes }) => frameBytes))];
  const shown = parts.map(({ frameBytes, weight }) => `${frameBytes}:${weight}`).join(" ");
  return {
    size: { kind: "mix", name: "custom", parts },
    ...{ least: Math.min(...sizes), most: Math.max(...sizes), sizes },
    meanBytes: meanOf(parts.map(({ frameBytes, weight }) => ({ size: frameBytes, weight }))),
    warnings: isExact ? warnings : [...warnings, `${path}: the frames are sent as ${shown}`],
  };
}

function predefined(name: string, path: string): FlowSizes {
  const shares = mixes[name]!;
  const tooShort = shares.filter(([size]) => size < minFrameBytes).map(([size]) => size);
  const raised = shares.map(([size, weight]) => ({ size: Math.max(size, minFrameBytes), weight }));
  const warnings =
    tooShort.length === 0
      ? []
      : [`${path}: sizes of ${tooShort.join(" and ")} bytes are sent as ${minFrameBytes}, the shortest of Ethernet`];
  return mixOf(raised, path, warnings);
}

function rangeOf(kind: "range" | "random", min: number, max: number, step: number, path: string): FlowSizes {
  if (max < min) throw invalid(`${path}: sizes from ${min} to ${max} are none`);
  const count = Math.floor((max - min) / step) + 1;
  const sizes = Array.from({ length: count }, (_, k) => min + k * step);
  const most = sizes.at(-1)!;
  return {
    size: kind === "range" ? { kind, min, max, step } : { kind, min, max },
    ...{ least: min, most, sizes: count <= mostListed ? sizes : [min, most] },
    meanBytes: (min + most) / 2,
    warnings: [],
  };
}

/** @throws OtgRefusal */
export function flowSizes(size: Size, path: string): FlowSizes {
  const { choice, fixed = minFrameBytes, increment, random, weight_pairs: pairs } = size;
  if (choice === "increment") {
    const at = `${path}.increment`;
    const { start, end, step } = increment!;
    return rangeOf("range", checked(start, `${at}.start`), checked(end, `${at}.end`), Math.max(1, step), at);
  }
  if (choice === "random") {
    const at = `${path}.random`;
    return rangeOf("random", checked(random!.min, `${at}.min`), checked(random!.max, `${at}.max`), 1, at);
  }
  if (choice === "weight_pairs") {
    const at = `${path}.weight_pairs`;
    if (pairs!.choice === "predefined") return predefined(pairs!.predefined!, `${at}.predefined`);
    const custom = pairs!.custom ?? [];
    for (const [k, { size: one }] of custom.entries()) checked(one, `${at}.custom[${k}].size`);
    if (custom.length === 0) throw invalid(`${at}.custom: is needed`);
    return mixOf(custom, `${at}.custom`, []);
  }
  const one = checked(fixed, `${path}.fixed`);
  return {
    size: { kind: "fixed", frameBytes: one },
    least: one,
    most: one,
    sizes: [one],
    meanBytes: one,
    warnings: [],
  };
}
