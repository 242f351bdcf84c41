/**
 * Makes a snapshot of the counters that the loops keep in shared memory. A count that another is compared with is read
 * before it: what the peer has taken before what was published, what came in before what was sent. All counts of a flow
 * are of one generation: a flow that is started meanwhile, or loses its peer, is read again.
 */
import {
  arrivalCell,
  arrivalsAt,
  arrivedInAll,
  flowCell,
  flowState,
  isCurrent,
  laneRowCell,
  loopCell,
  portCell,
  type SessionMemory,
  senderPorts,
} from "../engine/session/index.js";
import { sequenceCell } from "../stats/sequence-cells.js";
import { fcsBytes } from "../units.js";
import { currentLanes } from "./current-lanes.js";
import type { PortDropCounts } from "./drop-book.js";
import { FlowRow, rowCell, stateNamed } from "./flow-row.js";
import type { TableFlow } from "./flow-table.js";
import { GapBook } from "./gap-book.js";
import { LatencyBook } from "./latency-book.js";
import { OverdueBook } from "./overdue-book.js";
import type { RateBook } from "./rate-book.js";
import { RingLook } from "./ring-look.js";
import { SizeSums } from "./size-sums.js";
import type { FlowHistograms, FlowState, PortCounters, SessionSnapshot } from "./types.js";

export const stateOf = (memory: SessionMemory, slot: number): FlowState =>
  stateNamed(memory.flows[slot * flowCell.doubles + flowCell.state]!);

export interface SamplerPort {
  readonly name: string;
  readonly isUp: () => boolean;
  readonly hasCapture: () => boolean;
  readonly drops: () => PortDropCounts;
}

/** A start takes the loop some microseconds; a flow that is read meanwhile is read again at most so many times. */
const mostPasses = 64;

/** A sample that is being taken: its flows, and the cells and further counts of each. */
interface Table {
  readonly flows: readonly TableFlow[];
  readonly cells: Float64Array;
  /** By place: what came at each of several ports. */
  readonly receivedAt: (Float64Array | null)[];
  readonly nowNs: number;
}

export class Sampler {
  readonly #memory: SessionMemory;
  readonly #ports: readonly SamplerPort[];
  readonly #settleNs: number;
  readonly #latencies: LatencyBook;
  readonly #gaps: GapBook;
  readonly #overdue: OverdueBook;
  /** The port of each transmit queue. */
  readonly #senderPorts: readonly number[];
  readonly #sizes = new SizeSums();
  readonly #rings: RingLook;
  #number = 0;

  /** `percentiles` false: those of latency are not asked for. */
  constructor(memory: SessionMemory, ports: readonly SamplerPort[], settleNs: number, percentiles = true) {
    this.#memory = memory;
    this.#ports = ports;
    this.#settleNs = settleNs;
    this.#latencies = new LatencyBook(memory, percentiles);
    this.#gaps = new GapBook(memory);
    this.#overdue = new OverdueBook(memory.shape.capacity, settleNs);
    this.#senderPorts = senderPorts(memory.shape);
    this.#rings = new RingLook(memory, this.#sizes);
  }

  sample(flows: Iterable<TableFlow>, nowNs: number, rates: RateBook): SessionSnapshot {
    const rows = this.rows([...flows], nowNs, rates);
    return {
      atNs: nowNs,
      number: ++this.#number,
      overNs: rates.overNs,
      ports: this.#ports.map((port, index) => this.#port(port, index, rates)),
      flows: rows,
      loop: {
        turnsLongestNs: Math.max(...this.#ofLoops(loopCell.longestTurnNs)),
        late: this.#sumOfLoops(loopCell.late),
        sleeps: this.#sumOfLoops(loopCell.sleeps),
      },
    };
  }

  #sumOfLoops(which: number): number {
    return this.#ofLoops(which).reduce((sum, each) => sum + each, 0);
  }

