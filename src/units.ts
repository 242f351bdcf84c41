/**
 * Rates, durations, counts, ratios and frame sizes, as people write them and as they are printed. Every parse function
 * takes the place the text came from: the option's name, or file:line:column. Its usage error names that place and says
 * what is accepted. Frame sizes are with FCS, as RFC 2544 counts.
 */
import { usageError } from "./errors.js";

/**
 * A rate as it was asked for. `bps` is bits per second at layer 2 (frame with FCS) or layer 1 (plus preamble, delimiter
 * and gap).
 */
export type Rate =
  | { readonly kind: "max" }
  | { readonly kind: "pps"; readonly pps: number }
  | { readonly kind: "bps"; readonly layer: 1 | 2; readonly bps: number }
  | { readonly kind: "percent"; readonly share: number };

/** Sizes in the proportion of their weights (whole numbers ≥ 1). */
export interface SizeMix {
  readonly kind: "mix";
  readonly name: string;
  readonly parts: readonly { readonly frameBytes: number; readonly weight: number }[];
}

/** What one trial sends: frames of one size, or a mix. */
export type FrameSize = { readonly kind: "fixed"; readonly frameBytes: number } | SizeMix;

export const minFrameBytes = 64;
export const maxFrameBytes = 9018;
export const fcsBytes = 4;
/** Preamble 7, start delimiter 1, interframe gap 12 (IEEE 802.3 §3.1.1, §4.4.2). */
export const layer1OverheadBytes = 20;

/** RFC 2544 §9.1, the sizes for Ethernet. */
export const rfc2544Sizes: readonly number[] = [64, 128, 256, 512, 1024, 1280, 1518];
/** The sizes of the container-networking test plan. */
export const planSizes: readonly number[] = [64, 128, 256, 512, 1024, 1518];
/**
 * The "simple IMIX" in common use (Wikipedia, Internet Mix; also Ostinato's): IP packets of 40, 576 and 1,500 bytes as
 * 7:4:1. Ethernet adds 18 bytes, and the shortest is padded to 64. It is no standard; RFC 6985 asks to publish the
 * sequence.
 */
export const simpleImix: SizeMix = {
  kind: "mix",
  name: "imix",
  parts: [
    { frameBytes: 64, weight: 7 },
    { frameBytes: 594, weight: 4 },
    { frameBytes: 1518, weight: 1 },
  ],
};

export const acceptedPps = "0.000001pps to 1Gpps, or max";
/** Limits of a schedule of departures: a frame in 11.6 days, and a frame a nanosecond. */
export const [slowestPps, fastestPps] = [1e-6, 1e9];
const acceptedRates = "max, 10kpps, 1Mpps, 2.5Gbps (layer 2), 2.5Gbps-l1, 50% (of the line rate)";
const acceptedDurations = "a number with ns, us, ms, s, min or h, e.g. 500ms";
const acceptedSizes = `sizes from ${minFrameBytes} to ${maxFrameBytes} with FCS: 64,1518 | 64-1518:64 | imix | rfc2544 | plan`;

const decimal = /^(\d+(?:\.\d+)?|\.\d+)\s*([^\d\s.].*)?$/;
const metric: Readonly<Record<string, number>> = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
/**
 * Factor of a rate's prefix, in either case. `m` means a thousandth everywhere else, so it is rejected with a question.
 */
const rateFactor = (prefix: string): number => metric[prefix.toUpperCase()]!;

/** `12.5Gbps` → [12.5, "Gbps"]; null if it does not start with a plain decimal number. */
function numberAndUnit(text: string): readonly [number, string] | null {
  const match = decimal.exec(text.trim());
  return match === null ? null : [Number(match[1]), match[2] ?? ""];
}

/** A decimal times a power of ten, without the rounding error of doubles: 1.1 k is 1100, not 1100.0000000000002. */
const scaled = (value: number, factor: number): number => Number((value * factor).toPrecision(15));

