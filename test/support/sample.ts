/** A hand-made result: a default run of two sizes, whose 64-byte frames lose some at max in the container. */
import type { HopResult, RunResult, Trial } from "../../src/result/run-result.js";

const hop = (name: string, rx: number, tx: number, dropped = 0): HopResult => ({
  name,
  rx,
  tx,
  dropped,
  queues: [{ queue: 0, rx, tx, dropped }],
});

const latencyNs = {
  count: 10_000,
  min: 4_100,
  mean: 9_012.5,
  p50: 8_210,
  p90: 12_000,
  p99: 25_087,
  p99_9: 70_100,
  p99_99: 102_399,
  max: 1_023_999,
  kind: "polled",
} as const;

const variation = { count: 10_000, min: 0, mean: 1, p50: 0, p90: 9, p99: 99, p99_9: 999, p99_99: 9_999, max: 99_999 };

export const forwarding64: Trial = {
  frameBytes: 64,
  meanFrameBytes: 64,
  phase: "forwarding",
  queues: 1,
  requested: { rate: "10kpps", pps: 10_000, durationNs: null, count: 10_000 },
  durationNs: 999_900_000,
  settleNs: 200_000_000,
  signature: true,
  notionalL1: true,
  intended: 10_000,
  late: 12,
  missed: 0,
  blocked: 0,
  sent: 10_000,
  received: 10_000,
  accepted: 10_000,
  lost: 0,
  lossRatio: 0,
  lossDurationNs: 0,
  outageNs: 0,
  duplicate: 0,
  reordered: 0,
  reorderExtent: null,
  corrupt: 0,
  corruptKinds: { signature: 0, padded: 0, trimmed: 0, payload: 0 },
  tooOld: 0,
  stale: 0,
  foreign: 0,
  lostRanges: [],
  firstCorrupt: [],
  firstForeign: [],
  txPps: 10_001,
  txBpsL1: 6_720_672,
  txBpsL2: 5_120_512,
  rxPps: 10_001,
  rxBpsL1: 6_720_672,
  rxBpsL2: 5_120_512,
  latencyNs,
  queueingNs: null,
  inFlightFrames: null,
  generatorFloorNs: 240,
  ipdvNs: { ...variation, min: -99_999 },
  pdvNs: variation,
  pacing: {
    targetNs: 100_000,
    within64ns: 0.98,
    within128ns: 0.985,
    within256ns: 0.99,
    within512ns: 0.995,
    bursts: 1,
    p50Ns: 100_000,
    p99Ns: 100_060,
    p99_99Ns: 112_000,
    maxNs: 140_000,
    lagMaxNs: 52_000,
    observer: "self",
  },
  queuesSeen: [{ queue: 0, sent: 10_000, accepted: 10_000, lost: 0 }],
  hops: [hop("host>", 10_000, 10_000), hop("container", 10_000, 10_000), hop("host<", 10_000, 10_000)],
  unaccounted: 0,
  ledger: [],
  disturbance: { stealMs: 0, switches: 14, calibration: 1.02 },
  verdict: "pass",
  reasons: [],
  notes: [],
};

export const rate64: Trial = {
  ...forwarding64,
  phase: "rate",
  requested: { rate: "max", pps: null, durationNs: 1e9, count: null },
  durationNs: 1_000_000_000,
  intended: 5_123_456,
  late: 0,
  sent: 5_123_456,
  received: 5_001_000,
  accepted: 5_001_000,
  lost: 122_456,
  lossRatio: 122_456 / 5_123_456,
  lostRanges: [
    [4_096, 8_191],
    [12_000, 12_000],
  ],
  txPps: 5_123_456,
  txBpsL1: 3_442_962_432,
  txBpsL2: 2_623_209_472,
  rxPps: 5_001_000,
  rxBpsL1: 3_360_672_000,
  rxBpsL2: 2_560_512_000,
  latencyNs: null,
  queueingNs: 122_376,
  inFlightFrames: 612,
  ipdvNs: null,
  pdvNs: null,
  pacing: null,
  queuesSeen: [{ queue: 0, sent: 5_123_456, accepted: 5_001_000, lost: 122_456 }],
  hops: [
    hop("host>", 5_123_456, 5_003_456, 120_000),
    hop("container", 5_003_456, 5_003_456),
    hop("host<", 5_003_456, 5_001_000, 2_456),
  ],
  notes: ["loss at max is information; --loss or --min-rate makes it decide"],
};

