/**
 * What is done with flows: started, stopped, paused, resumed, changed in rate, removed. Each has its own place in the
 * order of departures, so that the departures of the others stay what they are, to the nanosecond.
 */

import { SmallHistograms } from "../../stats/small-histograms.js";
import { Departures } from "../../stream/departures/departures.js";
import { orderField } from "../../stream/frames/frame-maker.js";
import { signatureHead } from "../../stream/frames/signature.js";
import type { TrialClock } from "../loop/index.js";
import { lateToleranceOf, ringPace } from "../transmit/index.js";
import type { LiveCursors } from "./cursors.js";
import type { LaneBook } from "./lane-book.js";
import { MaxFlows } from "./max-flows.js";
import { changeRate, PiecedTimeline } from "./rate-changes.js";
import type { RestingParts } from "./resting-parts.js";
import { EndingTimeline, type FlowSchedule, type LiveTimeline, liveTimeline, peakShare } from "./schedule.js";
import { flowCell as cell, flowState, type SessionMemory, streamNumber } from "./session-memory.js";

/** The rate of flows that send as fast as their ports take it. */
const max = Number.POSITIVE_INFINITY;
const endless: FlowSchedule = { limit: null, durationNs: null, bursts: null, law: { kind: "steady" } };
/** What flows that start together are spread by over their gaps: no two at the same moment. */
const goldenRatio = 0.618_033_988_749_895;
/** So much after its command a flow may begin: the loop has other commands of the same batch to take before. */
const leadNs = 20_000;
const leadNsEach = 1_000;

/** `batchNs`: when the flows of the last batch began. */
const sum = { peakPps: 0, batchNs: 1, count: 2 } as const;

export class FlowControl {
  readonly departures: Departures;
  /** Those that send as fast as their ports take it have no departures. */
  readonly max: MaxFlows;
  running = 0;
  readonly #memory: SessionMemory;
  readonly #clock: TrialClock;
  readonly #cursors: LiveCursors;
  readonly #lanes: LaneBook;
  readonly #parts: RestingParts;
  readonly #gaps: SmallHistograms;
  /** What a flow sends by, and from its next start on. */
  readonly #schedules: (FlowSchedule | null)[];
  readonly #nextSchedules: (FlowSchedule | null)[];
  /** null: it was never started, or has none at max. */
  readonly #timelines: (LiveTimeline | null)[];
  /** The same up to the flow's end, as `departures` has it. */
  readonly #ending: (EndingTimeline | null)[];
  /**
   * 1: it is to be looked at more closely: how many slots it has is known when its time has come, or its rate was changed
   * while slots were overdue.
   */
  readonly #isSpecial: Uint8Array;
  /** What each of them is in `peakPps`. */
  readonly #peakPps: Float64Array;
  /** Before its first slot nothing leaves, and after its end. */
  readonly #beginNs: Float64Array;
  readonly #endNs: Float64Array;
  readonly #pausedNs: Float64Array;
  /** Its next slot while it is paused. */
  readonly #next: Float64Array;
  /** Of a flow at max: published frames with which the slots are dealt with that were overdue when it was set to max. */
  readonly #owed: Float64Array;
  /** By port: its transmit queues that are open. Flows are dealt over them by their slots. */
  readonly #senders: (readonly number[])[];
  /** Doubles; trial-clock.ts says why. */
  readonly #sums = new Float64Array(sum.count);
  #batch = 0;

  constructor(memory: SessionMemory, clock: TrialClock, cursors: LiveCursors, lanes: LaneBook, parts: RestingParts) {
    const { capacity, trial } = memory.shape;
    const doubles = (): Float64Array => new Float64Array(capacity);
    this.#memory = memory;
    this.#clock = clock;
    this.#cursors = cursors;
    this.#lanes = lanes;
    this.#parts = parts;
    this.#gaps = new SmallHistograms(capacity, memory.gaps);
    const nothing = (): null[] => Array.from({ length: capacity }, () => null);
    this.departures = new Departures([], capacity);
    this.max = new MaxFlows(memory.shape.ports);
    this.#senders = Array.from({ length: memory.shape.ports }, (_, port) => [port]);
    this.#schedules = nothing();
    this.#nextSchedules = nothing();
    this.#timelines = nothing();
    this.#ending = nothing();
    this.#isSpecial = new Uint8Array(capacity);
    this.#peakPps = doubles();
    this.#beginNs = doubles();
    this.#endNs = doubles();
    this.#pausedNs = doubles();
    this.#next = doubles();
    this.#owed = doubles();
    for (let flow = 0; flow < capacity; flow++) memory.heads[flow] = unusedHead(trial, flow);
  }