/** The rate that was most likely meant. */
function rateHint(text: string, value: number, unit: string): { readonly hint?: string } {
  if (unit === "" && value > 0) return { hint: `${text} what? ${text}pps are frames per second` };
  if (/^m(pps|bps|bps-l1|bps-l2)$/i.test(unit)) return { hint: `did you mean ${value}M${unit.slice(1)}?` };
  const swapped = /^([kmgt]?)(psp|spp|bsp|sbp)$/i.exec(unit);
  return swapped === null
    ? {}
    : { hint: `did you mean ${value}${swapped[1]}${/b/i.test(swapped[2]!) ? "bps" : "pps"}?` };
}

export function parseRate(text: string, where: string): Rate {
  if (text.trim().toLowerCase() === "max") return { kind: "max" };
  const [value, unit] = numberAndUnit(text) ?? [Number.NaN, ""];
  const match = /^([kmgt]?)(pps|bps|bps-l1|bps-l2)$/i.exec(unit);
  if (Number.isNaN(value) || (match === null && unit !== "%") || match?.[1] === "m") {
    throw usageError(`"${text}" is not a rate`, { where, accepted: acceptedRates, ...rateHint(text, value, unit) });
  }
  if (value <= 0) throw usageError(`the rate "${text}" is not above 0`, { where, accepted: acceptedRates });
  if (unit === "%") {
    if (value > 100) throw usageError(`"${text}" is more than the line carries`, { where, accepted: "up to 100%" });
    return { kind: "percent", share: scaled(value, 0.01) };
  }
  const amount = scaled(value, rateFactor(match![1]!));
  const kind = match![2]!.toLowerCase();
  if (kind !== "pps") return { kind: "bps", layer: kind === "bps-l1" ? 1 : 2, bps: amount };
  if (amount > fastestPps) throw usageError(`"${text}" is above 1Gpps`, { where, accepted: "up to 1Gpps, or max" });
  if (amount < slowestPps) throw usageError(`"${text}" is below 0.000001pps`, { where, accepted: acceptedPps });
  return { kind: "pps", pps: amount };
}

/** The rate as text that parseRate reads back to the same rate. */
export function formatRate(rate: Rate): string {
  switch (rate.kind) {
    case "max":
      return "max";
    case "pps":
      return `${exact(rate.pps)}pps`;
    case "bps":
      return `${exact(rate.bps)}bps${rate.layer === 1 ? "-l1" : ""}`;
    case "percent":
      return `${scaled(rate.share, 100)}%`;
  }
}

/** The shortest of `1500000`, `1500k`, `1.5M` that means exactly this number. */
function exact(value: number): string {
  const forms = ["", "k", "M", "G"]
    .map((prefix) => [prefix, String(scaled(value, 1 / metric[prefix]))] as const)
    .filter(([prefix, digits]) => decimal.test(digits) && scaled(Number(digits), metric[prefix]) === value)
    .map(([prefix, digits]) => digits + prefix);
  return forms.reduce((best, form) => (form.length < best.length ? form : best), forms[0] ?? String(value));
}

/** Bits that a frame takes at this layer. */
export const frameBits = (frameBytes: number, layer: 1 | 2): number =>
  (frameBytes + (layer === 1 ? layer1OverheadBytes : 0)) * 8;

/**
 * Frames per second; Infinity for max. `meanFrameBytes` is with FCS. Percentages are of `lineRateBps` (layer 1);
 * without a line rate they are a usage error.
 */
export function ratePps(rate: Rate, meanFrameBytes: number, lineRateBps: number | null, where = "--rate"): number {
  switch (rate.kind) {
    case "max":
      return Number.POSITIVE_INFINITY;
    case "pps":
      return rate.pps;
    case "bps":
      return rate.bps / frameBits(meanFrameBytes, rate.layer);
    case "percent":
      if (lineRateBps === null) {
        throw usageError(`${formatRate(rate)} of what? This port has no line speed`, {
          where,
          accepted: "percentages only where the line's speed is known",
          hint: "give --line-rate, e.g. --line-rate 10Gbps",
        });
      }
      return (rate.share * lineRateBps) / frameBits(meanFrameBytes, 1);
  }
}

