/** A session's counters as rows of the models. Bytes are with FCS, and rates are of the session's last second. */
import type { FlowCounters, PortCounters, SessionSnapshot } from "../../session/index.js";
import { layer1OverheadBytes } from "../../units.js";
import type { FlowMetricsAsked, PlannedFlow } from "../translate/flows.js";
import type { ConfiguredPort } from "../translate/ports.js";

export type Row = Readonly<Record<string, unknown>>;

/** What was there when the configuration was made: frames of an earlier one are none of this one's. */
export type PortBaseline = ReadonlyMap<string, PortCounters>;

export const baselineOf = ({ ports }: SessionSnapshot): PortBaseline => new Map(ports.map((port) => [port.name, port]));

/** Rates are told with three decimals: counts of a second have no more to say, and short numbers are written fast. */
const thousandthsOf = (rate: number): number => Math.round(1000 * rate);
const told = (rate: number): number => thousandthsOf(rate) / 1000;

/** Bytes a second with FCS. */
const bytesPerSecond = (bpsL1: number, pps: number): number => Math.max(0, bpsL1 / 8 - layer1OverheadBytes * pps);

/** The columns that were asked for, and those that every row has. */
export function askedColumns(
  rows: readonly Row[],
  asked: readonly string[],
  always: readonly string[],
): readonly Row[] {
  if (asked.length === 0) return rows;
  const columns = new Set([...asked, ...always]);
  return rows.map((row) => {
    const some: Record<string, unknown> = {};
    for (const name in row) if (columns.has(name)) some[name] = row[name];
    return some;
  });
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
    frames_tx_rate: told(counters.txPps),
    frames_rx_rate: told(counters.rxPps),
    bytes_tx_rate: told(bytesPerSecond(counters.txBpsL1, counters.txPps)),
    bytes_rx_rate: told(bytesPerSecond(counters.rxBpsL1, counters.rxPps)),
    transmit: counters.transmit === "running" ? "started" : "stopped",
    last_change: Math.round(lastChangeNs),
    ...(lineBps === null ? {} : { speed: speedOf(lineBps) }),
  };
}

/** Older clients know no such column. */
const newerColumns: readonly string[] = ["speed"];

/** Older clients refuse what they do not know: newer columns come where they are asked for. */
export function portColumns(rows: readonly Row[], asked: readonly string[]): readonly Row[] {
  if (asked.length > 0) return askedColumns(rows, asked, ["name"]);
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

/** How many frames left, and in what time. */
export type LossTimes = Pick<FlowCounters, "sent" | "pps" | "firstSentNs" | "lastSentNs">;

/** How long the flow takes to send what was lost, if `percent` of it is lost. Lost frames need not be neighbours. */
export const lossDurationOf = (percent: number, times: LossTimes): Row => ({
  value: (percent / 100) * sendingMs(times),
});

/** At the rate at which its frames left: it may be another one now. One frame has no rate but the one it has to have. */
function sendingMs({ sent, pps, firstSentNs, lastSentNs }: LossTimes): number {
  if (sent < 2 || firstSentNs === null || lastSentNs === null) return pps === null ? 0 : (1e3 * sent) / pps;
  return (((lastSentNs - firstSentNs) / 1e6) * sent) / (sent - 1);
}

/** Copies that came, if there are to be some. */
const copiesOf = ({ duplicate }: FlowCounters, { ratio }: FlowMetricsAsked): number =>
  ratio !== "each" && ratio > 1 ? duplicate : 0;

/** `null`: nobody looked, or it was not asked for. */
function timesOf({ firstReceivedNs, lastReceivedNs }: FlowCounters): Row {
  if (firstReceivedNs === null || lastReceivedNs === null) return {};
  return { first_timestamp_ns: firstReceivedNs, last_timestamp_ns: lastReceivedNs };
}

const latencyOf = ({ latencyNs }: FlowCounters): Row =>
  latencyNs === null ? {} : { minimum_ns: latencyNs.min, maximum_ns: latencyNs.max, average_ns: latencyNs.mean };

/** Of a flow that waits for a gateway's address, and was never started. */
const nothing = {
  ...{ state: "stopped", sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, duplicate: 0 },
  ...{ txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 },
} as FlowCounters;

/**
 * `counters` undefined: it was never started. `isKnown` false: what was lost is not known any more. There may be thousands of rows a request: they are made at once.
 */
export function flowRow(
  { name, from, to, metrics }: PlannedFlow,
  counters: FlowCounters | undefined,
  isKnown = true,
): Row {
  const of = counters ?? nothing;
  const { received, receivedBytes, txPps, rxPps, txBpsL1, rxBpsL1 } = of;
  const tx = thousandthsOf(bytesPerSecond(txBpsL1, txPps));
  const rx = thousandthsOf(bytesPerSecond(rxBpsL1, rxPps));
  const copies = copiesOf(of, metrics);
  const row: Record<string, unknown> = {
    name,
    port_tx: from,
    port_rx: to.length === 1 ? to[0] : to.join(","),
    transmit: transmitStates[of.state],
    frames_tx: of.sent,
    bytes_tx: of.sentBytes,
    frames_rx: received + copies,
    // Copies have the mean size of the others.
    bytes_rx: receivedBytes + (copies === 0 ? 0 : Math.round((receivedBytes / received) * copies)),
    frames_tx_rate: told(txPps),
    frames_rx_rate: told(rxPps),
    tx_l1_rate_bps: told(txBpsL1),
    rx_l1_rate_bps: told(rxBpsL1),
    tx_rate_bytes: tx / 1e3,
    rx_rate_bytes: rx / 1e3,
    tx_rate_bps: (8 * tx) / 1e3,
    rx_rate_bps: (8 * rx) / 1e3,
    tx_rate_kbps: (8 * tx) / 1e6,
    rx_rate_kbps: (8 * rx) / 1e6,
    tx_rate_mbps: (8 * tx) / 1e9,
    rx_rate_mbps: (8 * rx) / 1e9,
  };
  // Of a flow that nobody receives, nobody knows the loss.
  if (isKnown && (metrics.loss || metrics.lossDuration) && to.length > 0) {
    const loss = counters === undefined ? 0 : lossPercent(counters, metrics);
    if (metrics.loss) row["loss"] = loss;
    if (metrics.lossDuration)
      row["packet_loss_duration"] = counters === undefined ? {} : lossDurationOf(loss, counters);
  }
  if (metrics.timestamps && counters !== undefined) row["timestamps"] = timesOf(counters);
  if (metrics.latency && counters !== undefined) row["latency"] = latencyOf(counters);
  return row;
}
