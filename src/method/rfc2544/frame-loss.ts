/**
 * Frame loss rate, RFC 2544 §26.3: from the maximum rate down in equal steps, until two trials in a row lose nothing.
 */
import type { LossCurve } from "../../report/result.js";
import { type FrameSize, frameSizeName } from "../../units.js";
import type { Bench } from "../bench.js";
import { useOf } from "../outcome.js";
import { paced, searchSpace } from "../search-run.js";
import type { Rfc2544Settings } from "./settings.js";

/** A load that the generator does not offer is left out after so many attempts. */
const attempts = 3;

export async function frameLoss(bench: Bench, settings: Rfc2544Settings, size: FrameSize): Promise<LossCurve | null> {
  const { stepShare, durationNs } = settings.loss;
  const space = await searchSpace(bench, size, settings.lineRateBps, settings.throughput.minPps);
  if (space === null) return null;
  const { maxPps } = space.range;
  const points: LossCurve["points"] = [];
  const steps = Math.round(1 / stepShare);
  let clean = 0;
  for (let step = steps; step >= 1 && clean < 2; step--) {
    const share = Number((step * stepShare).toPrecision(12));
    const pps = maxPps * share;
    const lossRatio = await lossAt(bench, size, pps, durationNs);
    if (bench.ended() !== null) break;
    if (lossRatio === null) continue;
    points.push({ share, pps, lossRatio });
    clean = lossRatio === 0 ? clean + 1 : 0;
  }
  return { frameBytes: frameSizeName(size), maxPps, points };
}

/** null: it could not be measured. */
async function lossAt(bench: Bench, size: FrameSize, pps: number, durationNs: number): Promise<number | null> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const use = useOf(await bench.measure(paced(size, "frame loss", pps, durationNs)));
    if (use.kind === "measured") return use.lossRatio;
    if (bench.ended() !== null) return null;
  }
  return null;
}
