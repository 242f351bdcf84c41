/**
 * Latency, RFC 2544 §26.2, at the throughput found. The document tags one frame a trial and averages twenty; here
 * every frame is measured in every trial. At the throughput no frame is lost, by definition.
 */

import type { Measurer } from "../../measure/measurer.js";
import type { FrameSize } from "../../units.js";
import { type Findings, joinFindings } from "../findings.js";
import { latencyTrial } from "../latency.js";
import { paced } from "../search-run.js";
import type { Rfc2544Settings } from "./settings.js";

export async function runLatency(
  measurer: Measurer,
  settings: Rfc2544Settings,
  size: FrameSize,
  pps: number,
): Promise<Findings> {
  const { durationNs, repeats } = settings.latency;
  const parts: Findings[] = [];
  for (let repeat = 0; repeat < repeats && measurer.ended() === null; repeat++) {
    parts.push(await latencyTrial(measurer, paced(size, "latency", pps, durationNs), 0));
  }
  return joinFindings(parts);
}