export const forwarding1518: Trial = { ...forwarding64, frameBytes: 1518, meanFrameBytes: 1518 };

const exact = { sent: 2_000_000, intended: 2_000_000, received: 2_000_000, accepted: 2_000_000, lost: 0, lossRatio: 0 };

export const rate1518: Trial = {
  ...rate64,
  ...exact,
  frameBytes: 1518,
  meanFrameBytes: 1518,
  lostRanges: [],
  txPps: 2_000_000,
  txBpsL1: 24_608_000_000,
  txBpsL2: 24_288_000_000,
  rxPps: 2_000_000,
  rxBpsL1: 24_608_000_000,
  rxBpsL2: 24_288_000_000,
  queueingNs: 306_000,
  queuesSeen: [{ queue: 0, sent: 2_000_000, accepted: 2_000_000, lost: 0 }],
  hops: [hop("host>", 2e6, 2e6), hop("container", 2e6, 2e6), hop("host<", 2e6, 2e6)],
  notes: [],
};

/** Lost, damaged and unaccounted for. */
export const failed64: Trial = {
  ...forwarding64,
  received: 9_981,
  accepted: 9_978,
  lost: 19,
  lossRatio: 0.0019,
  corrupt: 3,
  corruptKinds: { signature: 2, padded: 1, trimmed: 0, payload: 0 },
  lostRanges: [
    [17, 31],
    [40, 40],
    [42, 42],
    [44, 44],
    [46, 46],
    [48, 50],
  ],
  hops: [hop("host>", 10_000, 10_000), hop("container", 10_000, 9_981, 19), hop("host<", 9_981, 9_981)],
  injected: { lost: 19, corrupted: 2, padded: 1 },
  verdict: "fail",
  reasons: ["19 of 10,000 frames lost", "3 frames came back corrupt"],
  causes: ["lost", "corrupt"],
  notes: ["12 of 10,000 frames left late"],
};

export const invalid64: Trial = {
  ...rate64,
  hops: [
    hop("host>", 5_123_456, 5_003_456, 120_000),
    hop("container", 5_003_439, 5_003_439),
    hop("host<", 5_003_439, 5_001_000, 2_439),
  ],
  unaccounted: 17,
  ledger: ["container queue 0 took 17 frames fewer than host> handed on"],
  verdict: "invalid",
  reasons: ["17 frames unaccounted for: container queue 0 took 17 frames fewer than host> handed on"],
};

export const interrupted1518: Trial = {
  ...rate1518,
  ...{ verdict: "invalid", reasons: ["interrupted"], causes: ["interrupted"] },
};

export const passed: RunResult = {
  tool: { name: "pktgen-ts", version: "0.1.0", node: "v20.20.2" },
  host: {
    cpu: 'Example <CPU> & "Co" @ 2.80GHz',
    cores: 2,
    kernel: "Linux 6.1.0",
    governor: null,
    smt: true,
    clocksource: "tsc",
  },
  started: "2026-01-02T03:04:05.678Z",
  command: "pktgen-ts --sizes 64,1518",
  dut: { kind: "embedded", version: "0.1.0" },
  seed: 1,
  trials: [forwarding64, rate64, forwarding1518, rate1518],
  verdict: "pass",
};

export const spoiled: RunResult = {
  ...passed,
  trials: [failed64, invalid64, forwarding1518, interrupted1518],
  verdict: "invalid",
};
