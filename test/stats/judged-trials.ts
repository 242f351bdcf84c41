/** Trials to be judged: one that is clean, and what goes wrong in it. */
import type { JudgedTrial, VerdictRules } from "../../src/stats/verdict.js";

export const plain: VerdictRules = { lossRatioMax: null, minPps: null, faults: [] };

export const clean = {
  phase: "rate",
  requested: { pps: null, count: null },
  durationNs: 1e9,
  signature: true,
  intended: 100_000,
  late: 0,
  missed: 0,
  blocked: 0,
  sent: 100_000,
  received: 100_000,
  accepted: 100_000,
  lost: 0,
  duplicate: 0,
  reordered: 0,
  corrupt: 0,
  tooOld: 0,
  stale: 0,
  foreign: 0,
  txPps: 100_000,
  rxPps: 100_000,
  unaccounted: 0,
  ledger: [],
  disturbance: { stealMs: 0, switches: 3, calibration: 1.01 },
} satisfies JudgedTrial;

export const paced: JudgedTrial = { ...clean, requested: { pps: 100_000, count: null } };

export const losing = (trial: JudgedTrial, lost: number): JudgedTrial => ({
  ...trial,
  lost,
  accepted: trial.sent - lost,
  received: trial.sent - lost,
  rxPps: trial.sent - lost,
});
