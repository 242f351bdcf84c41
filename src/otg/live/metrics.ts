/** A session's counters as rows of the models. Bytes are with FCS, and rates are of the session's last second. */
import type { FlowCounters, PortCounters, SessionSnapshot } from "../../session/index.js";
import { layer1OverheadBytes } from "../../units.js";
import type { FlowMetricsAsked, PlannedFlow } from "../translate/flows.js";
import type { ConfiguredPort } from "../translate/ports.js";

export type Row = Readonly<Record<string, unknown>>;

/** What was there when the configuration was made: frames of an earlier one are none of this one's. */
export type PortBaseline = ReadonlyMap<string, PortCounters>;

export const baselineOf = ({ ports }: SessionSnapshot): PortBaseline => new Map(ports.map((port) => [port.name, port]));

/** Bytes a second with FCS. */
const bytesPerSecond = (bpsL1: number, pps: number): number => Math.max(0, bpsL1 / 8 - layer1OverheadBytes * pps);

/** The columns that were asked for, and those that every row has. */
export function askedColumns(row: Row, asked: readonly string[], always: readonly string[]): Row {
  if (asked.length === 0) return row;
  return Object.fromEntries(Object.entries(row).filter(([name]) => asked.includes(name) || always.includes(name)));
}

/** Thousands of bytes a second: the models' unit of speed. */
const speedOf = (bps: number): number => Math.round(bps / 8000);

export function portRow(
  { name, location, lineBps }: ConfiguredPort,
  counters: PortCounters,
  before: PortCounters | undefined,
  lastChangeNs: number,
): Row {
  const since = (field: "txFrames" | "rxFrames" | "txBytes" | "rxBytes"): number =>
    Math.max(0, counters[field] - (before?.[field] ?? 0));
  return {
    ...{ name, location, link: counters.link },
    capture: counters.capture === "running" ? "started" : "stopped",
    frames_tx: since("txFrames"),
    frames_rx: since("rxFrames"),
    bytes_tx: since("txBytes"),
    bytes_rx: since("rxBytes"),
    frames_tx_rate: counters.txPps,
    frames_rx_rate: counters.rxPps,
    bytes_tx_rate: bytesPerSecond(counters.txBpsL1, counters.txPps),
    bytes_rx_rate: bytesPerSecond(counters.rxBpsL1, counters.rxPps),
    transmit: counters.transmit === "running" ? "started" : "stopped",
    last_change: Math.round(lastChangeNs),
    ...(lineBps === null ? {} : { speed: speedOf(lineBps) }),
  };
}

/** Older clients know no such column. */
const newerColumns: readonly string[] = ["speed"];

/** Older clients refuse what they do not know: newer columns come where they are asked for. */
export function portColumns(rows: readonly Row[], asked: readonly string[]): readonly Row[] {
  if (asked.length > 0) return rows.map((row) => askedColumns(row, asked, ["name"]));
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !newerColumns.includes(name))));
}

const transmitStates = { running: "started", paused: "paused", stopped: "stopped" } as const;

/** Copies count only where there are to be some; what is on its way is not lost yet. */
function lossPercent(
  { sent, received, duplicate, inFlight, lost, to, signed, settled }: FlowCounters,
  { ratio }: FlowMetricsAsked,
): number {
  if (sent === 0) return 0;
  if (ratio === "each" || ratio === 1) return (100 * lost) / (sent * (ratio === 1 ? 1 : Math.max(1, to.length)));
  // Without numbers, nobody can tell copies from frames, and what is on its way from what is lost.
  if (!signed && !settled) return 0;
  const expected = sent * ratio;
  return (100 * Math.max(0, expected - received - duplicate - inFlight * ratio)) / expected;
}

/** With copies, if there are to be some: they have the mean size of the others. */
function arrivedOf({ received, receivedBytes, duplicate }: FlowCounters, { ratio }: FlowMetricsAsked): Row {
  const copies = ratio !== "each" && ratio > 1 ? duplicate : 0;
  const copyBytes = copies === 0 ? 0 : Math.round((receivedBytes / received) * copies);
  return { frames_rx: received + copies, bytes_rx: receivedBytes + copyBytes };
}

/** `null`: nobody looked, or it was not asked for. */
const timesOf = ({ firstReceivedNs, lastReceivedNs }: FlowCounters): Row => ({
  ...(firstReceivedNs === null ? {} : { first_timestamp_ns: firstReceivedNs }),
  ...(lastReceivedNs === null ? {} : { last_timestamp_ns: lastReceivedNs }),
});

const latencyOf = ({ latencyNs }: FlowCounters): Row =>
  latencyNs === null ? {} : { minimum_ns: latencyNs.min, maximum_ns: latencyNs.max, average_ns: latencyNs.mean };

function ratesOf({ txPps, rxPps, txBpsL1, rxBpsL1 }: FlowCounters): Row {
  const [tx, rx] = [bytesPerSecond(txBpsL1, txPps), bytesPerSecond(rxBpsL1, rxPps)];
  return {
    ...{ frames_tx_rate: txPps, frames_rx_rate: rxPps, tx_l1_rate_bps: txBpsL1, rx_l1_rate_bps: rxBpsL1 },
    ...{ tx_rate_bytes: tx, rx_rate_bytes: rx, tx_rate_bps: 8 * tx, rx_rate_bps: 8 * rx },
    ...{ tx_rate_kbps: (8 * tx) / 1e3, rx_rate_kbps: (8 * rx) / 1e3 },
    ...{ tx_rate_mbps: (8 * tx) / 1e6, rx_rate_mbps: (8 * rx) / 1e6 },
  };
}

const nothing = { txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 } as FlowCounters;

/** `counters` undefined: it waits for a gateway's address, and was never started. */
export function flowRow({ name, from, to, metrics }: PlannedFlow, counters: FlowCounters | undefined): Row {
  return {
    ...{ name, port_tx: from, port_rx: to.join(",") },
    transmit: counters === undefined ? "stopped" : transmitStates[counters.state],
    frames_tx: counters?.sent ?? 0,
    bytes_tx: counters?.sentBytes ?? 0,
    ...(counters === undefined ? { frames_rx: 0, bytes_rx: 0 } : arrivedOf(counters, metrics)),
    ...ratesOf(counters ?? nothing),
    // Of a flow that nobody receives, nobody knows the loss.
    ...(metrics.loss && to.length > 0 ? { loss: counters === undefined ? 0 : lossPercent(counters, metrics) } : {}),
    ...(metrics.timestamps && counters !== undefined ? { timestamps: timesOf(counters) } : {}),
    ...(metrics.latency && counters !== undefined ? { latency: latencyOf(counters) } : {}),
  };
}
