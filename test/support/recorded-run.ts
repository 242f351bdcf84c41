/** Events of a run and of a session as the server tells them, made by hand: for the page's tests. */

import type {
  EventConfig,
  EventData,
  EventKind,
  FrameMap,
  RunInfo,
  RunPlanned,
  TrialRow,
} from "../../src/page/contract.js";
import type { PageRecording, RecordedEvent } from "../../src/page/events.js";
import { runFigures, runUnits, sampleValues } from "../../src/serve/events/sample-figures.js";

/** Names that would be a program if they were taken for HTML. */
export const hostile = `<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>&lt;b`;

const hex = "020000000002020000000001080045000032000000004011b6b9c6120001c61200020c000009001e0000";

export const firstFrame: FrameMap = {
  frameBytes: 64,
  hex: hex.padEnd(120, "ab"),
  fields: [
    { offset: 0, bitOffset: 0, bits: 48, path: "ethernet.dst", text: "02:00:00:00:00:02" },
    { offset: 6, bitOffset: 48, bits: 48, path: "ethernet.src", text: "02:00:00:00:00:01" },
    { offset: 12, bitOffset: 96, bits: 16, path: "ethernet.type", text: "0x0800" },
    { offset: 14, bitOffset: 112, bits: 4, path: "ipv4.version", text: "4" },
    { offset: 14, bitOffset: 116, bits: 4, path: "ipv4.ihl", text: "5" },
    { offset: 26, bitOffset: 208, bits: 32, path: "ipv4.src", text: "198.18.0.1" },
    { offset: 30, bitOffset: 240, bits: 32, path: "ipv4.dst", text: "198.18.0.2" },
    { offset: 34, bitOffset: 272, bits: 16, path: "udp.src", text: "3072" },
    { offset: 36, bitOffset: 288, bits: 16, path: "udp.dst", text: "9" },
  ],
  payload: { offset: 42, bytes: 0 },
  signature: { offset: 42, bytes: 18 },
  faults: [],
};

export const planned: RunPlanned = {
  command: "run",
  commandLine: "pktgen-ts --sizes 64 --rate 10kpps --duration 10s",
  ports: ["embedded"],
  free: true,
  sizes: [64],
  trials: [{ frameBytes: 64, phase: "forwarding", rate: "10kpps", durationNs: 10e9, count: null }],
  trialsExpected: 1,
  method: null,
  notes: [],
  traffic: {
    name: "default",
    description: "plain UDP frames",
    sizes: [64],
    streamCount: 1,
    streams: [
      {
        name: "s1",
        protocols: ["ethernet", "ipv4", "udp"],
        rate: null,
        weight: 1,
        schedule: "paced",
        size: null,
        changes: [],
        payload: "zero",
        signed: true,
        firstFrame,
      },
    ],
  },
};

export const flowNames = [
  ...["state", "sent", "received", "lost", "duplicate", "reordered", "corrupt", "txPps", "rxPps", "lostPps"],
  ...["latencyMeanNs", "latencyP50Ns", "latencyP99Ns", "latencyMaxNs"],
];

export const configOf = (changes: Partial<EventConfig> = {}): EventConfig => ({
  format: "pktgen-ts events 1",
  kind: "run",
  id: "r-1",
  name: "",
  started: "2026-12-01T10:34:12.000Z",
  commandLine: planned.commandLine,
  command: "run",
  options: { sizes: "64", rate: "10kpps", duration: "10s" },
  everyMs: 250,
  names: [...runFigures],
  units: runUnits,
  ports: ["embedded"],
  portNames: [],
  flowNames,
  version: "0.1.0",
  host: { cpu: "Example CPU", cores: 2, kernel: "6.1" },
  plan: planned,
  thresholds: [],
  ...changes,
});

/** A quarter of a second of sending. A dip, where others took the machine, is at the samples 30 to 34. */
export const sampleOf = (number: number, pps = 10_000): EventData<"sample"> => {
  const dip = number % 80 >= 30 && number % 80 < 35;
  const rx = dip ? pps * 0.7 : pps * (1 - 0.002 * (number % 3));
  const values = {
    ...{ trial: 0, sent: number * 2_500, received: number * 2_490, lost: number * 4, offeredPps: pps, txPps: pps },
    ...{ rxPps: rx, lostPps: pps - rx, txBpsL2: pps * 512, rxBpsL2: rx * 512, txBpsL1: pps * 672, rxBpsL1: rx * 672 },
    ...{ latencyP50Ns: 7_000 + (number % 7) * 300, latencyP99Ns: 40_000 + (number % 11) * 4_000 },
    ...{ latencyMaxNs: dip ? 900_000 : 120_000, lateShare: dip ? 0.4 : 0, stealShare: dip ? 0.3 : 0 },
  };
  return { t: number * 250, v: sampleValues(runFigures, values) };
};

export const ledgerOf = (changes: Partial<EventData<"ledger">> = {}): EventData<"ledger"> => ({
  t: 2_000,
  settled: false,
  sent: 20_000,
  received: 19_900,
  inFlight: 60,
  hops: [
    { name: "host>", rx: 20_000, tx: 20_000, dropped: 0 },
    { name: "container", rx: 19_980, tx: 19_940, dropped: 40 },
    { name: "host<", rx: 19_920, tx: 19_910, dropped: 0 },
  ],
  unaccounted: null,
  ...changes,
});

