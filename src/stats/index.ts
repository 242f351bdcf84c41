/**
 * stats: from counters and samples to rates, loss, ledger, percentiles and verdicts. Arithmetic only: nothing here
 * knows the time, does I/O, or allocates per frame.
 */

export type { VerdictWord } from "./cause.js";
export {
  type AppliedClock,
  appliedClock,
  type ClockExchange,
  type ClockFit,
  checkTrialClock,
  fitClock,
  fitLatest,
  loopCloses,
  offsetAt,
  rateOf,
  type TrialClockCheck,
} from "./clock-fit.js";
export {
  delayVariation,
  Histogram,
  type HistogramData,
  type HistogramSummary,
  histogramSlots,
} from "./histogram.js";
export {
  checkEquations,
  type GeneratorQueueCounters,
  type HopCounters,
  type HopQueueCounters,
  type Ledger,
  ledger,
  type Residual,
  type TrialCounts,
} from "./ledger.js";
export { mergeReceive } from "./merge/merge-receive.js";
export { mergeTransmit } from "./merge/merge-transmit.js";
export { type MergedTrial, mergeTrialReports, type TrialPart } from "./merge/merge-trial.js";
export {
  type Inexact,
  type InexactReason,
  inexactReasons,
  interleavedParts,
  type MergePlan,
  type PartPlace,
} from "./merge/part.js";
export { GapRecorder, type PacingSummary } from "./pacing.js";
export {
  type Arrivals,
  lossRatioOf,
  type Rates,
  ratesOf,
  receiveRates,
} from "./rates.js";
export type { ReorderExtent } from "./reordering.js";
export type { SequenceRange } from "./run-collector.js";
export { sequenceCodes } from "./sequence-table.js";
export { SignedHistogram, type SignedHistogramData } from "./signed-histogram.js";
export { elapsedNs48 } from "./unwrap.js";
export {
  type JudgedTrial,
  type Judgement,
  judgeRun,
  judgeTrial,
  type VerdictRules,
} from "./verdict.js";
export { framesWord, grouped, partOf, percentWord, rateWord, timeWord } from "./words.js";
