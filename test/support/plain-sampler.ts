/**
 * The counters of a flow as an object, straight from the memory that the loop writes: what the sampler's pass over arrays is
 * held against. Nothing may run meanwhile.
 */
import {
  arrivalCell,
  arrivalsAt,
  flowCell,
  portCell,
  recentFrames,
  SessionLanes,
} from "../../src/engine/session/index.js";
import type { SessionMemory } from "../../src/engine/session/session-memory.js";
import type { TableFlow } from "../../src/session/flow-table.js";
import type { OverdueBook } from "../../src/session/overdue-book.js";
import { stateOf } from "../../src/session/sampler.js";
import type { FlowCounters } from "../../src/session/types.js";
import { sequenceCell } from "../../src/stats/sequence-cells.js";
import { mergeSmall, type SmallData, SmallHistograms, smallSummary } from "../../src/stats/small-histograms.js";
import { bufferBytesOf } from "../../src/stream/frames/program.js";
import { fcsBytes } from "../../src/units.js";

type Rates = "txPps" | "rxPps" | "txBpsL1" | "rxBpsL1";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const timeOrNull = (ns: number): number | null => (ns < 0 ? null : ns);

/** bufferBytes of each of a flow's frames that its peer did not take yet at the last look, in the order that they left in. */
function inRings({ ports, shape, recents, recentBytes, heads }: SessionMemory, flow: number) {
  const found: number[] = [];
  for (let port = 0; port < shape.ports; port++) {
    const taken = ports[port * portCell.count + portCell.taken]!;
    const published = ports[port * portCell.count + portCell.published]!;
    for (let number = Math.max(taken, published - recentFrames); number < published; number++) {
      const at = port * recentFrames + (number % recentFrames);
      if (recents[at] === heads[flow]) found.push(recentBytes[at]!);
    }
  }
  return found;
}

function latencyOf(memory: SessionMemory, { ownLanes }: TableFlow): FlowCounters["latencyNs"] {
  const lanes = new SessionLanes(memory.lanes);
  const histograms = new SmallHistograms(memory.shape.lanes, memory.histograms);
  const samples = new Int32Array(16);
  const parts = ownLanes.flatMap((lane): (SmallData | null)[] => {
    if (lanes.lastNs(lane) < 0) return [];
    const extremes = lanes.extremes(lane);
    const kept = samples.slice(0, lanes.peekSamples(lane, samples));
    const none = { sum: 0, min: extremes.min, max: extremes.max };
    const counted = histograms.data(lane, extremes) ?? { ...extremes, buckets: [] };
    return [counted, ...Array.from(samples.slice(0, kept.length), (bucket) => ({ ...none, buckets: [bucket, 1] }))];
  });
  return smallSummary(mergeSmall(parts));
}

function arrivedOf(memory: SessionMemory, { slot, toPorts, ownLanes, compiled }: TableFlow) {
  const { arrivals, sequences, receivedAt, sizeOf, shape } = memory;
  const rows = new SessionLanes(memory.lanes);
  const cell = (which: number): number => arrivals[arrivalsAt(memory, 0, slot) + which]!;
  const of = (which: number): number => sum(ownLanes.map((lane) => sequences[lane * sequenceCell.count + which]!));
  const numbers = ownLanes.map((lane) => (rows.next(lane) < 0 ? -1 - rows.next(lane) : rows.next(lane)));
  const isSigned = compiled.program.signed;
  const recognised = cell(arrivalCell.recognised);
  const received = isSigned ? sum(numbers) - of(sequenceCell.missing) : recognised;
  const times = ownLanes.map((lane) => [rows.firstNs(lane), rows.lastNs(lane)] as const).filter(([ns]) => ns >= 0);
  const unsigned = [cell(arrivalCell.recognisedFirstNs), cell(arrivalCell.recognisedLastNs)] as const;
  const seen = isSigned ? times : recognised > 0 ? [unsigned] : [];
  return {
    received,
    receivedBytes: received * (sizeOf[slot]! + fcsBytes) + cell(arrivalCell.moreBytes),
    receivedAt: toPorts.length === 1 ? [received] : toPorts.map((port) => receivedAt[slot * shape.ports + port]!),
    missing: of(sequenceCell.missing),
    highest: isSigned ? Math.max(0, ...numbers) : Math.ceil(recognised / Math.max(1, ownLanes.length)),
    duplicate: of(sequenceCell.duplicate),
    reordered: of(sequenceCell.reordered),
    reorderExtentMax:
      Math.max(0, ...ownLanes.map((lane) => sequences[lane * sequenceCell.count + sequenceCell.extentMax]!)) || null,
    tooOld: of(sequenceCell.tooOld),
    firstReceivedNs: seen.length === 0 ? null : Math.min(...seen.map(([ns]) => ns)),
    lastReceivedNs: seen.length === 0 ? null : Math.max(...seen.map(([, ns]) => ns)),
  };
}

