/**
 * Makes a snapshot of the counters that the loop keeps in shared memory. A count that another is compared with is read
 * before it: what the peer has taken before what was published, what came in before what was sent. All counts of a flow
 * are of one generation: a flow that is started meanwhile is read again.
 */
import {
  flowCell,
  flowState,
  loopCell,
  portCell,
  recentFrames,
  SessionLanes,
  type SessionMemory,
} from "../engine/session/index.js";
import { sequenceCell } from "../stats/sequence-cells.js";
import { SmallHistograms, type SmallSummary, SmallTally } from "../stats/small-histograms.js";
import { fcsBytes } from "../units.js";
import type { TableFlow } from "./flow-table.js";
import type { RateBook } from "./rate-book.js";
import type { FlowCounters, FlowState, PortCounters, SessionSnapshot } from "./types.js";

const stateNames: Readonly<Record<number, FlowState>> = {
  [flowState.stopped]: "stopped",
  [flowState.running]: "running",
  [flowState.paused]: "paused",
};

export const stateOf = (memory: SessionMemory, slot: number): FlowState =>
  stateNames[memory.flows[slot * flowCell.doubles + flowCell.state]!] ?? "stopped";

export interface SamplerPort {
  readonly name: string;
  readonly isUp: () => boolean;
  readonly hasCapture: () => boolean;
}

const timeOrNull = (ns: number): number | null => (ns < 0 ? null : ns);
const samplesKept = 16;
/** A start takes the loop some microseconds; a flow that is started meanwhile is read again at most so many times. */
const mostPasses = 64;

/** What lies in the rings of ports. */
interface PortRing {
  readonly frames: number;
  readonly bytes: number;
}

/** What came in of a flow. */
interface Arrived {
  readonly received: number;
  readonly receivedBytes: number;
  readonly receivedAt: readonly number[];
  /** Below the highest number that came, over its lanes. */
  readonly missing: number;
  /**
   * The number after the highest that came, of the lane where it is highest. Without numbers: how many must have left, if
   * none came twice.
   */
  readonly highest: number;
  readonly duplicate: number;
  readonly reordered: number;
  readonly tooOld: number;
  readonly firstNs: number;
  readonly lastNs: number;
}

export class Sampler {
  readonly #memory: SessionMemory;
  readonly #ports: readonly SamplerPort[];
  readonly #settleNs: number;
  readonly #lanes: SessionLanes;
  readonly #histograms: SmallHistograms;
  readonly #samples = new Int32Array(samplesKept);
  readonly #tally = new SmallTally();
  /** By slot: what was summed up last, and of how many frames. */
  readonly #latencies: { readonly generation: number; readonly frames: number; readonly value: SmallSummary | null }[] =
    [];
  /** By slot: the generation at the beginning of a look. */
  readonly #generations: Float64Array;
  /** By slot: what lies in rings. */
  readonly #ringFrames: Int32Array;
  readonly #ringBytes: Float64Array;
  #portRings: readonly PortRing[] = [];
  #number = 0;

  constructor(memory: SessionMemory, ports: readonly SamplerPort[], settleNs: number) {
    this.#memory = memory;
    this.#ports = ports;
    this.#settleNs = settleNs;
    this.#lanes = new SessionLanes(memory.lanes);
    this.#histograms = new SmallHistograms(memory.shape.lanes, memory.histograms);
    this.#generations = new Float64Array(memory.shape.capacity);
    this.#ringFrames = new Int32Array(memory.shape.capacity);
    this.#ringBytes = new Float64Array(memory.shape.capacity);
  }

  sample(flows: Iterable<TableFlow>, nowNs: number, rates: RateBook): SessionSnapshot {
    const all = [...flows];
    const counted = this.#countAll(all, nowNs, rates);
    const { loop } = this.#memory;
    return {
      atNs: nowNs,
      number: ++this.#number,
      overNs: rates.overNs,
      ports: this.#ports.map((port, index) => this.#port(port, index, rates)),
      flows: counted,
      loop: {
        turnsLongestNs: loop[loopCell.longestTurnNs]!,
        late: loop[loopCell.late]!,
        sleeps: loop[loopCell.sleeps]!,
      },
    };
  }

  /** What lies in the rings was looked at last; it is of the ports' counters, too. */
  #countAll(all: readonly TableFlow[], nowNs: number, rates: RateBook): readonly FlowCounters[] {
    const { flows } = this.#memory;
    const counted = new Array<FlowCounters>(all.length);
    const arrived = new Array<Arrived>(all.length);
    let open: number[] | null = null;
    for (let pass = 1; ; pass++) {
      const places: readonly number[] = open ?? all.map((_, place) => place);
      for (const place of places) {
        const flow = all[place]!;
        this.#generations[flow.slot] = flows[flow.slot * flowCell.doubles + flowCell.generation]!;
        arrived[place] = this.#arrived(flow);
      }
      this.#lookIntoRings();
      for (const place of places) counted[place] = this.#flow(all[place]!, arrived[place]!, nowNs, rates);
      const begun = ({ slot }: TableFlow): number => flows[slot * flowCell.doubles + flowCell.begun]!;
      open = places.filter((place) => begun(all[place]!) !== this.#generations[all[place]!.slot]);
      if (open.length === 0 || pass === mostPasses) return counted;
    }
  }

