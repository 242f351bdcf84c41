/** The trial of bench/fleet.ts, which its agents know beforehand. */
import type { MeasureRequest } from "../src/measure/measurer.js";
import { planRun } from "../src/options/run-plan.js";
import { fixedSize } from "../src/units.js";

export const fleetPlan = planRun({ sizes: "64", seed: "1", runId: "77" }, null, "bench fleet");

export const fleetLoad: MeasureRequest = {
  ...{ size: fixedSize(64), phase: "search", rateText: "20kpps", pps: 20_000, count: null, lossGoals: [0] },
  durationNs: 250e6,
};