  #ofLoops(which: number): readonly number[] {
    const { loops, parts } = this.#memory;
    return Array.from({ length: parts }, (_, part) => loops[part * loopCell.count + which]!);
  }

  /** Of these flows alone. */
  rows(flows: readonly TableFlow[], nowNs: number, rates: RateBook): readonly FlowRow[] {
    const cells = new Float64Array(flows.length * rowCell.doubles);
    const receivedAt = new Array<Float64Array | null>(flows.length).fill(null);
    this.#fill({ flows, cells, receivedAt, nowNs });
    return flows.map((flow, place) => {
      const at = place * rowCell.doubles;
      rates.writeFlow(flow.slot, cells, at + rowCell.txPps);
      return new FlowRow(flow, cells, at, receivedAt[place]!);
    });
  }

  histogramsOf(flow: TableFlow): FlowHistograms {
    const latency = flow.compiled.program.signed ? this.#latencies.buckets(flow) : [];
    return { latency, gaps: this.#gaps.buckets(flow.slot) };
  }

  /** What lies in the rings was looked at last; it is of the ports' counters, too. */
  #fill(table: Table): void {
    const { flows, cells } = table;
    const all = flows.map((_, place) => place);
    let open: readonly number[] = all;
    for (let pass = 1; ; pass++) {
      const losses = this.#sumOfLoops(loopCell.losses);
      for (const place of open) this.#writeArrived(table, place);
      this.#rings.look();
      for (const place of open) this.#writeSent(table, place);
      const isAnew = (place: number): boolean => {
        const begun = this.#memory.flows[flows[place]!.slot * flowCell.doubles + flowCell.begun]!;
        return begun !== cells[place * rowCell.doubles + rowCell.generation];
      };
      open = this.#sumOfLoops(loopCell.lossesBegun) === losses ? open.filter(isAnew) : all;
      if (open.length === 0 || pass === mostPasses) break;
    }
    for (const [place, flow] of flows.entries()) {
      const at = place * rowCell.doubles;
      this.#rings.takeBack(flow, cells[at + rowCell.generation]!, cells[at + rowCell.highest]!);
    }
  }

  /** What came in of a flow, and of which generation it is. */
  #writeArrived(table: Table, place: number): void {
    const flow = table.flows[place]!;
    const { slot, toPorts, copies, signed } = flow;
    const { flows, sizeOf } = this.#memory;
    const { cells } = table;
    const at = slot * flowCell.doubles;
    const to = place * rowCell.doubles;
    cells[to + rowCell.generation] = flows[at + flowCell.generation]!;
    // Before its lanes: the loop writes those first.
    const receivedAt = toPorts.length === 1 ? null : this.#receivedAt(flow);
    table.receivedAt[place] = receivedAt;
    const lanes = currentLanes(this.#memory, flow);
    this.#writeLanes(lanes, cells, to);
    // Nothing of this start came to the others yet.
    if (lanes.length < flow.ownLanes.length) cells[to + rowCell.lowest] = 0;
    if (!signed) this.#writeRecognised(flow, cells, to);
    // One look, one number: what came in is what came to its ports.
    if (receivedAt !== null) cells[to + rowCell.received] = receivedAt.reduce((sum, frames) => sum + frames, 0);
    const inLanes = cells[to + rowCell.received]!;
    if (signed && copies < flow.ownLanes.length) writeTogether(cells, to);
    const moreBytes = arrivedInAll(this.#memory, slot, arrivalCell.moreBytes);
    const received = cells[to + rowCell.received]!;
    // Frames that came twice, at ports of different threads, are in the bytes as often.
    const share = inLanes > received && signed ? received / inLanes : 1;
    cells[to + rowCell.receivedBytes] = received * (sizeOf[slot]! + fcsBytes) + Math.round(moreBytes * share);
  }

  #writeRecognised({ slot, copies }: TableFlow, cells: Float64Array, to: number): void {
    const memory = this.#memory;
    const recognised = arrivedInAll(memory, slot, arrivalCell.recognised);
    let [firstNs, lastNs] = [-1, -1];
    for (let part = 0; part < memory.parts; part++) {
      const row = arrivalsAt(memory, part, slot);
      if (memory.arrivals[row + arrivalCell.recognised] === 0 || !isCurrent(memory, part, slot)) continue;
      const ns = memory.arrivals[row + arrivalCell.recognisedFirstNs]!;
      firstNs = firstNs < 0 ? ns : Math.min(firstNs, ns);
      lastNs = Math.max(lastNs, memory.arrivals[row + arrivalCell.recognisedLastNs]!);
    }
    cells[to + rowCell.received] = recognised;
    cells[to + rowCell.highest] = Math.ceil(recognised / Math.max(1, copies));
    cells[to + rowCell.firstReceivedNs] = firstNs;
    cells[to + rowCell.lastReceivedNs] = lastNs;
  }

  #receivedAt({ slot, toPorts }: TableFlow): Float64Array {
    const { receivedAt, shape } = this.#memory;
    return Float64Array.from(toPorts, (port) =>
      isCurrent(this.#memory, shape.partOf?.[port] ?? 0, slot) ? receivedAt[slot * shape.ports + port]! : 0,
    );
  }

  /** Sums over a flow's lanes. */
  #writeLanes(lanes: readonly number[], cells: Float64Array, to: number): void {
    const { sequences, lanes: rows } = this.#memory;
    let [received, missing, highest, duplicate, reordered, tooOld] = [0, 0, 0, 0, 0, 0];
    let [firstNs, lastNs] = [-1, -1];
    let [outageNs, extentMax, lowest] = [0, 0, lanes.length === 0 ? 0 : Number.POSITIVE_INFINITY];
    for (let k = 0; k < lanes.length; k++) {
      const row = lanes[k]! * laneRowCell.doubles;
      const from = lanes[k]! * sequenceCell.count;
      // The loop writes what is missing before the next number. In between, too few count as received, never too many.
      const next = rows[row + laneRowCell.next]!;
      const after = next < 0 ? -1 - next : next;
      const gone = sequences[from + sequenceCell.missing]!;
      received += Math.max(0, after - gone);
      missing += gone;
      highest = Math.max(highest, after);
      lowest = Math.min(lowest, after);
      outageNs = Math.max(outageNs, sequences[from + sequenceCell.outageNs]!);
      duplicate += sequences[from + sequenceCell.duplicate]!;
      reordered += sequences[from + sequenceCell.reordered]!;
      extentMax = Math.max(extentMax, sequences[from + sequenceCell.extentMax]!);
      tooOld += sequences[from + sequenceCell.tooOld]!;
      const ns = rows[row + laneRowCell.firstNs]!;
      if (ns >= 0 && (firstNs < 0 || ns < firstNs)) firstNs = ns;
      lastNs = Math.max(lastNs, rows[row + laneRowCell.lastNs]!);
    }
    cells[to + rowCell.received] = received;
    cells[to + rowCell.missing] = missing;
    cells[to + rowCell.highest] = highest;
    cells[to + rowCell.duplicate] = duplicate;
    cells[to + rowCell.reordered] = reordered;
    cells[to + rowCell.reorderExtentMax] = extentMax;
    cells[to + rowCell.outageNs] = outageNs;
    cells[to + rowCell.lowest] = lowest;
    cells[to + rowCell.tooOld] = tooOld;
    cells[to + rowCell.firstReceivedNs] = firstNs;
    cells[to + rowCell.lastReceivedNs] = lastNs;
  }

  /** What left of a flow, and what both together say. */
  #writeSent(table: Table, place: number): void {
    const flow = table.flows[place]!;
    const { slot } = flow;
    const { flows } = this.#memory;
    const { cells } = table;
    const at = slot * flowCell.doubles;
    const to = place * rowCell.doubles;
    const published = flows[at + flowCell.published]!;
    const noted = flows[at + flowCell.gone]!;
    // A frame that came back was taken, and so were all before it, though its ring was not looked at since. What was gone
    // lay before all that is in the ring now.
    const inRing = this.#rings.framesOf(slot, published, cells[to + rowCell.highest]!);
    // What came in after its peer had left was taken, too.
    const least = Math.ceil(cells[to + rowCell.received]! / Math.max(1, flow.copies));
    const gone = noted - Math.min(noted, Math.max(0, least - (published - noted - inRing)));
    const sent = Math.max(0, published - gone - inRing);
    cells[to + rowCell.sent] = sent;
    cells[to + rowCell.inRing] = inRing;
    cells[to + rowCell.sentBytes] = this.#sentBufferBytes(flow, published, inRing, gone) + fcsBytes * sent;
    const missed = flows[at + flowCell.missed]!;
    const blocked = flows[at + flowCell.blocked]! + gone;
    cells[to + rowCell.missed] = missed;
    cells[to + rowCell.blocked] = blocked;
    cells[to + rowCell.intended] = sent + inRing + missed + blocked;
    cells[to + rowCell.pps] = flow.pps;
    // Lanes count numbers, which those that were gone had as well.
    cells[to + rowCell.lowest] -= gone;
    this.#copyCells(at, cells, to);
    this.#writeLoss(flow, table.nowNs, cells, to);
    const generation = cells[to + rowCell.generation]!;
    if (!flow.signed) cells[to + rowCell.latencyMin] = Number.NaN;
    else this.#latencies.write(flow, generation, cells, to + rowCell.latencyMin);
  }

  /**
   * Of all that was published, without those that were gone and the last ones, which are in the ring. It follows from the
   * number of frames alone: so no look between two writes of the loop is off by a frame's size.
   */
  #sentBufferBytes(flow: TableFlow, published: number, inRing: number, gone: number): number {
    const { slot, bufferBytes } = flow;
    if (bufferBytes > 0) return Math.max(0, published - gone - inRing) * bufferBytes;
    const { flows } = this.#memory;
    const at = slot * flowCell.doubles;
    const noted = flows[at + flowCell.gone]!;
    // Which of those that were gone came in nevertheless, nobody knows: they count by the mean of all that were gone.
    const goneBytes = noted === 0 ? 0 : Math.round((flows[at + flowCell.goneBytes]! * gone) / noted);
    return this.#sizes.of(flow.compiled.program, published - inRing) - goneBytes;
  }

  /** Counters of the loop that are shown as they are. */
  #copyCells(at: number, cells: Float64Array, to: number): void {
    const { flows } = this.#memory;
    cells[to + rowCell.state] = flows[at + flowCell.state]!;
    cells[to + rowCell.late] = flows[at + flowCell.late]!;
    const slot = at / flowCell.doubles;
    cells[to + rowCell.elsewhere] = arrivedInAll(this.#memory, slot, arrivalCell.elsewhere);
    cells[to + rowCell.corrupt] = arrivedInAll(this.#memory, slot, arrivalCell.corrupt);
    cells[to + rowCell.stale] = arrivedInAll(this.#memory, slot, arrivalCell.stale);
    const isStarted = cells[to + rowCell.generation]! > 0;
    cells[to + rowCell.firstSentNs] = isStarted ? flows[at + flowCell.firstSentNs]! : -1;
    cells[to + rowCell.lastSentNs] = isStarted ? flows[at + flowCell.lastSentNs]! : -1;
    cells[to + rowCell.startedNs] = isStarted ? flows[at + flowCell.startedNs]! : -1;
    cells[to + rowCell.stoppedNs] = isStarted ? flows[at + flowCell.stoppedNs]! : -1;
  }

  #writeLoss(flow: TableFlow, nowNs: number, cells: Float64Array, to: number): void {
    const { slot, toPorts, copies, signed } = flow;
    const open = Math.max(0, cells[to + rowCell.sent]! * copies - cells[to + rowCell.received]!);
    const state = cells[to + rowCell.state]!;
    const isStopped = state !== flowState.running && state !== flowState.paused;
    const lastSentNs = this.#memory.flows[slot * flowCell.doubles + flowCell.lastSentNs]!;
    const lastNs = Math.max(cells[to + rowCell.lastReceivedNs]!, lastSentNs);
    const isQuiet = lastNs < 0 || nowNs - lastNs >= this.#settleNs;
    const isAwaited = toPorts.length > 0;
    const settled = isStopped && cells[to + rowCell.inRing] === 0 && (open === 0 || isQuiet || !isAwaited);
    const left = this.#overdue.leftBefore(flow, cells[to + rowCell.generation]!, cells[to + rowCell.sent]!, nowNs);
    const overdue = this.#overdueOf(flow, left, cells, to);
    const known = Math.min(open, overdue + (signed ? cells[to + rowCell.missing]! : 0));
    cells[to + rowCell.settled] = settled ? 1 : 0;
    cells[to + rowCell.lost] = !isAwaited ? 0 : settled ? open : known;
    cells[to + rowCell.inFlight] = !isAwaited || settled ? 0 : open - known;
    if (!isAwaited || open === 0) return;
    if (settled) this.#writeTail(slot, cells[to + rowCell.sent]!, flowCell.ranAtPps, cells, to);
    else if (overdue > 0) this.#writeTail(slot, left, flowCell.pps, cells, to);
  }

  /** Of the first `left` frames, those above the last one that came. Of a flow with copies each counts as one. */
  #overdueOf(flow: TableFlow, left: number, cells: Float64Array, to: number): number {
    if (left <= cells[to + rowCell.lowest]!) return 0;
    const { copies, ownLanes, signed } = flow;
    const highest = cells[to + rowCell.highest]!;
    if (!signed || copies < ownLanes.length) return Math.max(0, left - highest) * copies;
    const lanes = currentLanes(this.#memory, flow);
    let overdue = (ownLanes.length - lanes.length) * left;
    for (let k = 0; k < lanes.length; k++) {
      const next = this.#memory.lanes[lanes[k]! * laneRowCell.doubles + laneRowCell.next]!;
      overdue += Math.max(0, left - (next < 0 ? -1 - next : next));
    }
    return overdue;
  }

  /** An outage: what was lost of the first `sent` frames behind the last one that came, of the port that got the least. */
  #writeTail(slot: number, sent: number, rate: number, cells: Float64Array, to: number): void {
    const { flows } = this.#memory;
    const at = slot * flowCell.doubles;
    const sentNs = flows[at + flowCell.lastSentNs]! - flows[at + flowCell.firstSentNs]!;
    const pps = flows[at + rate]!;
    const gapNs = pps > 0 && Number.isFinite(pps) ? 1e9 / pps : sentNs / Math.max(1, cells[to + rowCell.sent]!);
    const tail = Math.max(0, sent - cells[to + rowCell.lowest]!);
    cells[to + rowCell.outageNs] = Math.max(cells[to + rowCell.outageNs]!, tail * gapNs);
  }

  #port({ name, isUp, hasCapture, drops }: SamplerPort, index: number, rates: RateBook): PortCounters {
    const { ports } = this.#memory;
    const cell = (which: number): number => ports[index * portCell.count + which]!;
    const inRing = this.#rings.framesAt(index);
    let txFrames = cell(portCell.beside) - inRing;
    let txBytes = cell(portCell.besideBytes) - this.#rings.bytesAt(index);
    for (const [sender, port] of this.#senderPorts.entries()) {
      if (port !== index) continue;
      const at = sender * portCell.count;
      txFrames += ports[at + portCell.published]! - ports[at + portCell.gone]!;
      txBytes += ports[at + portCell.bytes]! - ports[at + portCell.goneBytes]!;
    }
    const rxFrames = cell(portCell.rxFrames);
    const [stale, foreign, corrupt] = [cell(portCell.stale), cell(portCell.foreign), cell(portCell.corrupt)];
    return {
      name,
      link: isUp() ? "up" : "down",
      capture: hasCapture() ? (cell(portCell.capturing) === 1 ? "running" : "stopped") : null,
      transmit: rates.sendsOn(index) ? "running" : "stopped",
      txFrames,
      txBytes: txBytes + fcsBytes * txFrames,
      inRing,
      rxFrames,
      rxBytes: cell(portCell.rxBytes) + fcsBytes * rxFrames,
      test: cell(portCell.test),
      stale,
      foreign,
      corrupt,
      beside: cell(portCell.beside),
      answered: cell(portCell.answered),
      blocked: cell(portCell.blocked),
      ...drops(),
      ...rates.ofPort(index),
    };
  }
}

/**
 * Lanes of several parts, where each frame is expected once: each has what the others miss. What the slower part did not
 * look at yet is no loss: what is lost is known once the flow has settled.
 */
function writeTogether(cells: Float64Array, to: number): void {
  const copies = cells[to + rowCell.received]!;
  const highest = cells[to + rowCell.highest]!;
  const received = Math.min(copies, highest);
  cells[to + rowCell.received] = received;
  cells[to + rowCell.missing] = 0;
  // The runs that a lane misses came to others.
  cells[to + rowCell.outageNs] = Number.NaN;
  cells[to + rowCell.duplicate]! += copies - received;
}
