/**
 * Latency, RFC 2544 §26.2, at the throughput found. The document tags one frame a trial and averages twenty; here
 * every frame is measured in every trial.
 */
import type { FrameSize } from "../../units.js";
import type { Bench } from "../bench.js";
import { useOf } from "../outcome.js";
import { paced } from "../search-run.js";
import type { Rfc2544Settings } from "./settings.js";

/** An unusable trial is repeated so often. */
const attempts = 3;

export async function latency(bench: Bench, settings: Rfc2544Settings, size: FrameSize, pps: number): Promise<void> {
  const { durationNs, repeats } = settings.latency;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const trials = await bench.measure(paced(size, "latency", pps, durationNs));
      if (bench.ended() !== null) return;
      if (useOf(trials).kind === "measured") break;
    }
  }
}
