/**
 * Counters of a flow whose frames leave at one agent and come in at others, put together. What came in was read before what
 * was sent, so that no more is received than was sent unless frames are doubled. Counts of different starts are never added.
 * Times are of the clock of whoever saw it. There is no latency between two clocks.
 */
import type { FlowCounters, PortCounters } from "../../session/index.js";

/** What one agent says of a flow, and how its time is to be shown. */
export interface PartRow {
  readonly row: FlowCounters;
  /** Its time of the sample. */
  readonly atNs: number;
  /** From its time to the whole session's. */
  readonly shiftNs: number;
}

export interface MergedParts {
  readonly to: readonly string[];
  readonly delivery: "any" | "each";
  /** Read last. */
  readonly sender: PartRow;
  /** Of agents that have ports of `to`, other than the sender; read first. Those that have none, in `others`. */
  readonly receivers: readonly PartRow[];
  readonly others: readonly PartRow[];
  readonly settleNs: number;
  /** From before the first part was read until the last one was: what came in meanwhile is in no part. */
  readonly lookNs: number;
  /** false: whoever receives it is gone, and what came since is not known. */
  readonly isKnown: boolean;
  /** What was shown of it last. */
  readonly before: FlowCounters | null;
}

const sumOf = (rows: readonly FlowCounters[], field: keyof FlowCounters): number =>
  rows.reduce((sum, row) => sum + (row[field] as number), 0);

const shifted = (ns: number | null, shiftNs: number): number | null => (ns === null ? null : ns + shiftNs);

function edge(parts: readonly PartRow[], field: "firstReceivedNs" | "lastReceivedNs"): number | null {
  const times = parts.flatMap(({ row, shiftNs }) => (row[field] === null ? [] : [row[field] + shiftNs]));
  if (times.length === 0) return null;
  return field === "firstReceivedNs" ? Math.min(...times) : Math.max(...times);
}

/** What came in at whoever is to receive it. */
interface Came {
  readonly received: number;
  readonly receivedBytes: number;
  /** Below the highest number that came, where that can be said. */
  readonly missing: number;
  readonly duplicate: number;
  readonly outageNs: number | null;
}

function cameTogether(rows: readonly FlowCounters[], delivery: "any" | "each"): Came {
  const received = sumOf(rows, "received");
  const receivedBytes = sumOf(rows, "receivedBytes");
  const duplicate = sumOf(rows, "duplicate");
  const outages = rows.map(({ outageNs }) => outageNs);
  const outageNs = outages.includes(null) ? null : Math.max(0, ...(outages as number[]));
  if (rows.length <= 1 || delivery === "each") {
    return { received, receivedBytes, missing: sumOf(rows, "lost"), duplicate, outageNs };
  }
  // Each frame is expected once, wherever: what one misses came to another, or is lost when all has settled.
  const highest = Math.max(0, ...rows.map(({ sent }) => sent));
  const once = Math.min(received, highest);
  const share = received === 0 ? 1 : once / received;
  const bytes = Math.round(receivedBytes * share);
  return {
    ...{ received: once, receivedBytes: bytes, missing: 0 },
    ...{ duplicate: duplicate + received - once, outageNs: null },
  };
}

const isQuiet = ({ row, atNs }: PartRow, settleNs: number): boolean => {
  const lastNs = Math.max(row.lastReceivedNs ?? -1, row.lastSentNs ?? -1, row.stoppedNs ?? -1);
  return lastNs < 0 || atNs - lastNs >= settleNs;
};

/** Of one start: what is of another one counts for nothing. */
const ofStart = (parts: readonly PartRow[], generation: number): readonly PartRow[] =>
  parts.filter(({ row }) => row.generation === generation);

/**
 * Receivers look out for the next start already, which the sender has not heard of yet, or has refused: what they counted of
 * the start before is no more there.
 */
const isBehind = ({ sender, receivers }: MergedParts): boolean =>
  receivers.some(({ row }) => row.generation > sender.row.generation);

export function mergedRow(parts: MergedParts): FlowCounters {
  const { before, sender } = parts;
  if (!isBehind(parts)) return rowOfParts(parts);
  if (before !== null && before.generation === sender.row.generation) return before;
  return rowOfParts({ ...parts, isKnown: false });
}

