/**
 * Back-to-back frames, RFC 2544 §26.4 as RFC 9004 updates it: the longest burst at the maximum rate that comes back
 * whole. Each repetition searches for it again. The result has mean, least, most and standard deviation. It also has
 * the time that the buffer holds, implied, and corrected for what the device forwarded meanwhile (RFC 9004 §6.4).
 */

import type { Measurer } from "../../measure/measurer.js";
import { useOf } from "../../measure/outcome.js";
import type { BackToBack } from "../../result/run-result.js";
import { notMeasured, type Reason } from "../../stats/cause.js";
import { lossShareOf } from "../../stats/loss.js";
import { type FrameSize, formatRate, frameSizeName } from "../../units.js";
import { checkFindings, type Findings, joinFindings } from "../findings.js";
import { searchSpace } from "../search-run.js";
import { sizeWord } from "../size-word.js";
import type { Rfc2544Settings } from "./settings.js";

const attempts = 3;
/** The longest burst is known to this many frames, or to this share of it. */
const closeShare = 0.01;

export async function backToBack(
  measurer: Measurer,
  settings: Rfc2544Settings,
  size: FrameSize,
  throughputPps: number | null,
): Promise<Findings> {
  const { longestNs, repeats } = settings.backToBack;
  const space = await searchSpace(measurer, size, settings.throughput);
  if (space === null) return {};
  const pps = space.range.maxPps;
  const longest = Math.max(1, Math.floor((pps * longestNs) / 1e9));
  const bursts: number[] = [];
  const missing: Reason[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const found = await longestWhole(measurer, size, pps, longest);
    if (typeof found !== "number") {
      missing.push({ ...found, text: `repetition ${repeat + 1}: ${found.text}` });
      break;
    }
    bursts.push(found);
    // A burst of the greatest length came back whole: others will.
    if (found === longest && repeat >= 2) break;
  }
  const what = `${sizeWord(frameSizeName(size))}, back-to-back`;
  const check = checkFindings(what, missing.length === 0 ? "pass" : "invalid", missing);
  if (bursts.length === 0) return check;
  return joinFindings([{ backToBack: [summary(size, pps, longest, bursts, throughputPps)] }, check]);
}

/** Mean, spread and buffer times of the bursts found. Pure. */
export function summary(
  size: FrameSize,
  pps: number,
  longestFrames: number,
  bursts: readonly number[],
  throughputPps: number | null,
): BackToBack {
  const mean = bursts.reduce((sum, frames) => sum + frames, 0) / bursts.length;
  const squares = bursts.reduce((sum, frames) => sum + (frames - mean) ** 2, 0);
  const impliedBufferNs = (mean * 1e9) / pps;
  const corrected =
    throughputPps === null || throughputPps >= pps ? null : (impliedBufferNs * (pps - throughputPps)) / pps;
  return {
    frameBytes: frameSizeName(size),
    pps,
    bursts: [...bursts],
    meanFrames: mean,
    minFrames: Math.min(...bursts),
    maxFrames: Math.max(...bursts),
    stddevFrames: bursts.length < 2 ? 0 : Math.sqrt(squares / (bursts.length - 1)),
    longestFrames,
    impliedBufferNs,
    correctedBufferNs: corrected,
    limitedBy: bursts.every((frames) => frames === longestFrames) ? "time" : "dut",
  };
}

/** Doubles until a burst is not whole, then halves the gap. A reason: why it could not be measured. */
async function longestWhole(
  measurer: Measurer,
  size: FrameSize,
  pps: number,
  longest: number,
): Promise<number | Reason> {
  let whole = 0;
  let broken = longest + 1;
  let next = Math.min(longest, 64);
  while (whole < longest && broken - whole > Math.max(1, Math.floor(whole * closeShare))) {
    const isWhole = await comesBack(measurer, size, pps, next);
    if (typeof isWhole !== "boolean") return isWhole;
    if (isWhole) whole = next;
    else broken = next;
    next = broken > longest ? Math.min(longest, whole * 2) : Math.floor((whole + broken) / 2);
    if (next <= whole) break;
  }
  return whole;
}

/** Bursts go as fast as the port takes them where no line sets their rate, else at the line's. A reason: why not. */
async function comesBack(measurer: Measurer, size: FrameSize, pps: number, frames: number): Promise<boolean | Reason> {
  let why = notMeasured("no trial came to its end");
  for (let attempt = 0; attempt < attempts; attempt++) {
    const trials = await measurer.measure({
      ...{ size, phase: "back-to-back", pps, count: frames },
      rateText: formatRate({ kind: "pps", pps }),
      durationNs: Number.POSITIVE_INFINITY,
    });
    const ended = measurer.ended();
    if (ended !== null) return ended;
    // Loss decides even where the pace was not kept to the last frame: a slower burst that broke is broken.
    const use = useOf(trials);
    if (use.kind === "measured" || (use.kind === "short" && use.easier && lossShareOf(trials) > 0))
      return lossShareOf(trials) === 0;
    why = use.why;
  }
  return why;
}
