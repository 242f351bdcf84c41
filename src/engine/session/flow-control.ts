/**
 * What is done with flows: started, stopped, paused, resumed, changed in rate, removed. Each has its own place in the
 * order of departures, so that the departures of the others stay what they are, to the nanosecond.
 */
import { Departures } from "../../stream/departures/departures.js";
import type { Timeline } from "../../stream/departures/timeline.js";
import { orderField } from "../../stream/frames/frame-maker.js";
import { signatureHead } from "../../stream/frames/signature.js";
import type { TrialClock } from "../loop/index.js";
import type { LiveCursors } from "./cursors.js";
import type { LaneBook } from "./lane-book.js";
import { scheduleIn, startWithRate, timelineOf } from "./schedule.js";
import { flowCell as cell, flowState, type SessionMemory, streamNumber } from "./session-memory.js";

/** What flows that start together are spread by over their gaps: no two at the same moment. */
const goldenRatio = 0.618_033_988_749_895;
/** A frame is late when it lags by more than this, or by this share of its flow's gap if that is more. */
const lateToleranceNs = 10_000;
const lateToleranceShare = 0.01;
/** So much after its command a flow may begin: the loop has other commands of the same batch to take before. */
const leadNs = 20_000;
const leadNsEach = 1_000;

export class FlowControl {
  readonly departures: Departures;
  /** Frames per second of all flows that run. */
  totalPps = 0;
  running = 0;
  readonly #memory: SessionMemory;
  readonly #clock: TrialClock;
  readonly #cursors: LiveCursors;
  readonly #lanes: LaneBook;
  readonly #timelines: (Timeline | null)[];
  readonly #startNs: Float64Array;
  readonly #endNs: Float64Array;
  readonly #pausedNs: Float64Array;
  /** Its next slot while it is paused. */
  readonly #next: Float64Array;
  /** By slot of the table, whichever flow has it. */
  readonly #generations: Float64Array;
  #batch = 0;
  #batchNs = 0;

  constructor(memory: SessionMemory, clock: TrialClock, cursors: LiveCursors, lanes: LaneBook) {
    const { capacity, trial } = memory.shape;
    const doubles = (): Float64Array => new Float64Array(capacity);
    this.#memory = memory;
    this.#clock = clock;
    this.#cursors = cursors;
    this.#lanes = lanes;
    this.departures = new Departures([], capacity);
    this.#timelines = Array.from({ length: capacity }, () => null);
    this.#startNs = doubles();
    this.#endNs = doubles();
    this.#pausedNs = doubles();
    this.#next = doubles();
    this.#generations = doubles();
    for (let flow = 0; flow < capacity; flow++) memory.heads[flow] = unusedHead(trial, flow);
  }

  /** `place` among the `of` flows of its batch. */
  start(flow: number, batch: number, place: number, of: number): void {
    const { flows, heads, orders, shape } = this.#memory;
    const at = flow * cell.doubles;
    const started = flows[at + cell.generation] + 1;
    flows[at + cell.begun] = started;
    this.#leave(flow, at);
    const generation = ++this.#generations[flow];
    heads[flow] = signatureHead(shape.trial, streamNumber(shape.capacity, flow, generation)) | 0;
    orders[flow * orderField.words + orderField.at] = orders[flow * orderField.words + orderField.start];
    orders[flow * orderField.words + orderField.sequence] = 0;
    orders[flow * orderField.words + orderField.head] = heads[flow];
    this.#cursors.restart(flow);
    this.#lanes.restart(flow);
    for (const each of clearedCells) flows[at + each] = 0;
    for (const each of [cell.lastSentNs, cell.firstSentNs, cell.stoppedNs]) flows[at + each] = -1;
    const nowNs = this.#startOf(batch, of);
    const schedule = scheduleIn(flows, at);
    const phase =
      flows[at + cell.delayNs] >= 0 ? flows[at + cell.delayNs] : ((place * goldenRatio) % 1) * (1e9 / schedule.pps);
    flows[at + cell.startedNs] = nowNs;
    this.#startNs[flow] = nowNs + Math.floor(phase);
    this.#endNs[flow] = this.#startNs[flow] + schedule.durationNs;
    this.#run(flow, at, timelineOf(schedule, this.#startNs[flow], this.#endNs[flow]), 0);
    flows[at + cell.generation] = started;
  }