  /** Frames per second of all flows that run, but those at max: where shares of a rate change, at most. */
  get peakPps(): number {
    return this.#sums[sum.peakPps];
  }

  /** `place` among the `of` flows of its batch, which begins at `atNs` at the earliest. */
  start(flow: number, batch: number, place: number, of: number, atNs = 0): void {
    const { flows, heads, orders, shape, starts } = this.#memory;
    const at = flow * cell.doubles;
    const started = flows[at + cell.generation] + 1;
    flows[at + cell.begun] = started;
    this.#leave(flow, at);
    starts[flow] += 1;
    heads[flow] = signatureHead(shape.trial, streamNumber(shape.capacity, flow, starts[flow])) | 0;
    orders[flow * orderField.words + orderField.at] = orders[flow * orderField.words + orderField.start];
    orders[flow * orderField.words + orderField.sequence] = 0;
    orders[flow * orderField.words + orderField.head] = heads[flow];
    this.#cursors.restart(flow);
    this.#lanes.restart(flow, started);
    this.#forgetGaps(flow, at);
    this.#owed[flow] = 0;
    for (const each of clearedCells) flows[at + each] = 0;
    for (const each of [cell.lastSentNs, cell.firstSentNs, cell.stoppedNs]) flows[at + each] = -1;
    const nowNs = this.#startOf(batch, of, atNs);
    const schedule = this.#nextSchedules[flow] ?? endless;
    const pps = flows[at + cell.pps];
    const delayNs = flows[at + cell.delayNs];
    const phase = delayNs >= 0 ? delayNs : ((place * goldenRatio) % 1) * (1e9 / pps);
    const startNs = nowNs + Math.floor(phase);
    this.#schedules[flow] = schedule;
    flows[at + cell.limit] = schedule.limit ?? Number.POSITIVE_INFINITY;
    flows[at + cell.startedNs] = nowNs;
    flows[at + cell.sender] = this.#senderOf(flow, flows[at + cell.from]);
    this.#endNs[flow] = startNs + (schedule.durationNs ?? Number.POSITIVE_INFINITY);
    this.#beginNs[flow] = startNs;
    this.#run(flow, at, pps === max ? null : liveTimeline(schedule, pps, startNs), 0);
    flows[at + cell.generation] = started;
  }

  /** These are a port's transmit queues from now on. */
  deal(port: number, senders: readonly number[]): void {
    this.#senders[port] = senders;
    const { flows, shape } = this.#memory;
    for (let flow = 0; flow < shape.capacity; flow++) {
      const at = flow * cell.doubles;
      if (flows[at + cell.from] === port) flows[at + cell.sender] = this.#senderOf(flow, port);
    }
  }

