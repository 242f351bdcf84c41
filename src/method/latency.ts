/**
 * Latency and delay variation at given shares of a rate: each frame measured, at 10, 50, 90 and 100 % of the NDR, or
 * of a rate that is named; with a probe beside the load where one is asked for.
 */
import { type FrameSize, formatRate } from "../units.js";
import type { Bench, BenchRequest } from "./bench.js";
import { type Findings, joinFindings } from "./findings.js";
import { foundPps, type NdrSettings, ndrOfSize } from "./ndr.js";
import { useOf } from "./outcome.js";
import { paced } from "./search-run.js";

export interface LatencySettings {
  readonly sizes: readonly FrameSize[];
  /** Of the reference rate; in this order. */
  readonly shares: readonly number[];
  readonly durationNs: number;
  readonly repeats: number;
  /** Frames per second that are 100 %; null: each size's NDR, which is searched for first. */
  readonly referencePps: ((size: FrameSize) => number) | null;
  readonly search: NdrSettings;
  /** Frames per second of a probe beside the load, in a stream of its own; null: none. */
  readonly probePps: number | null;
}

const attempts = 3;

export const percentName = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;

/** Trials in the phases `latency 50 %`; a size without an NDR has none. */
export async function latencyAtLoads(bench: Bench, settings: LatencySettings): Promise<Findings> {
  const parts: Findings[] = [];
  for (const size of settings.sizes) {
    if (bench.ended() !== null) break;
    const pps = await referenceOf(bench, settings, size, parts);
    if (pps <= 0) continue;
    for (const share of settings.shares) {
      for (let repeat = 0; repeat < settings.repeats; repeat++) {
        await usableTrial(bench, requestAt(settings, size, share, pps * share));
        if (bench.ended() !== null) return joinFindings(parts);
      }
    }
  }
  return joinFindings(parts);
}

async function referenceOf(
  bench: Bench,
  settings: LatencySettings,
  size: FrameSize,
  parts: Findings[],
): Promise<number> {
  if (settings.referencePps !== null) return settings.referencePps(size);
  const found = await ndrOfSize(bench, settings.search, size, "search");
  parts.push(found);
  return foundPps(found, size, settings.search.goals[0]?.name ?? "");
}

/** The probe comes on top of the load. */
function requestAt(settings: LatencySettings, size: FrameSize, share: number, pps: number): BenchRequest {
  const { probePps, durationNs } = settings;
  const load = paced(size, `latency ${percentName(share)}`, pps, durationNs);
  if (probePps === null) return load;
  const rateText = `${load.rateText} and a probe of ${formatRate({ kind: "pps", pps: probePps })}`;
  return { ...load, rateText, pps: pps + probePps, probePps };
}

/** Repeats a trial that cannot be used; the last one stands, whatever it is. */
async function usableTrial(bench: Bench, request: BenchRequest): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const trials = await bench.measure(request);
    if (bench.ended() !== null || useOf(trials).kind === "measured") return;
  }
}
