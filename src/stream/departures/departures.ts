/**
 * The departures of many streams in one order: first the stream whose next frame is due first. A binary heap over typed
 * arrays finds it, so that a departure costs O(log n) and allocates nothing. Equal times go by the order of the
 * streams.
 *
 * Times lie in the heap itself, the two children next to each other. A stream that sends without a break advances its
 * time by adding whole ns, and a remainder in frames. That is as exact as DepartureSchedule.intendedNs, without a
 * division.
 */
import type { Timeline } from "./timeline.js";

/** A stream's row: next frame's number, frames in all, and of continuous ones ns = whole + rest / frames a frame. */
const row = { slot: 0, end: 1, wholeNs: 2, rest: 3, frames: 4, remainder: 5, doubles: 8 } as const;
/**
 * Of a run that was looked at: how many frames, how many of them are late; when the one after is due (NaN: that was not
 * looked at), and its remainder.
 */
const run = { frames: 0, late: 1, dueNs: 2, remainder: 3, doubles: 4 } as const;

export class Departures {
  readonly #timelines: Timeline[];
  readonly #rows: Float64Array;
  /** By place in the heap: when it is due, and which stream. Place 0 is not used. */
  readonly #dueNs: Float64Array;
  readonly #streams: Int32Array;
  readonly #run = new Float64Array(run.doubles);
  #size = 0;

  /** `capacity`: numbers of streams that `insert` may use; absent: there are no others than these. */
  constructor(timelines: readonly Timeline[], capacity = timelines.length) {
    this.#timelines = [...timelines];
    this.#rows = new Float64Array(capacity * row.doubles);
    this.#dueNs = new Float64Array(capacity + 3).fill(Number.POSITIVE_INFINITY);
    this.#streams = new Int32Array(capacity + 3);
    for (const [stream, timeline] of timelines.entries()) this.insert(stream, timeline, 0);
  }

  /** A stream that is not in the order comes in, with frame `slot` of this timeline as its next one. Others stay as they are. */
  insert(stream: number, timeline: Timeline, slot: number): void {
    const rows = this.#rows;
    const at = stream * row.doubles;
    this.#timelines[stream] = timeline;
    rows[at + row.slot] = slot;
    rows[at + row.end] = timeline.frames;
    rows[at + row.frames] = 0;
    if (timeline.steady !== null) {
      const { wholeNs, rest, frames, remainder } = timeline.steady;
      const left = (remainder + (slot % frames) * rest) % frames;
      rows.set([wholeNs, rest, frames, left < 0 ? left + frames : left], at + row.wholeNs);
    }
    if (slot < timeline.frames) this.#rise(++this.#size, timeline.dueNs(slot), stream);
  }

  /** Takes a stream out of the order. Others stay as they are. false: it was not in it. */
  remove(stream: number): boolean {
    const place = this.#placeOf(stream);
    if (place < 0) return false;
    const last = this.#size--;
    const [dueNs, moved] = [this.#dueNs[last], this.#streams[last]];
    this.#dueNs[last] = Number.POSITIVE_INFINITY;
    if (place < last) this.#sink(place, dueNs, moved);
    return true;
  }

  /** When a stream's next frame is due; Infinity: it is not in the order. */
  dueNsOf(stream: number): number {
    const place = this.#placeOf(stream);
    return place < 0 ? Number.POSITIVE_INFINITY : this.#dueNs[place];
  }

  /** The number of a stream's next frame. */
  slotOf(stream: number): number {
    return this.#rows[stream * row.doubles + row.slot];
  }

  /** Leaves out the frames of the first stream that are due before `ns`; returns how many. */
  skipFirst(ns: number): number {
    const stream = this.#streams[1];
    const slot = this.slotOf(stream);
    const timeline = this.#timelines[stream];
    const next = timeline.dueBefore(ns, slot);
    this.#removeFirst();
    this.insert(stream, timeline, next);
    return next - slot;
  }

  #placeOf(stream: number): number {
    const place = this.#streams.indexOf(stream, 1);
    return place > this.#size ? -1 : place;
  }

  /** No stream has a frame left. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** When the next frame is due; Infinity: there is none. */
  get nextNs(): number {
    return this.#dueNs[1];
  }

  /** Which stream's it is. */
  get stream(): number {
    return this.#streams[1];
  }

  /** Which of that stream's. */
  get slot(): number {
    return this.#rows[this.#streams[1] * row.doubles + row.slot];
  }

  /** Goes to the next departure. */
  advance(): void {
    const stream = this.#streams[1];
    const rows = this.#rows;
    const at = stream * row.doubles;
    const slot = rows[at + row.slot] + 1;
    rows[at + row.slot] = slot;
    if (slot >= rows[at + row.end]) this.#removeFirst();
    else this.#sink(1, rows[at + row.frames] > 0 ? this.#carryOn(at) : this.#timelines[stream].dueNs(slot), stream);
  }

