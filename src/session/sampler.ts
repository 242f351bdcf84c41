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
import {
  mergeSmall,
  type SmallData,
  SmallHistograms,
  type SmallSummary,
  smallBucketOf,
  smallSummary,
} from "../stats/small-histograms.js";
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

/** What lies in the rings: by flow, and by port. */
interface InRings {
  readonly frames: ReadonlyMap<number, number>;
  readonly bytes: ReadonlyMap<number, number>;
  readonly ofPort: readonly { readonly frames: number; readonly bytes: number }[];
}

/** What came in of a flow. */
interface Arrived {
  readonly received: number;
  readonly receivedBytes: number;
  readonly receivedAt: readonly number[];
  /** Below the highest number that came, over its lanes. */
  readonly missing: number;
  /** The number after the highest that came, of the lane where it is highest. */
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
  /** By slot: what was summed up last, and of how many frames. */
  readonly #latencies = new Map<
    number,
    { readonly generation: number; readonly frames: number; readonly value: SmallSummary | null }
  >();
  #number = 0;

  constructor(memory: SessionMemory, ports: readonly SamplerPort[], settleNs: number) {
    this.#memory = memory;
    this.#ports = ports;
    this.#settleNs = settleNs;
    this.#lanes = new SessionLanes(memory.lanes);
    this.#histograms = new SmallHistograms(memory.shape.lanes, memory.histograms);
  }

  sample(flows: Iterable<TableFlow>, nowNs: number, rates: RateBook): SessionSnapshot {
    const all = [...flows];
    const { counted, inRings } = this.#countAll(all, nowNs, rates);
    const { loop } = this.#memory;
    return {
      atNs: nowNs,
      number: ++this.#number,
      overNs: rates.overNs,
      ports: this.#ports.map((port, index) => this.#port(port, index, inRings, rates)),
      flows: all.map((flow) => counted.get(flow)!),
      loop: {
        turnsLongestNs: loop[loopCell.longestTurnNs]!,
        late: loop[loopCell.late]!,
        sleeps: loop[loopCell.sleeps]!,
      },
    };
  }

