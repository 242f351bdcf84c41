/**
 * Latency and delay variation at given shares of a rate: 10, 50, 90 and 100 % of the NDR, or of a rate that is named.
 * Each frame is measured. A probe stream can run with the load.
 */

import type { MeasureRequest, Measurer } from "../measure/measurer.js";
import { useOf } from "../measure/outcome.js";
import type { Trial, Verdict } from "../result/run-result.js";
import { notMeasured, type Reason } from "../stats/cause.js";
import { badOf, isWithin, offeredOf } from "../stats/loss.js";
import { partOf, percentWord } from "../stats/words.js";
import { type FrameSize, formatRate, frameSizeName } from "../units.js";
import { checkFindings, type Findings, joinFindings } from "./findings.js";
import { foundPps, type NdrSettings, ndrOfSize } from "./ndr.js";
import { paced } from "./search-run.js";
import { sizeWord } from "./size-word.js";

export interface LatencySettings {
  readonly sizes: readonly FrameSize[];
  /** Of the reference rate; in this order. */
  readonly shares: readonly number[];
  readonly durationNs: number;
  readonly repeats: number;
  /** Frames per second that are 100 %; null: each size's NDR, which is searched for first. */
  readonly referencePps: ((size: FrameSize) => number) | null;
  readonly search: NdrSettings;
  /** Loss that a load may have and pass: latencies are of the frames that came back. */
  readonly lossRatioMax: number;
  /** Frames per second of the probe stream. null: there is no probe. */
  readonly probePps: number | null;
}

const attempts = 3;

export const percentName = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;

/** Trials in the phases `latency 50 %`, and what became of each; a size without an NDR has none. */
export async function latencyAtLoads(measurer: Measurer, settings: LatencySettings): Promise<Findings> {
  const parts: Findings[] = [];
  for (const size of settings.sizes) {
    if (measurer.ended() !== null) break;
    const pps = await referenceOf(measurer, settings, size, parts);
    if (pps <= 0) continue;
    for (const share of settings.shares) {
      for (let repeat = 0; repeat < settings.repeats; repeat++) {
        const request = requestAt(settings, size, share, pps * share);
        parts.push(await latencyTrial(measurer, request, settings.lossRatioMax));
        if (measurer.ended() !== null) return joinFindings(parts);
      }
    }
  }
  return joinFindings(parts);
}

async function referenceOf(
  measurer: Measurer,
  settings: LatencySettings,
  size: FrameSize,
  parts: Findings[],
): Promise<number> {
  if (settings.referencePps !== null) return settings.referencePps(size);
  const found = await ndrOfSize(measurer, settings.search, size, "search");
  parts.push(found);
  return foundPps(found, size, settings.search.goals[0]?.name ?? "");
}

/** The probe comes on top of the load. */
function requestAt(settings: LatencySettings, size: FrameSize, share: number, pps: number): MeasureRequest {
  const { probePps, durationNs } = settings;
  const load = paced(size, `latency ${percentName(share)}`, pps, durationNs);
  if (probePps === null) return load;
  const rateText = `${load.rateText} and a probe of ${formatRate({ kind: "pps", pps: probePps })}`;
  return { ...load, rateText, pps: pps + probePps, probePps };
}

/**
 * One trial whose latency is a figure, repeated where it cannot be used. Lost frames have no latency. Where more is
 * lost than is tolerated, the figures describe only the frames that came back, and the load fails.
 */
export async function latencyTrial(
  measurer: Measurer,
  request: MeasureRequest,
  lossRatioMax: number,
): Promise<Findings> {
  const what = `${sizeWord(frameSizeName(request.size))}, ${request.phase}`;
  let why = notMeasured("no trial came to its end");
  for (let attempt = 0; attempt < attempts; attempt++) {
    const trials = await measurer.measure(request);
    const use = useOf(trials, [], "times");
    if (use.kind === "measured") return checkFindings(what, ...judgedLoss(trials, lossRatioMax));
    why = use.why;
    if (measurer.ended() !== null) break;
  }
  return checkFindings(what, "invalid", [why]);
}

function judgedLoss(trials: readonly Trial[], lossRatioMax: number): [Verdict, Reason[]] {
  const lossy = trials.filter((trial) => !isWithin(badOf(trial), offeredOf(trial), lossRatioMax));
  if (lossy.length === 0) {
    const silent = trials.some(({ accepted }) => accepted === 0);
    return silent ? ["fail", [{ cause: "none came back", text: "nothing came back" }]] : ["pass", []];
  }
  const tolerated = lossRatioMax > 0 ? `, tolerated ${percentWord(lossRatioMax)}` : "";
  return [
    "fail",
    lossy.map((trial) => {
      const text = `${partOf(badOf(trial), offeredOf(trial))} did not come back whole${tolerated}`;
      return { cause: "lost", text };
    }),
  ];
}
