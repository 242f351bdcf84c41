/**
 * Frame loss rate, RFC 2544 §26.3: from the maximum rate down in equal steps, until two trials in a row lose nothing.
 */

import type { Measurer } from "../../measure/measurer.js";
import { type TrialUse, useOf } from "../../measure/outcome.js";
import type { LossCurve } from "../../result/run-result.js";
import { notMeasured, type Reason } from "../../stats/cause.js";
import { percentWord } from "../../stats/words.js";
import { type FrameSize, frameSizeName } from "../../units.js";
import { checkFindings, type Findings, joinFindings } from "../findings.js";
import { paced, searchSpace } from "../search-run.js";
import { sizeWord } from "../size-word.js";
import type { Rfc2544Settings } from "./settings.js";

/** A load that the generator does not offer is left out after this many attempts. */
const attempts = 3;

/**
 * The curve, and whether each of its steps was measured. Without a line, 100 % is the most that the generator can do.
 * Steps at the top that it cannot offer at a pace are above that, and were not asked for.
 */
export async function frameLoss(measurer: Measurer, settings: Rfc2544Settings, size: FrameSize): Promise<Findings> {
  const { stepShare, durationNs } = settings.loss;
  const space = await searchSpace(measurer, size, settings.throughput);
  if (space === null) return {};
  const { maxPps, maxIs } = space.range;
  const points: LossCurve["points"] = [];
  const missing: Reason[] = [];
  const shares = lossShares(stepShare);
  let clean = 0;
  for (const share of shares) {
    if (clean === 2) break;
    const pps = maxPps * share;
    const use = await lossAt(measurer, size, pps, durationNs);
    if (measurer.ended() !== null) break;
    if (use.kind === "measured") {
      const { lossRatio } = use;
      points.push({ share, pps, lossRatio });
      clean = lossRatio === 0 ? clean + 1 : 0;
      continue;
    }
    clean = 0;
    const isAbove = use.kind === "short" && maxIs === "generator" && points.length === 0 && share !== shares.at(-1);
    if (!isAbove) missing.push({ ...use.why, text: `at ${percentWord(share)}: ${use.why.text}` });
  }
  const frameBytes = frameSizeName(size);
  const found: Findings = { lossCurves: [{ frameBytes, maxPps, points }] };
  const none = points.length === 0 && missing.length === 0 ? [notMeasured("no step was measured")] : missing;
  const what = `${sizeWord(frameBytes)}, frame loss`;
  if (none.length > 0) return joinFindings([found, checkFindings(what, "invalid", none)]);
  const isDead = points.every(({ lossRatio }) => lossRatio === 1);
  const reasons: Reason[] = isDead ? [{ cause: "none came back", text: "nothing came back intact at any load" }] : [];
  return joinFindings([found, checkFindings(what, isDead ? "fail" : "pass", reasons)]);
}

/** 100 %, and down in equal steps as long as anything is left (§26.3). Pure. */
export function lossShares(stepShare: number): number[] {
  const shares: number[] = [];
  // A step that divides 100 % must not leave a share of 1e-17 behind.
  for (let k = 0; k * stepShare < 1 - 1e-9; k++) shares.push(Number((1 - k * stepShare).toPrecision(12)));
  return shares;
}

/** The first trial that can be used, or the last one that cannot. */
async function lossAt(measurer: Measurer, size: FrameSize, pps: number, durationNs: number): Promise<TrialUse> {
  for (let attempt = 1; ; attempt++) {
    const use = useOf(await measurer.measure(paced(size, "frame loss", pps, durationNs)));
    if (use.kind === "measured" || attempt === attempts || measurer.ended() !== null) return use;
  }
}
