/** RFC 2544 §26, test by test and size by size, on any measurer. */

import type { Measurer } from "../../measure/measurer.js";
import type { FrameSize } from "../../units.js";
import { frameSizeName } from "../../units.js";
import { type Findings, joinFindings } from "../findings.js";
import { ndrOfSize } from "../ndr.js";
import { backToBack } from "./back-to-back.js";
import { frameLoss } from "./frame-loss.js";
import { runLatency } from "./latency.js";
import { recovery, type Throughput } from "./recovery.js";
import { leastSize, reset } from "./reset.js";
import { type Rfc2544Settings, throughputGoal } from "./settings.js";

export {
  conforming,
  deviationsOf,
  quick,
  type Rfc2544Settings,
  type Rfc2544Test,
  rfc2544Tests,
  searchDeviations,
  throughputGoal,
} from "./settings.js";

/** All sizes of one test before the next test, as RFC 2544 lists them; latency and recovery need the throughput. */
export async function runRfc2544(measurer: Measurer, settings: Rfc2544Settings): Promise<Findings> {
  const parts: Findings[] = [];
  const eachSize = async (run: (size: FrameSize) => Promise<Findings>): Promise<void> => {
    for (const size of settings.sizes) {
      if (measurer.ended() === null) parts.push(await run(size));
    }
  };
  const throughputOf = (size: FrameSize): Throughput => throughputFound(settings, joinFindings(parts), size);
  for (const test of settings.tests) {
    if (test === "throughput") await eachSize((size) => ndrOfSize(measurer, settings.throughput, size, "throughput"));
    if (test === "latency") {
      await eachSize(async (size) => {
        const { pps } = throughputOf(size);
        return pps > 0 ? await runLatency(measurer, settings, size, pps) : {};
      });
    }
    if (test === "loss") await eachSize((size) => frameLoss(measurer, settings, size));
    if (test === "back-to-back") {
      await eachSize((size) => backToBack(measurer, settings, size, throughputOf(size).pps || null));
    }
    if (test === "recovery") {
      await eachSize(async (size) => {
        const throughput = throughputOf(size);
        return throughput.pps > 0 ? { recovery: [await recovery(measurer, settings, size, throughput)] } : {};
      });
    }
    const least = leastSize(settings.sizes);
    if (test === "reset" && least !== undefined && measurer.ended() === null) {
      const { pps } = throughputOf(least);
      if (pps > 0) parts.push({ resets: [await reset(measurer, settings, least, pps)] });
    }
  }
  return joinFindings(parts);
}

/** Of a size; 0 frames per second where there is none. */
function throughputFound({ knownPps }: Rfc2544Settings, { results = [] }: Findings, size: FrameSize): Throughput {
  const row = results.find(({ goal, frameBytes }) => goal === throughputGoal && frameBytes === frameSizeName(size));
  if (row === undefined && knownPps !== null) return { pps: knownPps(size), byDevice: true };
  return { pps: row?.pps ?? 0, byDevice: row?.limitedBy === "dut" || row?.limitedBy === "time" };
}
