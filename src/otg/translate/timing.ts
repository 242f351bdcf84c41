/** Rate and duration of a flow. Spaces in bytes are times of the port's line. */
import { type FlowDuration, type FlowRate, flowPps } from "../../session/index.js";
import { layer1OverheadBytes } from "../../units.js";
import type { Duration, FlowRateModel, Span } from "../model.js";
import { invalid } from "../refusal.js";
import { flowRefusal } from "./flow-refusal.js";

export interface LineSpeed {
  /** null: nobody said it. */
  readonly bps: number | null;
}

const usualGapBytes = 12;
const perSecond = 1e9;
const multiples = { bps: 1, kbps: 1e3, mbps: 1e6, gbps: 1e9 } as const;

const sayLine = "set layer1.speed of the port";

/** Bits a second are counted at layer 1: the models' least is a shortest frame with preamble and gap. @throws OtgRefusal */
export function flowRate(rate: FlowRateModel | undefined, line: LineSpeed, path: string): FlowRate {
  const { choice = "pps" } = rate ?? {};
  const value = Number(rate?.[choice] ?? 1000);
  if (!(value > 0)) throw invalid(`${path}.${choice}: ${value} is not accepted; accepted: above 0`);
  if (choice === "pps") return { kind: "pps", pps: value };
  if (choice !== "percentage") return { kind: "bps", layer: 1, bps: value * multiples[choice] };
  if (line.bps === null) throw invalid(`${path}.percentage: the port's speed is not known; ${sayLine}`);
  return { kind: "percent", share: value / 100 };
}

const bytesNs = (bytes: number, bps: number): number => (bytes * 8 * perSecond) / bps;

function spanNs(span: Span | undefined, line: LineSpeed, path: string): number {
  if (span === undefined) return 0;
  const value = Number(span[span.choice] ?? 0);
  if (span.choice === "nanoseconds") return Math.round(value);
  if (span.choice === "microseconds") return Math.round(value * 1000);
  if (value === 0) return 0;
  if (line.bps === null) throw invalid(`${path}.bytes: the port's speed is not known; ${sayLine}`);
  return Math.round(bytesNs(value, line.bps));
}

/** The least space between frames is kept if the rate leaves it. */
function checkGap(gap: number, pps: number, meanBytes: number, line: LineSpeed, path: string): void {
  if (gap === usualGapBytes) return;
  if (line.bps === null) throw invalid(`${path}.gap: the port's speed is not known; ${sayLine}`);
  const preamble = layer1OverheadBytes - usualGapBytes;
  const most = line.bps / ((meanBytes + preamble + gap) * 8);
  // Rates are doubles: a rate of just this size may lie a little above.
  if (pps <= most * (1 + 1e-9)) return;
  throw invalid(
    `${path}.gap: ${gap} bytes between frames leave ${Math.floor(most)} frames a second; the rate is above`,
  );
}

interface Shape {
  readonly pps: number;
  readonly meanBytes: number;
  readonly line: LineSpeed;
}

export interface FlowTimes {
  readonly duration: FlowDuration;
  readonly delayNs: number | null;
}

/** @throws OtgRefusal */
export function timesOf(duration: Duration | undefined, shape: Shape, path: string): FlowTimes {
  const { choice = "continuous" } = duration ?? {};
  const at = `${path}.${choice}`;
  const { line, pps, meanBytes } = shape;
  if (choice === "burst") {
    const { bursts, packets, gap, inter_burst_gap: between } = duration!.burst!;
    checkGap(gap, pps, meanBytes, line, at);
    const isUsual = between === undefined || (between.choice === "bytes" && between["bytes"] === usualGapBytes);
    const gapNs = isUsual ? 0 : spanNs(between, line, `${at}.inter_burst_gap`);
    return {
      duration: { kind: "bursts", frames: packets, bursts: bursts === 0 ? null : bursts, gapNs },
      delayNs: null,
    };
  }
  const { gap = usualGapBytes, delay } = duration?.[choice] ?? {};
  checkGap(gap, pps, meanBytes, line, at);
  const delayNs = spanNs(delay, line, `${at}.delay`);
  return { duration: plainDuration(duration, at), delayNs: delayNs === 0 ? null : delayNs };
}

function plainDuration(duration: Duration | undefined, path: string): FlowDuration {
  if (duration?.choice === "fixed_packets") return { kind: "frames", frames: duration.fixed_packets!.packets };
  if (duration?.choice !== "fixed_seconds") return { kind: "continuous" };
  const { seconds } = duration.fixed_seconds!;
  if (!(seconds > 0)) throw invalid(`${path}.seconds: ${seconds} is not accepted; accepted: above 0`);
  return { kind: "seconds", seconds };
}

/** Frames a second of a flow whose frames have this mean size. `path`: of the flow. @throws OtgRefusal */
export function ppsOf(rate: FlowRate, meanBytes: number, line: LineSpeed, path: string): number {
  try {
    return flowPps(rate, meanBytes, line.bps, "");
  } catch (error) {
    throw flowRefusal(error, path);
  }
}
