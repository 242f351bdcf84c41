/** The options that searches share; apart, so that help need not load what reads them. */
import type { Row } from "./option-rows.js";

/** As commander hands them over. */
export interface SearchOptions {
  readonly quick?: boolean;
  readonly search?: string;
  readonly pdr?: string;
  readonly trial?: string;
  readonly initialTrial?: string;
  readonly durationSum?: string;
  readonly exceed?: string;
  readonly width?: string;
  readonly minLoad?: string;
  readonly dutQueue?: string;
  readonly maxTrials?: string;
  readonly maxTime?: string;
}

export interface Rfc2544Options extends SearchOptions {
  readonly tests?: string;
  readonly learning?: string;
  readonly restabilise?: string;
  readonly latencyDuration?: string;
  readonly latencyRepeats?: string;
  readonly lossStep?: string;
  readonly burstDuration?: string;
  readonly burstRepeats?: string;
  readonly throughput?: string;
  readonly recoveryDuration?: string;
  readonly recoveryAfter?: string;
  readonly recoveryRepeats?: string;
  readonly resetCommand?: string;
  readonly resetWithin?: string;
  readonly resetRepeats?: string;
}

export const searchRows: readonly Row[] = [
  ["--search <kind>", "mlr (MLRsearch, RFC 9971; default) | bisection | verified (with loss verification, TST 009)"],
  ["--width <ratio>", "the bounds are so close in the end, as a share of the upper one"],
  ["--initial-trial <time>", "trials begin with this length (default: 1s, or the final length)"],
  ["--min-load <rate>", "a device that loses frames here has no rate worth a number (default: 1kpps)"],
  [
    "--dut-queue <frames>",
    "frames that the device may hold; trials last until that many show (default: 1024, or the embedded device's own)",
  ],
  ["--max-trials <n>", "per size; then the search ends with what it has (default: 500)"],
  ["--max-time <time>", "likewise, of all trials of a size together (default: none)"],
];