  stop(flow: number): void {
    const at = flow * cell.doubles;
    const { flows } = this.#memory;
    const state = flows[at + cell.state];
    if (state !== flowState.running && state !== flowState.paused) return;
    if (state === flowState.running) flows[at + cell.missed] += this.#overdue(flow);
    this.#end(flow, at, 0);
  }

  /** It has sent its last frame. */
  endItself(flow: number): void {
    this.#end(flow, flow * cell.doubles, 1);
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
    const pausedNs = this.#now() - this.#pausedNs[flow];
    this.#startNs[flow] += pausedNs;
    this.#endNs[flow] += pausedNs;
    this.#run(flow, at, timelineOf(scheduleIn(flows, at), this.#startNs[flow], this.#endNs[flow]), this.#next[flow]);
  }

  setRate(flow: number, pps: number): void {
    const at = flow * cell.doubles;
    const { flows } = this.#memory;
    const state = flows[at + cell.state];
    const isRunning = state === flowState.running;
    const next = isRunning ? this.departures.slotOf(flow) : this.#next[flow];
    const before = this.#timelines[flow];
    if (isRunning) this.#leave(flow, at);
    flows[at + cell.pps] = pps;
    if (before === null || (!isRunning && state !== flowState.paused)) return;
    const nowNs = isRunning ? this.#now() : this.#pausedNs[flow];
    const schedule = scheduleIn(flows, at);
    this.#startNs[flow] = startWithRate(schedule, next, before, nowNs);
    const timeline = timelineOf(schedule, this.#startNs[flow], this.#endNs[flow]);
    if (isRunning) this.#run(flow, at, timeline, next);
    else this.#timelines[flow] = timeline;
  }

  /** It is no flow any more: its frames are stale from now on. */
  remove(flow: number): void {
    this.stop(flow);
    const { flows, heads, shape } = this.#memory;
    heads[flow] = unusedHead(shape.trial, flow);
    // The next flow in this slot begins with nothing.
    this.#lanes.restart(flow);
    this.#timelines[flow] = null;
    flows[flow * cell.doubles + cell.state] = flowState.none;
  }

  #run(flow: number, at: number, timeline: Timeline, next: number): void {
    const { flows } = this.#memory;
    this.#timelines[flow] = timeline;
    const pps = flows[at + cell.pps];
    flows[at + cell.toleranceNs] = Math.max(lateToleranceNs, (lateToleranceShare * 1e9) / pps);
    this.departures.insert(flow, timeline, next);
    flows[at + cell.state] = flowState.running;
    this.totalPps += pps;
    this.running++;
    // Its time may be over, or have no slot.
    if (next >= timeline.frames) this.#end(flow, at, 1);
  }

  /** Out of the order of departures; its state is the caller's. */
  #leave(flow: number, at: number): void {
    const { flows } = this.#memory;
    if (flows[at + cell.state] !== flowState.running) return;
    this.departures.remove(flow);
    this.running--;
    this.totalPps = this.running === 0 ? 0 : this.totalPps - flows[at + cell.pps];
  }

  #end(flow: number, at: number, endedItself: number): void {
    const { flows } = this.#memory;
    this.#leave(flow, at);
    flows[at + cell.endedItself] = endedItself;
    flows[at + cell.stoppedNs] = this.#now();
    flows[at + cell.state] = flowState.stopped;
  }

  /** Slots that are due and were not dealt with. */
  #overdue(flow: number): number {
    const next = this.departures.slotOf(flow);
    return Math.max(0, this.#timelines[flow]!.dueBefore(this.#now() + 1, next) - next);
  }

  #now(): number {
    this.#clock.read();
    return Math.round(this.#clock.nowNs);
  }

  /** When the flows of a batch begin: all at one time. */
  #startOf(batch: number, of: number): number {
    if (batch !== this.#batch) this.#batchNs = this.#now() + leadNs + leadNsEach * of;
    this.#batch = batch;
    return this.#batchNs;
  }
}

/** What a start sets to 0. */
const clearedCells = [
  cell.published,
  cell.bytes,
  cell.late,
  cell.blocked,
  cell.missed,
  cell.endedItself,
  cell.gone,
  cell.goneBytes,
  cell.corrupt,
  cell.stale,
  cell.elsewhere,
  cell.moreBytes,
  cell.recognised,
] as const;

/** No frame begins with it: generations count from 1. */
const unusedHead = (trial: number, flow: number): number => signatureHead(trial, flow) | 0;