  #senderOf(flow: number, port: number): number {
    const senders = this.#senders[port];
    return senders[flow % senders.length];
  }

  /** What flows send by from their next start on. */
  setSchedule(flows: readonly number[], schedule: FlowSchedule): void {
    for (const flow of flows) this.#nextSchedules[flow] = schedule;
  }

  stop(flow: number): void {
    const at = flow * cell.doubles;
    const { flows } = this.#memory;
    const state = flows[at + cell.state];
    if (state === flowState.running) this.#miss(at, this.#overdue(flow, this.departures.slotOf(flow), this.#now()));
    else if (state === flowState.paused) this.#miss(at, this.#overdue(flow, this.#next[flow], this.#pausedNs[flow]));
    else return;
    this.#end(flow, at, 0);
  }

  /** It has sent its last frame. */
  endItself(flow: number): void {
    this.#end(flow, flow * cell.doubles, 1);
  }

  /** It has no slot left: its next one is none, or after its time. */
  isOver(flow: number): boolean {
    if (this.departures.isOver(flow)) return true;
    return this.#isSpecial[flow] === 1 && this.#isOverSpecially(flow);
  }

  #isOverSpecially(flow: number): boolean {
    const slot = this.departures.slotOf(flow);
    const timeline = this.#timelines[flow];
    if (timeline instanceof PiecedTimeline && slot >= timeline.last.from) {
      // All that was overdue is dealt with. What is left may be steady, and is dealt with faster.
      this.departures.remove(flow);
      this.#insert(flow, timeline.last.timeline, slot);
    }
    return this.#ending[flow]!.isOver(slot);
  }

  #insert(flow: number, timeline: LiveTimeline, next: number): void {
    const ending = new EndingTimeline(timeline, this.#endNs[flow]);
    this.#timelines[flow] = timeline;
    this.#ending[flow] = ending;
    this.#isSpecial[flow] = ending.endsByTime || timeline instanceof PiecedTimeline ? 1 : 0;
    this.departures.insert(flow, ending, next);
  }

  /** Of a flow at max. */
  isDoneAtMax(flow: number, nowNs: number): boolean {
    const { flows } = this.#memory;
    const at = flow * cell.doubles;
    return nowNs >= this.#endNs[flow] || flows[at + cell.published] >= flows[at + cell.limit];
  }

  /** Of a flow at max: when its first frame may leave. */
  beginNsOf(flow: number): number {
    return this.#beginNs[flow];
  }

  pause(flow: number): void {
    const at = flow * cell.doubles;
    const { flows } = this.#memory;
    if (flows[at + cell.state] !== flowState.running) return;
    this.#next[flow] = this.departures.slotOf(flow);
    this.#leave(flow, at);
    this.#pausedNs[flow] = this.#now();
    flows[at + cell.state] = flowState.paused;
  }

  resume(flow: number, batch: number, place: number, of: number): void {
    const at = flow * cell.doubles;
    const { flows } = this.#memory;
    const state = flows[at + cell.state];
    if (state === flowState.stopped) this.start(flow, batch, place, of);
    if (state !== flowState.paused) return;
    const nowNs = this.#now();
    const resumedNs = this.#parts.wake(nowNs);
    const pausedNs = resumedNs - this.#pausedNs[flow];
    this.#endNs[flow] += pausedNs;
    this.#beginNs[flow] += pausedNs;
    // Neither at max nor at a rate that is set meanwhile does it send before.
    if (resumedNs > nowNs) this.#beginNs[flow] = Math.max(this.#beginNs[flow], resumedNs);
    this.#run(flow, at, this.#timelines[flow]?.later(pausedNs, this.#next[flow]) ?? null, this.#next[flow]);
  }

  /** `pps`: Infinity is max. */
  setRate(flow: number, pps: number): void {
    const at = flow * cell.doubles;
    const { flows } = this.#memory;
    const state = flows[at + cell.state];
    const isRunning = state === flowState.running;
    if (isRunning) {
      this.#next[flow] = this.departures.slotOf(flow);
      this.#leave(flow, at);
    }
    flows[at + cell.pps] = pps;
    if (!isRunning && state !== flowState.paused) return;
    const timeline = this.#withRate(flow, at, pps, isRunning ? this.#now() : this.#pausedNs[flow]);
    if (isRunning) this.#run(flow, at, timeline, this.#next[flow]);
    else this.#timelines[flow] = timeline;
  }

  /** null: it has no departures at max. What is overdue then leaves first of all. */
  #withRate(flow: number, at: number, pps: number, nowNs: number): LiveTimeline | null {
    if (pps === max) {
      if (this.#timelines[flow] === null) return null;
      this.#owed[flow] = this.#memory.flows[at + cell.published] + this.#overdue(flow, this.#next[flow], nowNs);
      return null;
    }
    this.#missOwed(flow, at);
    const before = this.#timelines[flow];
    if (before !== null) {
      const moved = this.#withPhase(flow, at, before, pps, nowNs);
      return changeRate(moved, pps, this.#next[flow], Math.max(nowNs, this.#beginNs[flow]));
    }
    // It was at max: its slots begin anew.
    this.#next[flow] = 0;
    return liveTimeline(this.#schedules[flow]!, pps, Math.max(nowNs, this.#beginNs[flow]));
  }

  /** Before its first slot: a phase is no longer than a gap, and the time of sending moves with it. A delay stays as given. */
  #withPhase(flow: number, at: number, timeline: LiveTimeline, pps: number, nowNs: number): LiveTimeline {
    const { flows } = this.#memory;
    if (this.#next[flow] > 0 || flows[at + cell.delayNs] >= 0) return timeline;
    const latestNs = Math.max(nowNs, flows[at + cell.startedNs]) + Math.round(1e9 / pps);
    const byNs = latestNs - this.#beginNs[flow];
    if (byNs >= 0) return timeline;
    this.#beginNs[flow] += byNs;
    this.#endNs[flow] += byNs;
    return timeline.later(byNs, 0);
  }

  /** It is no flow any more: its frames are stale from now on. */
  remove(flow: number): void {
    this.stop(flow);
    const { flows, heads, shape } = this.#memory;
    heads[flow] = unusedHead(shape.trial, flow);
    // The next flow in this slot begins with nothing.
    this.#lanes.restart(flow, 0);
    this.#forgetGaps(flow, flow * cell.doubles);
    this.#timelines[flow] = null;
    this.#ending[flow] = null;
    this.#nextSchedules[flow] = null;
    flows[flow * cell.doubles + cell.state] = flowState.none;
    // For parts that learn from it of which start they count.
    flows[flow * cell.doubles + cell.begun] = 0;
    flows[flow * cell.doubles + cell.generation] = 0;
  }

  /** Of a flow that has sent nothing there are none. */
  #forgetGaps(flow: number, at: number): void {
    if (this.#memory.flows[at + cell.lastSentNs] >= 0) this.#gaps.reset(flow);
  }

  #run(flow: number, at: number, timeline: LiveTimeline | null, next: number): void {
    const { flows } = this.#memory;
    const pps = flows[at + cell.pps];
    flows[at + cell.state] = flowState.running;
    this.running++;
    if (timeline === null) {
      this.#timelines[flow] = null;
      this.max.add(flow, flows[at + cell.from]);
      return;
    }
    flows[at + cell.toleranceNs] = lateToleranceOf(ringPace, 1e9 / pps);
    this.#insert(flow, timeline, next);
    this.#peakPps[flow] = pps * peakShare(this.#schedules[flow]!);
    this.#sums[sum.peakPps] += this.#peakPps[flow];
    // Its time may be over, or have no slot.
    if (this.#ending[flow]!.isOver(next)) this.#end(flow, at, 1);
  }

  /** Out of the order of departures; its state is the caller's. */
  #leave(flow: number, at: number): void {
    const { flows } = this.#memory;
    if (flows[at + cell.state] !== flowState.running) return;
    this.running--;
    flows[at + cell.ranAtPps] = flows[at + cell.pps];
    if (flows[at + cell.pps] === max) this.max.remove(flow, flows[at + cell.from]);
    else {
      this.departures.remove(flow);
      // The last one leaves nothing, not what doubles were rounded by.
      const isLast = this.running === this.max.count;
      this.#sums[sum.peakPps] = isLast ? 0 : this.#sums[sum.peakPps] - this.#peakPps[flow];
    }
  }

  #end(flow: number, at: number, endedItself: number): void {
    const { flows } = this.#memory;
    this.#missOwed(flow, at);
    this.#leave(flow, at);
    flows[at + cell.endedItself] = endedItself;
    flows[at + cell.stoppedNs] = this.#now();
    flows[at + cell.state] = flowState.stopped;
  }

  /** Leaves out the slots of the first flow that were due before this time. */
  skipFirst(untilNs: number): void {
    const { stream } = this.departures;
    this.#miss(stream * cell.doubles, this.departures.skipFirst(untilNs));
    if (this.isOver(stream)) this.endItself(stream);
  }

  /** Slots that nothing was sent in. A flow that sends a number of frames misses no more than are left of it. */
  #miss(at: number, slots: number): void {
    const { flows } = this.#memory;
    const most = flows[at + cell.limit] - flows[at + cell.published] - flows[at + cell.missed];
    flows[at + cell.missed] += Math.max(0, Math.min(slots, most));
  }

  /** It is no longer at max. What was overdue before may not have left. */
  #missOwed(flow: number, at: number): void {
    this.#miss(at, this.#owed[flow] - this.#memory.flows[at + cell.published]);
    this.#owed[flow] = 0;
  }

  /** Slots from `next` on that were due at `ns`. */
  #overdue(flow: number, next: number, ns: number): number {
    const timeline = this.#timelines[flow];
    if (timeline === null) return 0;
    return Math.max(0, new EndingTimeline(timeline, this.#endNs[flow]).dueBefore(ns + 1, next) - next);
  }

  #now(): number {
    this.#clock.read();
    return Math.round(this.#clock.nowNs);
  }

  /** When the flows of a batch begin: all at one time. */
  #startOf(batch: number, of: number, atNs: number): number {
    if (batch !== this.#batch) {
      const nowNs = this.#now();
      this.#sums[sum.batchNs] = Math.max(atNs, nowNs + leadNs + leadNsEach * of, this.#parts.wake(nowNs));
    }
    this.#batch = batch;
    return this.#sums[sum.batchNs];
  }
}

/** What a start sets to 0. */
const clearedCells = [
  ...[cell.published, cell.late, cell.blocked, cell.missed, cell.endedItself, cell.gone, cell.goneBytes],
] as const;

/** No frame begins with it: generations count from 1. */
const unusedHead = (trial: number, flow: number): number => signatureHead(trial, flow) | 0;