  #countAll(
    all: readonly TableFlow[],
    nowNs: number,
    rates: RateBook,
  ): { readonly counted: ReadonlyMap<TableFlow, FlowCounters>; readonly inRings: InRings } {
    const { flows } = this.#memory;
    const cell = ({ slot }: TableFlow, which: number): number => flows[slot * flowCell.doubles + which]!;
    const counted = new Map<TableFlow, FlowCounters>();
    let open = all;
    for (let pass = 1; ; pass++) {
      const generations = open.map((flow) => cell(flow, flowCell.generation));
      const arrived = open.map((flow) => this.#arrived(flow));
      const inRings = this.#inRings();
      for (const [k, flow] of open.entries()) {
        counted.set(flow, this.#flow(flow, arrived[k]!, inRings, nowNs, rates));
      }
      open = open.filter((flow, k) => cell(flow, flowCell.begun) !== generations[k]);
      if (open.length === 0 || pass === mostPasses) return { counted, inRings };
    }
  }

  #inRings(): InRings {
    const { ports, shape, recents, recentBytes, heads } = this.#memory;
    const frames = new Map<number, number>();
    const bytes = new Map<number, number>();
    const ofPort = Array.from({ length: shape.ports }, (_, port) => {
      const taken = ports[port * portCell.count + portCell.taken]!;
      const published = ports[port * portCell.count + portCell.published]!;
      let sum = 0;
      for (let place = Math.max(taken, published - recentFrames); place < published; place++) {
        const at = port * recentFrames + (place & (recentFrames - 1));
        sum += recentBytes[at]!;
        const slot = (recents[at]! >>> 8) & (shape.capacity - 1);
        if (heads[slot] !== recents[at]) continue;
        frames.set(slot, (frames.get(slot) ?? 0) + 1);
        bytes.set(slot, (bytes.get(slot) ?? 0) + recentBytes[at]!);
      }
      return { frames: published - taken, bytes: sum };
    });
    return { frames, bytes, ofPort };
  }

  #arrived({ slot, toPorts, lanes, compiled }: TableFlow): Arrived {
    const { flows, sequences, receivedAt, sizeOf, shape } = this.#memory;
    const at = slot * flowCell.doubles;
    const unique = [...new Set(lanes)];
    const sum = (of: (lane: number) => number): number => unique.reduce((total, lane) => total + of(lane), 0);
    const cell = (lane: number, which: number): number => sequences[lane * sequenceCell.count + which]!;
    const numberAfter = (lane: number): number => {
      const next = this.#lanes.next(lane);
      return next < 0 ? -1 - next : next;
    };
    // The loop writes what is missing before the next number. In between, too few count as received, never too many.
    const numbers = unique.map((lane) => ({ next: numberAfter(lane), missing: cell(lane, sequenceCell.missing) }));
    const recognised = flows[at + flowCell.recognised]!;
    const isSigned = compiled.program.signed;
    const received = isSigned
      ? numbers.reduce((total, { next, missing }) => total + Math.max(0, next - missing), 0)
      : recognised;
    const isOneEach = toPorts.length === 1;
    return {
      received,
      receivedBytes: received * (sizeOf[slot]! + fcsBytes) + flows[at + flowCell.moreBytes]!,
      receivedAt: toPorts.map((port) => (isOneEach ? received : receivedAt[slot * shape.ports + port]!)),
      missing: numbers.reduce((total, { missing }) => total + missing, 0),
      highest: numbers.reduce((most, { next }) => Math.max(most, next), 0),
      duplicate: sum((lane) => cell(lane, sequenceCell.duplicate)),
      reordered: sum((lane) => cell(lane, sequenceCell.reordered)),
      tooOld: sum((lane) => cell(lane, sequenceCell.tooOld)),
      firstNs: isSigned ? this.#firstNs(unique) : recognised > 0 ? flows[at + flowCell.recognisedFirstNs]! : -1,
      lastNs: isSigned
        ? unique.reduce((last, lane) => Math.max(last, this.#lanes.lastNs(lane)), -1)
        : recognised > 0
          ? flows[at + flowCell.recognisedLastNs]!
          : -1,
    };
  }

  #firstNs(lanes: readonly number[]): number {
    const times = lanes.map((lane) => this.#lanes.firstNs(lane)).filter((ns) => ns >= 0);
    return times.length === 0 ? -1 : Math.min(...times);
  }

  #flow(flow: TableFlow, arrived: Arrived, inRings: InRings, nowNs: number, rates: RateBook): FlowCounters {
    const { slot, spec, compiled } = flow;
    const { flows } = this.#memory;
    const cell = (which: number): number => flows[slot * flowCell.doubles + which]!;
    const isStarted = cell(flowCell.generation) > 0;
    const [published, gone] = [cell(flowCell.published), cell(flowCell.gone)];
    // A frame that came back was taken, though its ring was not looked at since.
    const inRing = Math.min(inRings.frames.get(slot) ?? 0, published - gone - arrived.highest);
    const sent = Math.max(0, published - gone - Math.max(0, inRing));
    const ringBytes = inRing > 0 ? (inRings.bytes.get(slot) ?? 0) : 0;
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
    { slot, spec, lanes, compiled }: TableFlow,
    arrived: Arrived,
    { sent, inRing, nowNs }: { readonly sent: number; readonly inRing: number; readonly nowNs: number },
  ): Pick<FlowCounters, "lost" | "inFlight" | "settled"> {
    const { flows } = this.#memory;
    const copies = new Set(lanes).size;
    const open = Math.max(0, sent * copies - arrived.received);
    const isStopped = stateOf(this.#memory, slot) === "stopped";
    const lastNs = Math.max(arrived.lastNs, flows[slot * flowCell.doubles + flowCell.lastSentNs]!);
    const isQuiet = lastNs < 0 || nowNs - lastNs >= this.#settleNs;
    const settled = isStopped && inRing === 0 && (open === 0 || isQuiet || spec.to.length === 0);
    if (spec.to.length === 0) return { lost: 0, inFlight: 0, settled };
    const known = compiled.program.signed ? Math.min(open, arrived.missing) : 0;
    return { lost: settled ? open : known, inFlight: settled ? 0 : open - known, settled };
  }

  #latency({ slot, lanes }: TableFlow, received: number): SmallSummary | null {
    const generation = this.#memory.flows[slot * flowCell.doubles + flowCell.generation]!;
    const known = this.#latencies.get(slot);
    if (known !== undefined && known.generation === generation && known.frames === received) return known.value;
    const value = smallSummary(mergeSmall([...new Set(lanes)].map((lane) => this.#latencyOf(lane))));
    this.#latencies.set(slot, { generation, frames: received, value });
    return value;
  }

  /** The samples that the loop keeps back are in it, too. */
  #latencyOf(lane: number): SmallData | null {
    if (this.#lanes.lastNs(lane) < 0) return null;
    const extremes = this.#lanes.extremes(lane);
    const kept = this.#lanes.peekSamples(lane, this.#samples);
    const counted = this.#histograms.data(lane, extremes);
    const waiting = Array.from(this.#samples.subarray(0, kept)).toSorted((a, b) => a - b);
    const others =
      waiting.length === 0 ? null : { ...extremes, sum: 0, buckets: waiting.flatMap((bucket) => [bucket, 1]) };
    const merged = mergeSmall([counted, others]);
    return merged ?? { ...extremes, buckets: [smallBucketOf(extremes.min), 1] };
  }

  #port({ name, isUp, hasCapture }: SamplerPort, index: number, inRings: InRings, rates: RateBook): PortCounters {
    const { ports } = this.#memory;
    const cell = (which: number): number => ports[index * portCell.count + which]!;
    const ring = inRings.ofPort[index]!;
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