  #lookIntoRings(): void {
    const { ports, shape, recents, recentBytes, heads } = this.#memory;
    this.#ringFrames.fill(0);
    this.#ringBytes.fill(0);
    this.#portRings = Array.from({ length: shape.ports }, (_, port) => {
      const taken = ports[port * portCell.count + portCell.taken]!;
      const published = ports[port * portCell.count + portCell.published]!;
      let sum = 0;
      for (let place = Math.max(taken, published - recentFrames); place < published; place++) {
        const at = port * recentFrames + (place & (recentFrames - 1));
        sum += recentBytes[at]!;
        const slot = (recents[at]! >>> 8) & (shape.capacity - 1);
        if (heads[slot] !== recents[at]) continue;
        this.#ringFrames[slot]! += 1;
        this.#ringBytes[slot]! += recentBytes[at]!;
      }
      return { frames: published - taken, bytes: sum };
    });
  }

  #arrived({ slot, toPorts, ownLanes, compiled }: TableFlow): Arrived {
    const { flows, sequences, receivedAt, sizeOf, shape } = this.#memory;
    const at = slot * flowCell.doubles;
    const isSigned = compiled.program.signed;
    const recognised = flows[at + flowCell.recognised]!;
    let [received, missing, highest, duplicate, reordered, tooOld] = [0, 0, 0, 0, 0, 0];
    for (const lane of ownLanes) {
      const cells = lane * sequenceCell.count;
      // The loop writes what is missing before the next number. In between, too few count as received, never too many.
      const next = this.#lanes.next(lane);
      const after = next < 0 ? -1 - next : next;
      const gone = sequences[cells + sequenceCell.missing]!;
      received += Math.max(0, after - gone);
      missing += gone;
      highest = Math.max(highest, after);
      duplicate += sequences[cells + sequenceCell.duplicate]!;
      reordered += sequences[cells + sequenceCell.reordered]!;
      tooOld += sequences[cells + sequenceCell.tooOld]!;
    }
    if (!isSigned) {
      received = recognised;
      highest = Math.ceil(recognised / Math.max(1, ownLanes.length));
    }
    const timeOf = (which: number): number => (recognised > 0 ? flows[at + which]! : -1);
    return {
      received,
      receivedBytes: received * (sizeOf[slot]! + fcsBytes) + flows[at + flowCell.moreBytes]!,
      receivedAt: toPorts.length === 1 ? [received] : toPorts.map((port) => receivedAt[slot * shape.ports + port]!),
      missing,
      highest,
      duplicate,
      reordered,
      tooOld,
      firstNs: isSigned ? this.#firstNs(ownLanes) : timeOf(flowCell.recognisedFirstNs),
      lastNs: isSigned ? this.#lastNs(ownLanes) : timeOf(flowCell.recognisedLastNs),
    };
  }

  #firstNs(lanes: readonly number[]): number {
    let first = -1;
    for (const lane of lanes) {
      const ns = this.#lanes.firstNs(lane);
      if (ns >= 0 && (first < 0 || ns < first)) first = ns;
    }
    return first;
  }

  #lastNs(lanes: readonly number[]): number {
    let last = -1;
    for (const lane of lanes) last = Math.max(last, this.#lanes.lastNs(lane));
    return last;
  }

  #flow(flow: TableFlow, arrived: Arrived, nowNs: number, rates: RateBook): FlowCounters {
    const { slot, spec, compiled } = flow;
    const { flows } = this.#memory;
    const cell = (which: number): number => flows[slot * flowCell.doubles + which]!;
    const isStarted = cell(flowCell.generation) > 0;
    const [published, gone] = [cell(flowCell.published), cell(flowCell.gone)];
    // A frame that came back was taken, though its ring was not looked at since.
    const inRing = Math.min(this.#ringFrames[slot]!, published - gone - arrived.highest);
    const sent = Math.max(0, published - gone - Math.max(0, inRing));
    const ringBytes = inRing > 0 ? this.#ringBytes[slot]! : 0;
    const loss = this.#loss(flow, arrived, { sent, inRing: Math.max(0, inRing), nowNs });
    const [missed, blocked] = [cell(flowCell.missed), cell(flowCell.blocked) + gone];
    const rate = rates.ofFlow(slot);
    return {
      name: spec.name,
      from: spec.from,
      to: spec.to,
      state: stateOf(this.#memory, slot),
      generation: cell(flowCell.generation),
      pps: flow.pps,
      sent,
      sentBytes: cell(flowCell.bytes) - cell(flowCell.goneBytes) - ringBytes + fcsBytes * sent,
      inRing: Math.max(0, inRing),
      intended: sent + Math.max(0, inRing) + missed + blocked,
      late: cell(flowCell.late),
      missed,
      blocked,
      received: arrived.received,
      receivedBytes: arrived.receivedBytes,
      receivedAt: spec.to.map((port, k) => ({ port, frames: arrived.receivedAt[k]! })),
      elsewhere: cell(flowCell.elsewhere),
      ...loss,
      duplicate: arrived.duplicate,
      reordered: arrived.reordered,
      tooOld: arrived.tooOld,
      corrupt: cell(flowCell.corrupt),
      stale: cell(flowCell.stale),
      latencyNs: compiled.program.signed ? this.#latency(flow, arrived.received) : null,
      firstSentNs: isStarted ? timeOrNull(cell(flowCell.firstSentNs)) : null,
      lastSentNs: isStarted ? timeOrNull(cell(flowCell.lastSentNs)) : null,
      firstReceivedNs: timeOrNull(arrived.firstNs),
      lastReceivedNs: timeOrNull(arrived.lastNs),
      startedNs: isStarted ? timeOrNull(cell(flowCell.startedNs)) : null,
      stoppedNs: isStarted ? timeOrNull(cell(flowCell.stoppedNs)) : null,
      signed: compiled.program.signed,
      ...rate,
    };
  }

  #loss(
    { slot, spec, ownLanes, compiled }: TableFlow,
    arrived: Arrived,
    { sent, inRing, nowNs }: { readonly sent: number; readonly inRing: number; readonly nowNs: number },
  ): Pick<FlowCounters, "lost" | "inFlight" | "settled"> {
    const { flows } = this.#memory;
    const copies = ownLanes.length;
    const open = Math.max(0, sent * copies - arrived.received);
    const isStopped = stateOf(this.#memory, slot) === "stopped";
    const lastNs = Math.max(arrived.lastNs, flows[slot * flowCell.doubles + flowCell.lastSentNs]!);
    const isQuiet = lastNs < 0 || nowNs - lastNs >= this.#settleNs;
    const settled = isStopped && inRing === 0 && (open === 0 || isQuiet || spec.to.length === 0);
    if (spec.to.length === 0) return { lost: 0, inFlight: 0, settled };
    const known = compiled.program.signed ? Math.min(open, arrived.missing) : 0;
    return { lost: settled ? open : known, inFlight: settled ? 0 : open - known, settled };
  }

  #latency({ slot, ownLanes }: TableFlow, received: number): SmallSummary | null {
    const generation = this.#memory.flows[slot * flowCell.doubles + flowCell.generation]!;
    const known = this.#latencies[slot];
    if (known !== undefined && known.generation === generation && known.frames === received) return known.value;
    for (const lane of ownLanes) this.#addLatencyOf(lane);
    const value = this.#tally.take();
    this.#latencies[slot] = { generation, frames: received, value };
    return value;
  }

  /** Of the generation that is there. */
  latencyBuckets({ ownLanes }: TableFlow): (readonly [upToNs: number, frames: number])[] {
    for (const lane of ownLanes) this.#addLatencyOf(lane);
    const buckets = this.#tally.buckets();
    this.#tally.take();
    return buckets;
  }

  /** The samples that the loop keeps back are in it, too. */
  #addLatencyOf(lane: number): void {
    if (this.#lanes.lastNs(lane) < 0) return;
    this.#tally.add(this.#histograms, lane, this.#lanes.extremes(lane));
    const kept = this.#lanes.peekSamples(lane, this.#samples);
    for (let k = 0; k < kept; k++) this.#tally.addSample(this.#samples[k]!);
  }

  #port({ name, isUp, hasCapture }: SamplerPort, index: number, rates: RateBook): PortCounters {
    const { ports } = this.#memory;
    const cell = (which: number): number => ports[index * portCell.count + which]!;
    const ring = this.#portRings[index]!;
    const txFrames = cell(portCell.published) - ring.frames - cell(portCell.gone) + cell(portCell.beside);
    const txBytes = cell(portCell.bytes) - ring.bytes - cell(portCell.goneBytes) + cell(portCell.besideBytes);
    const rxFrames = cell(portCell.rxFrames);
    const [stale, foreign, corrupt] = [cell(portCell.stale), cell(portCell.foreign), cell(portCell.corrupt)];
    return {
      name,
      link: isUp() ? "up" : "down",
      capture: hasCapture() ? (cell(portCell.capturing) === 1 ? "running" : "stopped") : null,
      transmit: rates.sendsOn(index) ? "running" : "stopped",
      txFrames,
      txBytes: txBytes + fcsBytes * txFrames,
      inRing: ring.frames,
      rxFrames,
      rxBytes: cell(portCell.rxBytes) + fcsBytes * rxFrames,
      test: cell(portCell.test),
      stale,
      foreign,
      corrupt,
      beside: cell(portCell.beside),
      answered: cell(portCell.answered),
      blocked: cell(portCell.blocked),
      ...rates.ofPort(index),
    };
  }
}
