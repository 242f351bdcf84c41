/** What a session's events and answers say of a sample: figures by name, of all, of ports, of flows. Pure. */
import type { FlowCounters, PortCounters, SessionSnapshot } from "../../session/index.js";
import { layer1OverheadBytes } from "../../units.js";
import type { FlowFacts, LiveFigures } from "../contract.js";
import type { SessionFigure } from "../events/sample-figures.js";

type Value = number | null;

/** Bits a second without what layer 1 adds to each frame. */
const layer2 = (bpsL1: number, pps: number): number => Math.max(0, bpsL1 - pps * layer1OverheadBytes * 8);

/** Frames of it that nobody awaits are in no sum but `sent`. */
export const isAwaited = ({ to }: FlowCounters): boolean => to.length > 0;

/** null: one of them is at max. */
function offeredPps(flows: readonly FlowCounters[]): Value {
  let sum = 0;
  for (const { state, pps } of flows) {
    if (state !== "running") continue;
    if (pps === null) return null;
    sum += pps;
  }
  return sum;
}

/** Figures of the time between the last two samples. */
export interface BetweenSamples {
  readonly lostPps: Value;
  /** Of the frames that left, those that left late. null: none left. */
  readonly lateShare: Value;
  /** Of one CPU's time, what others took of this machine. null: nothing was sent. */
  readonly stealShare: Value;
}

/** Sums over all flows. Of latencies each is that of the flow where it is the worst: no percentile of all is above it. */
export function sumFigures({ flows }: SessionSnapshot, between: BetweenSamples): Record<SessionFigure, Value> {
  const sums = {
    ...{ sent: 0, received: 0, lost: 0, inFlight: 0, duplicate: 0, reordered: 0, corrupt: 0 },
    ...{ txPps: 0, rxPps: 0, txBpsL2: 0, rxBpsL2: 0, txBpsL1: 0, rxBpsL1: 0 },
  };
  const latency: Pick<Record<SessionFigure, Value>, "latencyP50Ns" | "latencyP99Ns" | "latencyMaxNs"> = {
    ...{ latencyP50Ns: null, latencyP99Ns: null, latencyMaxNs: null },
  };
  for (const flow of flows) {
    const { txPps, rxPps, latencyNs } = flow;
    sums.sent += flow.sent;
    sums.received += flow.received;
    sums.lost += flow.lost;
    sums.inFlight += flow.inFlight;
    sums.duplicate += flow.duplicate;
    sums.reordered += flow.reordered;
    sums.corrupt += flow.corrupt;
    sums.txPps += txPps;
    sums.rxPps += rxPps;
    sums.txBpsL1 += flow.txBpsL1;
    sums.rxBpsL1 += flow.rxBpsL1;
    sums.txBpsL2 += layer2(flow.txBpsL1, txPps);
    sums.rxBpsL2 += layer2(flow.rxBpsL1, rxPps);
    if (latencyNs === null) continue;
    latency.latencyP50Ns = Math.max(latency.latencyP50Ns ?? 0, latencyNs.p50);
    latency.latencyP99Ns = Math.max(latency.latencyP99Ns ?? 0, latencyNs.p99);
    latency.latencyMaxNs = Math.max(latency.latencyMaxNs ?? 0, latencyNs.max);
  }
  return { ...sums, offeredPps: offeredPps(flows), ...between, ...latency };
}

/** Of a port that is closed nothing of now is known. */
export const portFigures = (port: PortCounters): Record<string, Value> => ({
  up: port.link === "up" ? 1 : 0,
  sent: port.txFrames,
  received: port.rxFrames,
  txPps: port.txPps,
  rxPps: port.rxPps,
  txBpsL2: layer2(port.txBpsL1, port.txPps),
  rxBpsL2: layer2(port.rxBpsL1, port.rxPps),
  foreign: port.foreign,
  stale: port.stale,
  corrupt: port.corrupt,
  blocked: port.blocked,
  receiveDrops: port.receiveDrops,
  sendDrops: port.sendDrops,
});

export const portFigureNames = [
  ...["up", "sent", "received", "txPps", "rxPps", "txBpsL2", "rxBpsL2", "foreign", "stale", "corrupt", "blocked"],
  ...["receiveDrops", "sendDrops"],
] as const;

export const flowFigureNames = [
  ...[
    "state",
    "offeredPps",
    "sent",
    "received",
    "lost",
    "inFlight",
    "duplicate",
    "reordered",
    "reorderExtent",
    "outageNs",
    "corrupt",
    "late",
    "missed",
    "blocked",
  ],
  ...["txPps", "rxPps", "lostPps", "latencyMinNs", "latencyMeanNs", "latencyP50Ns", "latencyP99Ns", "latencyMaxNs"],
  ...["firstNs", "lastNs"],
] as const;

const stateWords = ["idle", "running", "paused", "ended"] as const satisfies readonly FlowFacts["state"][];

export function stateWord({ state, generation }: FlowCounters): FlowFacts["state"] {
  if (state !== "stopped") return state;
  return generation === 0 ? "idle" : "ended";
}

/** What cannot be told of a flow is null: loss where nobody awaits its frames, what is offered at max. */
export function flowFigures(flow: FlowCounters, lostPps: Value): Record<string, Value> {
  const { latencyNs: latency } = flow;
  const awaited = isAwaited(flow);
  return {
    state: stateWords.indexOf(stateWord(flow)),
    offeredPps: flow.pps,
    ...{ sent: flow.sent, received: flow.received },
    ...{ lost: awaited ? flow.lost : null, inFlight: awaited ? flow.inFlight : null },
    ...{ duplicate: flow.duplicate, reordered: flow.reordered, corrupt: flow.corrupt },
    ...{ reorderExtent: flow.reorderExtentMax, outageNs: awaited ? flow.outageNs : null },
    ...{ late: flow.late, missed: flow.missed, blocked: flow.blocked },
    ...{ txPps: flow.txPps, rxPps: flow.rxPps, lostPps: awaited ? lostPps : null },
    ...{ latencyMinNs: latency?.min ?? null, latencyMeanNs: latency?.mean ?? null },
    ...{ latencyP50Ns: latency?.p50 ?? null, latencyP99Ns: latency?.p99 ?? null, latencyMaxNs: latency?.max ?? null },
    ...{ firstNs: flow.firstSentNs, lastNs: flow.lastReceivedNs },
  };
}

/** Columns by name, as events have tables. */
export const columnsOf = (names: readonly string[], rows: readonly LiveFigures[]): Value[][] =>
  names.map((name) => rows.map((row) => row[name] ?? null));