/** A line's speed, `10Gbps`, in bits per second. */
export function parseLineRate(text: string, where: string): number {
  const parts = numberAndUnit(text);
  const match = parts === null ? null : /^([kmgt]?)bps$/i.exec(parts[1]);
  if (parts === null || match === null || match[1] === "m" || parts[0] <= 0) {
    const hint = rateHint(text, parts?.[0] ?? 0, parts?.[1] === "" ? "?" : (parts?.[1] ?? "?"));
    throw usageError(`"${text}" is not a line rate`, { where, accepted: "e.g. 1Gbps, 10Gbps, 100Gbps", ...hint });
  }
  return scaled(parts[0], rateFactor(match[1]!));
}

const nsPer: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  min: 60e9,
  m: 60e9,
  h: 3600e9,
};

/** Whole nanoseconds, at least `atLeastNs`; a bare 0 needs no unit. */
export const parseDuration = (text: string, where: string, atLeastNs = 1): number =>
  durationNs(text, where, atLeastNs, acceptedDurations);

/** As parseDuration; `forever` is Infinity. */
export const parseDurationOrForever = (text: string, where: string): number =>
  text.trim() === "forever" ? Number.POSITIVE_INFINITY : durationNs(text, where, 1, `${acceptedDurations}, or forever`);

function durationNs(text: string, where: string, atLeastNs: number, accepted: string): number {
  const [value, unit] = numberAndUnit(text) ?? [Number.NaN, ""];
  const factor = nsPer[unit] ?? (value === 0 && unit === "" ? 1 : Number.NaN);
  const result = Math.round(scaled(value, factor));
  if (Number.isNaN(result)) {
    const hint = unit === "" && value > 0 ? { hint: `did you mean ${text.trim()}s?` } : {};
    throw usageError(`"${text}" is not a duration`, { where, accepted, ...hint });
  }
  if (result < atLeastNs || result > Number.MAX_SAFE_INTEGER) {
    const side = result < atLeastNs ? "short" : "long";
    throw usageError(`the duration "${text}" is too ${side}`, {
      where,
      accepted: `${formatNs(atLeastNs)} to 104 days`,
    });
  }
  return result;
}

/** A whole number, `10000`, `10k` or `1.5M`, between the limits (both included). */
export function parseCount(text: string, where: string, least = 1, most: number = Number.MAX_SAFE_INTEGER): number {
  const parts = numberAndUnit(text);
  const factor = parts === null ? undefined : metric[parts[1]];
  const value = parts === null || factor === undefined ? Number.NaN : scaled(parts[0], factor);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  const side = value < least ? `below ${least}` : value > most ? `above ${most}` : "no whole number";
  const meant = /^\d+(\.\d+)?[eE]\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  const fits = Number.isSafeInteger(meant) && meant >= least && meant <= most;
  throw usageError(`"${text}" is ${side}`, {
    where,
    accepted: `a whole number ${range}, e.g. ${exact(least)}`,
    ...(fits ? { hint: `did you mean ${exact(meant)}?` } : {}),
  });
}

