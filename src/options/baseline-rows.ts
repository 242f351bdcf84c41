/** The options of thresholds and baselines; apart, so that help need not load what reads them. */
import type { Row } from "./option-rows.js";

export const baselineRows: readonly Row[] = [
  ["--threshold <what...>", "what must be reached, e.g. 'NDR>=1Mpps' 'latency.p99@64<=50us' 'loss<=0.1%'"],
  ["--baseline <file>", "figures of earlier runs of this setup; what is worse beyond their noise fails"],
  ["--update-baseline", "adds this run's figures to that file (made where it does not exist)"],
];