  /**
   * How many of the next departures, `most` at most, are the first stream's and due at `nowNs`: at least the first one,
   * which must be due. `advanceRun` goes on behind them. Streams whose gaps differ have runs of one.
   */
  runAt(nowNs: number, most: number, toleranceNs: number): number {
    const stream = this.#streams[1];
    const rows = this.#rows;
    const at = stream * row.doubles;
    const cells = this.#run;
    const frames = rows[at + row.frames];
    let dueNs = this.#dueNs[1];
    let late = nowNs - dueNs > toleranceNs ? 1 : 0;
    let n = 1;
    if (most > 1 && frames > 0) {
      const left = Math.min(most, rows[at + row.end] - rows[at + row.slot]);
      const [wholeNs, rest] = [rows[at + row.wholeNs], rows[at + row.rest]];
      const untilNs = this.#firstUntil(stream, nowNs);
      let remainder = rows[at + row.remainder];
      for (; ; n++) {
        // As in #carryOn.
        dueNs += wholeNs;
        remainder += rest;
        if (remainder < 0) {
          remainder += frames;
          dueNs--;
        } else if (remainder >= frames) {
          remainder -= frames;
          dueNs++;
        }
        if (n >= left || dueNs > untilNs) break;
        if (nowNs - dueNs > toleranceNs) late++;
      }
      cells[run.dueNs] = dueNs;
      cells[run.remainder] = remainder;
    } else cells[run.dueNs] = Number.NaN;
    cells[run.frames] = n;
    cells[run.late] = late;
    return n;
  }

  /** How many of the run were due by more than the tolerance before. */
  get lateInRun(): number {
    return this.#run[run.late];
  }

  /** Goes to the departure after the run that was looked at last. */
  advanceRun(): void {
    const dueNs = this.#run[run.dueNs];
    if (Number.isNaN(dueNs)) {
      this.advance();
      return;
    }
    const stream = this.#streams[1];
    const rows = this.#rows;
    const at = stream * row.doubles;
    const slot = rows[at + row.slot] + this.#run[run.frames];
    rows[at + row.slot] = slot;
    rows[at + row.remainder] = this.#run[run.remainder];
    if (slot >= rows[at + row.end]) this.#removeFirst();
    else this.#sink(1, dueNs, stream);
  }

  /** The stream has no frame left. */
  isOver(stream: number): boolean {
    const at = stream * row.doubles;
    return this.#rows[at + row.slot] >= this.#rows[at + row.end];
  }

  /** Up to when, `nowNs` at most, the first stream's departures come before all others'. */
  #firstUntil(stream: number, nowNs: number): number {
    const due = this.#dueNs;
    // Behind the last place lies Infinity.
    const second = due[3] < due[2] ? 3 : 2;
    if (due[second] > nowNs) return nowNs;
    const winsTies =
      due[2] === due[3] ? stream < Math.min(this.#streams[2], this.#streams[3]) : stream < this.#streams[second];
    return winsTies ? due[second] : due[second] - 1;
  }

  /** How many of the frames from the next one on are due before `ns`, per stream added to `into`; returns their sum. */
  dueBefore(ns: number, into?: Float64Array): number {
    let sum = 0;
    for (let place = 1; place <= this.#size; place++) {
      if (!(this.#dueNs[place] < ns)) continue;
      const stream = this.#streams[place];
      const slot = this.#rows[stream * row.doubles + row.slot];
      const due = this.#timelines[stream].dueBefore(ns, slot) - slot;
      if (into !== undefined) into[stream] += due;
      sum += due;
    }
    return sum;
  }

  /** When a continuous stream's frame after the first in the heap is due: ⌊k · rest / frames⌋ grows by 0 or ±1. */
  #carryOn(at: number): number {
    const rows = this.#rows;
    let dueNs = this.#dueNs[1] + rows[at + row.wholeNs];
    let remainder = rows[at + row.remainder] + rows[at + row.rest];
    if (remainder < 0) {
      remainder += rows[at + row.frames];
      dueNs--;
    } else if (remainder >= rows[at + row.frames]) {
      remainder -= rows[at + row.frames];
      dueNs++;
    }
    rows[at + row.remainder] = remainder;
    return dueNs;
  }

  #removeFirst(): void {
    const last = this.#size--;
    const dueNs = this.#dueNs[last];
    const stream = this.#streams[last];
    this.#dueNs[last] = Number.POSITIVE_INFINITY;
    if (last > 1) this.#sink(1, dueNs, stream);
  }

  /** From a place that is free: moves it down all the way first, where it mostly belongs, and then up to its place. */
  #sink(from: number, dueNs: number, stream: number): void {
    const due = this.#dueNs;
    const streams = this.#streams;
    const size = this.#size;
    let place = from;
    for (let child = 2 * from; child <= size; child = 2 * place) {
      // Behind the last place lies Infinity. Which child is first is unpredictable: adding costs half as much as a
      // jump.
      const left = due[child];
      const right = due[child + 1];
      let first = (child + Number(right < left)) | 0;
      if (right === left && child < size && streams[child + 1] < streams[child]) first = child + 1;
      due[place] = due[first];
      streams[place] = streams[first];
      place = first;
    }
    this.#rise(place, dueNs, stream);
  }

  #rise(from: number, dueNs: number, stream: number): void {
    const due = this.#dueNs;
    const streams = this.#streams;
    let place = from;
    while (place > 1) {
      const parent = place >> 1;
      if (due[parent] < dueNs || (due[parent] === dueNs && streams[parent] < stream)) break;
      due[place] = due[parent];
      streams[place] = streams[parent];
      place = parent;
    }
    due[place] = dueNs;
    streams[place] = stream;
  }
}