/** A share from 0 to 1: `0`, `0.1%`, `1e-3`. */
export function parseRatio(text: string, where: string): number {
  const match = /^((?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)$/.exec(text.trim());
  const value = match === null ? Number.NaN : scaled(Number(match[1]), match[2] === "%" ? 0.01 : 1);
  if (!(value >= 0 && value <= 1)) {
    throw usageError(`"${text}" is not a ratio`, { where, accepted: "0 to 1 or 0% to 100%, e.g. 0, 0.1%, 1e-3" });
  }
  return value;
}

const bytesPer: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Bytes: `4096`, `64KiB`, `2MB`. */
export function parseBytes(text: string, where: string): number {
  const parts = numberAndUnit(text);
  const bytes = parts === null ? Number.NaN : scaled(parts[0], bytesPer[parts[1]] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw usageError(`"${text}" is not a number of bytes`, { where, accepted: "e.g. 4096, 64KiB, 2MB" });
  }
  return bytes;
}

export const fixedSize = (frameBytes: number): FrameSize => ({ kind: "fixed", frameBytes });

/**
 * The trials of a size list, in its order: `64,1518`, names, or `64-1518:64`, which stops at the last step in range.
 */
export const parseSizes = (text: string, where: string): readonly FrameSize[] =>
  text.split(",").flatMap((piece) => parseSizePiece(piece.trim(), text, where));

function parseSizePiece(piece: string, text: string, where: string): readonly FrameSize[] {
  if (piece === "imix") return [simpleImix];
  if (piece === "rfc2544") return rfc2544Sizes.map(fixedSize);
  if (piece === "plan") return planSizes.map(fixedSize);
  const match = /^(\d+)(?:-(\d+):(\d+))?$/.exec(piece);
  if (match === null) {
    const what = piece === "" ? `"${text}" has an empty place` : `"${piece}" is not a frame size`;
    const hint = /^\d+-\d+$/.test(piece) ? { hint: `did you mean ${piece}:64, in steps of 64?` } : {};
    throw usageError(what, { where, accepted: acceptedSizes, ...hint });
  }
  const first = checkFrameBytes(Number(match[1]), where);
  if (match[2] === undefined) return [fixedSize(first)];
  const last = checkFrameBytes(Number(match[2]), where);
  const step = Number(match[3]);
  if (step < 1 || last < first) {
    const what = step < 1 ? `the step in "${piece}" is 0` : `"${piece}" ends before it begins`;
    throw usageError(what, { where, accepted: acceptedSizes });
  }
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => fixedSize(first + i * step));
}

/** Throws unless this is a whole number from 64 to 9,018. */
export function checkFrameBytes(frameBytes: number, where: string): number {
  if (!Number.isInteger(frameBytes) || frameBytes < minFrameBytes || frameBytes > maxFrameBytes) {
    const side = frameBytes < minFrameBytes ? `below ${minFrameBytes}` : `not a whole number up to ${maxFrameBytes}`;
    throw usageError(`frame size ${frameBytes} is ${side}`, { where, accepted: acceptedSizes });
  }
  return frameBytes;
}

/** The size as reports show it: 64, or the name of a mix. */
export const frameSizeName = (size: FrameSize): number | string =>
  size.kind === "fixed" ? size.frameBytes : size.name;

/** The mean of the sizes by their weights, with FCS. */
export function meanFrameBytes(size: FrameSize): number {
  if (size.kind === "fixed") return size.frameBytes;
  const frames = size.parts.reduce((sum, part) => sum + part.weight, 0);
  return size.parts.reduce((sum, part) => sum + part.weight * part.frameBytes, 0) / frames;
}

/** Four significant digits with the fitting prefix: `86.21 M`. */
function withPrefix(value: number): string {
  if (!Number.isFinite(value)) return `${value} `;
  const prefixes = ["", "k", "M", "G", "T"];
  const magnitude = Math.abs(value) < 1 ? 0 : Math.floor(Math.log10(Number(Math.abs(value).toPrecision(4))) / 3);
  const index = Math.min(Math.max(magnitude, 0), prefixes.length - 1);
  return `${Number((value / 1000 ** index).toPrecision(4))} ${prefixes[index]}`;
}

/** `14.88 Mpps` */
export const formatPps = (pps: number): string => `${withPrefix(pps)}pps`;

/** `240 ns`, `7.05 µs`, `1.2 ms`, `3 s`: three significant digits, four above one second. */
export function formatNs(ns: number): string {
  if (!Number.isFinite(ns)) return ns > 0 ? "forever" : String(ns);
  const size = Math.abs(Number(ns.toPrecision(3)));
  if (size < 1e3) return `${Number(ns.toPrecision(3))} ns`;
  if (size < 1e6) return `${Number((ns / 1e3).toPrecision(3))} µs`;
  if (size < 1e9) return `${Number((ns / 1e6).toPrecision(3))} ms`;
  return `${Number((ns / 1e9).toPrecision(4))} s`;
}

/** `1,234,567`: grouped by commas in every locale. Intl would be loaded for it, which takes 10 ms. */
export const formatCount = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