function rowOfParts({ to, delivery, sender, receivers, others, settleNs, lookNs, isKnown }: MergedParts): FlowCounters {
  const { row, shiftNs } = sender;
  const { generation } = row;
  const own = row.to.length > 0 ? [sender] : [];
  const came = ofStart([...own, ...receivers], generation);
  const rows = came.map((part) => part.row);
  const { received, receivedBytes, missing, duplicate, outageNs } = cameTogether(rows, delivery);
  const copies = delivery === "each" ? to.length : Math.min(1, to.length);
  const taken = takenOf(row, Math.ceil(received / Math.max(1, copies)), received === 0 ? 0 : receivedBytes / received);
  const open = Math.max(0, taken.sent * copies - received);
  const isOver = row.state === "stopped" && taken.inRing === 0;
  // The last frame left so long before the sender was read that whoever receives it was read after it was to come.
  const areQuiet = isQuiet(sender, settleNs + lookNs) && receivers.every((part) => isQuiet(part, settleNs));
  const settled = isKnown && isOver && (open === 0 || to.length === 0 || areQuiet);
  const lost = to.length === 0 ? 0 : settled ? open : Math.min(open, missing);
  const all = ofStart([sender, ...receivers, ...others], generation).map((part) => part.row);
  const at = new Map(rows.flatMap((one) => one.receivedAt).map(({ port, frames }) => [port, frames]));
  const { firstSentNs, lastSentNs, startedNs, stoppedNs } = row;
  return {
    ...plainRow(row),
    ...taken,
    ...{ to, settled, received, receivedBytes, lost, duplicate },
    outageNs: settled && open > 0 ? longerOf(outageNs, tailNs(plainRow(row), rows, taken.sent)) : outageNs,
    inFlight: to.length === 0 || settled ? 0 : open - lost,
    receivedAt: to.map((port) => ({ port, frames: at.get(port) ?? 0 })),
    ...{ reordered: sumOf(rows, "reordered"), tooOld: sumOf(rows, "tooOld") },
    reorderExtentMax: rows.reduce((most, one) => Math.max(most, one.reorderExtentMax ?? 0), 0) || null,
    ...{ corrupt: sumOf(all, "corrupt"), stale: sumOf(all, "stale"), elsewhere: sumOf(all, "elsewhere") },
    // What came in within one agent is timed by one clock. With a part from elsewhere it is not all of it.
    latencyNs: came.length > 0 && came.every((part) => part === sender) ? row.latencyNs : null,
    ...{ firstSentNs: shifted(firstSentNs, shiftNs), lastSentNs: shifted(lastSentNs, shiftNs) },
    ...{ startedNs: shifted(startedNs, shiftNs), stoppedNs: shifted(stoppedNs, shiftNs) },
    ...{ firstReceivedNs: edge(came, "firstReceivedNs"), lastReceivedNs: edge(came, "lastReceivedNs") },
    ...{ rxPps: sumOf(rows, "rxPps"), rxBpsL1: sumOf(rows, "rxBpsL1") },
  };
}

const longerOf = (outageNs: number | null, otherNs: number): number | null =>
  outageNs === null ? null : Math.max(outageNs, otherNs);

/** For how long nothing came behind the last frame that came, of the receiver that got the least. */
function tailNs({ pps, firstSentNs, lastSentNs }: FlowCounters, rows: readonly FlowCounters[], sent: number): number {
  // Where a flow comes in, those that were seen to be sent are the number after the highest.
  const highest = rows.length === 0 ? 0 : Math.min(...rows.map((one) => one.sent));
  const gapNs = pps === null ? ((lastSentNs ?? 0) - (firstSentNs ?? 0)) / Math.max(1, sent) : 1e9 / pps;
  return Math.max(0, sent - highest) * gapNs;
}

/**
 * A frame that came back was taken by the peer, though its ring was not looked at since, or it was thought to have gone with
 * a peer that left.
 */
function takenOf({ sent, sentBytes, inRing, blocked }: FlowCounters, least: number, meanBytes: number) {
  const ofRing = Math.min(inRing, Math.max(0, least - sent));
  const ofGone = Math.min(blocked, Math.max(0, least - sent - ofRing));
  const more = ofRing + ofGone;
  return {
    ...{ sent: sent + more, sentBytes: sentBytes + Math.round(more * meanBytes) },
    ...{ inRing: inRing - ofRing, blocked: blocked - ofGone },
  };
}

/** Rows of a session in this process are views. */
export const plainRow = (row: FlowCounters): FlowCounters =>
  "toJSON" in row ? (row as unknown as { toJSON(): FlowCounters }).toJSON() : row;

const still = { txPps: 0, rxPps: 0, txBpsL1: 0, rxBpsL1: 0 } as const;

/** Of an agent that is gone: what was last known, and nothing moves. */
export const lostPortRow = (row: PortCounters): PortCounters => ({
  ...{ ...row, ...still },
  ...{ link: "down", transmit: "stopped" },
});

/** Of a flow whose sender is gone: what was last known. */
export const lostFlowRow = (row: FlowCounters): FlowCounters => ({ ...row, ...still, state: "stopped" });
