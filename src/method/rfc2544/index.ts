/** RFC 2544 §26, test by test and size by size, on whatever bench. */
import type { FrameSize } from "../../units.js";
import type { Bench } from "../bench.js";
import { type Findings, joinFindings } from "../findings.js";
import { foundPps, ndrOfSize } from "../ndr.js";
import { backToBack } from "./back-to-back.js";
import { frameLoss } from "./frame-loss.js";
import { latency } from "./latency.js";
import { type Rfc2544Settings, throughputGoal } from "./settings.js";

export {
  conforming,
  deviationsOf,
  quick,
  type Rfc2544Settings,
  type Rfc2544Test,
  rfc2544Tests,
  throughputGoal,
} from "./settings.js";

/** All sizes of one test before the next test, as RFC 2544 lists them; latency and recovery need the throughput. */
export async function rfc2544(bench: Bench, settings: Rfc2544Settings): Promise<Findings> {
  const parts: Findings[] = [];
  const eachSize = async (run: (size: FrameSize) => Promise<Findings>): Promise<void> => {
    for (const size of settings.sizes) {
      if (bench.ended() === null) parts.push(await run(size));
    }
  };
  const throughputOf = (size: FrameSize): number => foundPps(joinFindings(parts), size, throughputGoal);
  for (const test of settings.tests) {
    if (test === "throughput") await eachSize((size) => ndrOfSize(bench, settings.throughput, size, "throughput"));
    if (test === "latency") {
      await eachSize(async (size) => {
        if (throughputOf(size) > 0) await latency(bench, settings, size, throughputOf(size));
        return {};
      });
    }
    if (test === "loss") await eachSize(async (size) => listed("lossCurves", await frameLoss(bench, settings, size)));
    if (test === "back-to-back") {
      await eachSize(async (size) =>
        listed("backToBack", await backToBack(bench, settings, size, throughputOf(size) || null)),
      );
    }
  }
  return joinFindings(parts);
}

const listed = <K extends keyof Findings>(key: K, found: unknown): Findings =>
  found === null ? {} : ({ [key]: [found] } as Findings);
