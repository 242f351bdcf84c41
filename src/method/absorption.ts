/**
 * What a device's queues absorb: bursts of growing length at a rate above what it forwards, and ramps of load. The
 * greatest burst without loss is how much its queue holds at that rate.
 */

import type { MeasureRequest, Measurer } from "../measure/measurer.js";
import { useOf } from "../measure/outcome.js";
import type { Absorption } from "../result/run-result.js";
import { lossShareOf } from "../stats/loss.js";
import { type FrameSize, formatRate, frameSizeName } from "../units.js";
import { paced } from "./search-run.js";

export interface AbsorptionSettings {
  readonly sizes: readonly FrameSize[];
  readonly kind: "burst" | "ramp";
  /** Of a burst's frames, or a ramp's last step. */
  readonly pps: number;
  /** Frames of the bursts, growing. */
  readonly frames: readonly number[];
  /** Steps of a ramp from `pps ÷ steps` to `pps`. Each lasts this long. */
  readonly rampSteps: number;
  readonly stepNs: number;
}

/** A burst of some ms is more easily spoiled than a ramp, and sooner tried again. */
const attempts = { burst: 10, ramp: 3 } as const;

export async function absorption(measurer: Measurer, settings: AbsorptionSettings): Promise<Absorption[]> {
  const found: Absorption[] = [];
  for (const size of settings.sizes) {
    for (const request of requestsOf(settings, size)) {
      const one = await absorbed(measurer, settings.kind, request);
      if (one === null) return found;
      found.push(one);
    }
  }
  return found;
}

function requestsOf({ kind, pps, frames, rampSteps, stepNs }: AbsorptionSettings, size: FrameSize): MeasureRequest[] {
  if (kind === "ramp") {
    return Array.from({ length: rampSteps }, (_, i) => paced(size, "ramp", (pps * (i + 1)) / rampSteps, stepNs));
  }
  const rateText = formatRate({ kind: "pps", pps });
  const durationNs = Number.POSITIVE_INFINITY;
  return frames.map((count) => ({ size, phase: "burst", rateText, pps, durationNs, count }));
}

async function absorbed(
  measurer: Measurer,
  kind: "burst" | "ramp",
  request: MeasureRequest,
): Promise<Absorption | null> {
  for (let attempt = 0; ; attempt++) {
    const trials = await measurer.measure(request);
    if (measurer.ended() !== null) return null;
    const use = useOf(trials);
    if (use.kind !== "measured" && attempt + 1 < attempts[kind]) continue;
    const lossRatio = lossShareOf(trials);
    // A burst that went slower than it should, and still lost frames, was too much.
    const isKnown = use.kind === "measured" || (use.kind === "short" && use.easier && lossRatio > 0);
    const sum = (key: "sent" | "lost" | "accepted"): number => trials.reduce((total, trial) => total + trial[key], 0);
    return {
      frameBytes: frameSizeName(request.size),
      kind,
      pps: request.pps ?? 0,
      frames: sum("sent"),
      lost: sum("lost"),
      lossRatio,
      absorbed: sum("accepted"),
      ...(isKnown ? {} : { unusable: use.why.text, cause: use.why.cause }),
    };
  }
}