export const trialRow = (changes: Partial<TrialRow> = {}): TrialRow => ({
  t: 10_500,
  index: 0,
  frameBytes: 64,
  phase: "forwarding",
  requested: { rate: "10kpps", pps: 10_000, durationNs: 10e9, count: null },
  durationNs: 10e9,
  ...{ intended: 100_000, sent: 100_000, received: 99_960, accepted: 99_960, lost: 40, lossRatio: 0.0004 },
  outageNs: 400_000,
  ...{ duplicate: 0, reordered: 0, corrupt: 0, late: 12, missed: 0, blocked: 0 },
  ...{ txPps: 10_000, rxPps: 9_996, txBpsL1: 6_720_000, txBpsL2: 5_120_000, rxBpsL1: 6_717_312, rxBpsL2: 5_117_952 },
  latencyNs: { min: 4e3, mean: 9e3, p50: 7e3, p90: 2e4, p99: 5e4, p99_9: 9e4, p99_99: 1e5, max: 9e5 },
  inFlightFrames: 0,
  hops: [{ name: "container", rx: 100_000, tx: 99_960, dropped: 40 }],
  unaccounted: 0,
  ledger: [],
  verdict: "fail",
  reasons: ["40 of 100,000 frames lost"],
  causes: ["lost"],
  notes: [],
  ...changes,
});

export const doneOf = (changes: Partial<EventData<"done">> = {}): EventData<"done"> => ({
  t: 11_000,
  state: "done",
  verdict: "fail",
  reasons: ["40 of 100,000 frames lost"],
  causes: ["lost"],
  stopped: false,
  error: null,
  result: "runs/r-1/result.json",
  ...changes,
});

export const latencyBuckets: [number, number][] = Array.from({ length: 60 }, (_, i) => [
  Math.round(4_000 * 1.1 ** i),
  Math.max(1, Math.round(20_000 * Math.exp(-((i - 9) ** 2) / 30))),
]);

export const infoOf = (changes: Partial<RunInfo> = {}): RunInfo => ({
  id: "r-1",
  name: "",
  command: "run",
  options: { sizes: "64", rate: "10kpps", duration: "10s" },
  commandLine: planned.commandLine,
  state: "running",
  started: "2026-12-01T10:34:12.000Z",
  ended: null,
  elapsedMs: 2_000,
  ports: ["embedded"],
  verdict: null,
  reasons: [],
  stopped: false,
  error: null,
  trials: 0,
  trialsExpected: 1,
  live: null,
  can: { stop: true, rate: true, pause: true, extend: true },
  ...changes,
});

/** Flows with names, of which every 7th loses and one loses most. */
export const flowListOf = (count: number, name = (i: number): string => `flow-${i}`): EventData<"flowlist"> => ({
  t: 0,
  flows: Array.from({ length: count }, (_, i) => ({
    index: i,
    name: name(i),
    tx: `p${i % 4}`,
    rx: [`p${(i + 1) % 4}`],
  })),
  removed: [],
});

export const flowValues = (count: number, round = 0): EventData<"flows"> => {
  const figure = (value: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => value(i));
  const lost = (i: number): number => (i === count >> 1 ? 9_999 : i % 7 === 0 ? i % 50 : 0);
  const columns = [
    ...[
      (): number => 1,
      (i: number) => 1_000 * (round + 1) + i,
      (i: number) => 1_000 * (round + 1) + i - lost(i),
      lost,
    ],
    ...[(): number => 0, (i: number) => i % 3, (): number => 0, (i: number) => 1_000 + ((i * 7 + round) % 100)],
    ...[(i: number) => 990 + ((i * 5 + round) % 100), (i: number) => lost(i) / 10],
    ...[(i: number) => 9_000 + (i % 1_000), (i: number) => 7_000 + (i % 500), (i: number) => 40_000 + (i % 900)],
    (i: number) => 120_000 + i,
  ];
  return { t: round * 250, rows: null, v: columns.map(figure) };
};

/** Events with growing numbers. */
export const numbered = (
  events: readonly { [K in EventKind]: readonly [K, EventData<K>] }[EventKind][],
): RecordedEvent[] => events.map(([event, data], i) => ({ id: i + 1, event, data }) as RecordedEvent);

/** A run that was recorded from its first event to its last. */
export const recordedRun = (): RecordedEvent[] =>
  numbered([
    ["config", configOf()],
    ["state", { t: 100, state: "running", trial: 0 }],
    ...Array.from({ length: 40 }, (_, i) => ["sample", sampleOf(i)] as const),
    ["marker", { t: 4_000, what: "rate", text: "rate 20kpps, was 10kpps" }],
    ["ledger", ledgerOf({ t: 10_200, settled: true, inFlight: 0, unaccounted: 0 })],
    ["histogram", { t: 10_300, what: "latency", flow: null, buckets: latencyBuckets }],
    ["histogram", { t: 10_300, what: "gap", flow: null, buckets: latencyBuckets.map(([ns, n]) => [ns * 20, n]) }],
    ["trial", trialRow()],
    ["done", doneOf()],
  ]);

export const recordingOf = (events: readonly RecordedEvent[]): PageRecording => ({
  format: "pktgen-ts recording 1",
  events,
  result: null,
});

const option = (key: string, kind = "text") => ({
  key,
  flag: `--${key}`,
  argument: "<x>",
  heading: "",
  means: `the ${key}`,
  kind,
});

/** What the server says that it can be asked for. */
export const commands = [
  {
    name: "run",
    summary: "frames there and back",
    options: ["tx", "rx", "sizes", "rate", "duration", "vlan"]
      .map((key) => option(key))
      .concat(option("threshold", "texts")),
  },
  { name: "ndr", summary: "the rate without loss", options: [option("sizes"), option("quick", "flag")] },
];