/** All but the rates. */
export function plainCounters(
  memory: SessionMemory,
  flow: TableFlow,
  { nowNs, settleNs, book }: { readonly nowNs: number; readonly settleNs: number; readonly book: OverdueBook },
): Omit<FlowCounters, Rates> {
  const { slot, spec, compiled, ownLanes } = flow;
  const cell = (which: number): number => memory.flows[slot * flowCell.doubles + which]!;
  const came = (which: number): number => memory.arrivals[arrivalsAt(memory, 0, slot) + which]!;
  const { missing, highest, receivedAt, ...arrived } = arrivedOf(memory, flow);
  const ring = inRings(memory, slot);
  const [gone, isStarted] = [cell(flowCell.gone), cell(flowCell.generation) > 0];
  const left = cell(flowCell.published) - gone;
  const publishedBytes = bufferBytesOf(compiled.program, 0, 1, cell(flowCell.published));
  // The first of them may have come back since.
  const inRing = Math.max(0, Math.min(ring.length, cell(flowCell.published) - highest));
  const ringBytes = sum(ring.slice(ring.length - inRing));
  const sent = Math.max(0, left - inRing);
  const [missed, blocked] = [cell(flowCell.missed), cell(flowCell.blocked) + gone];
  const open = Math.max(0, sent * ownLanes.length - arrived.received);
  const lastNs = Math.max(arrived.lastReceivedNs ?? -1, cell(flowCell.lastSentNs));
  const isOver = open === 0 || lastNs < 0 || nowNs - lastNs >= settleNs || spec.to.length === 0;
  const settled = stateOf(memory, slot) === "stopped" && inRing === 0 && isOver;
  const before = book.leftBefore(flow, cell(flowCell.generation), sent, nowNs);
  const sentNs = cell(flowCell.lastSentNs) - cell(flowCell.firstSentNs);
  const gapNs = flow.pps > 0 && Number.isFinite(flow.pps) ? 1e9 / flow.pps : sentNs / Math.max(1, sent);
  const rows = new SessionLanes(memory.lanes);
  const lanes = ownLanes.map((lane) => ({
    seen: rows.next(lane) < 0 ? -1 - rows.next(lane) : rows.next(lane),
    ns: memory.sequences[lane * sequenceCell.count + sequenceCell.outageNs]!,
  }));
  const isSigned = compiled.program.signed;
  const seenOf = isSigned ? lanes.map(({ seen }) => seen) : lanes.map(() => highest);
  const overdue = sum(seenOf.map((seen) => Math.max(0, before - seen)));
  const lost = settled ? open : Math.min(open, overdue + (isSigned ? missing : 0));
  const isTold = spec.to.length > 0 && open > 0 && (settled || overdue > 0);
  const tails = isTold ? lanes.map(({ seen }) => Math.max(0, (settled ? sent : before) - seen) * gapNs) : [];
  const outageNs = compiled.program.signed ? Math.max(0, ...lanes.map(({ ns }) => ns), ...tails) : null;
  const sentTime = (which: number): number | null => (isStarted ? timeOrNull(cell(which)) : null);
  return {
    ...{ name: spec.name, from: spec.from, to: spec.to, state: stateOf(memory, slot), signed: compiled.program.signed },
    ...{ generation: cell(flowCell.generation), settled, pps: flow.pps, sent, inRing, missed, blocked },
    sentBytes: publishedBytes - cell(flowCell.goneBytes) - ringBytes + fcsBytes * sent,
    intended: sent + inRing + missed + blocked,
    ...{ late: cell(flowCell.late), elsewhere: came(arrivalCell.elsewhere), corrupt: came(arrivalCell.corrupt) },
    ...{ stale: came(arrivalCell.stale), ...arrived, outageNs },
    receivedAt: spec.to.map((port, k) => ({ port, frames: receivedAt[k]! })),
    ...(spec.to.length === 0 ? { lost: 0, inFlight: 0 } : { lost, inFlight: open - lost }),
    latencyNs: compiled.program.signed ? latencyOf(memory, flow) : null,
    ...{ firstSentNs: sentTime(flowCell.firstSentNs), lastSentNs: sentTime(flowCell.lastSentNs) },
    ...{ startedNs: sentTime(flowCell.startedNs), stoppedNs: sentTime(flowCell.stoppedNs) },
  };
}
