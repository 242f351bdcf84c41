/** The schedule of one flow: a timeline that is moved by pauses and changed in rate. */
import { Bursts, Continuous, type Timeline } from "../../stream/departures/timeline.js";
import { flowCell } from "./session-memory.js";

/** What a flow's cells say of its schedule. */
export interface FlowSchedule {
  readonly pps: number;
  /** Slots before so much time of sending; Infinity: no end. */
  readonly durationNs: number;
  /** 0: without a break. */
  readonly burstFrames: number;
  readonly bursts: number;
  readonly gapNs: number;
}

export function scheduleIn(flows: Float64Array, at: number): FlowSchedule {
  return {
    pps: flows[at + flowCell.pps],
    durationNs: flows[at + flowCell.durationNs],
    burstFrames: flows[at + flowCell.burstFrames],
    bursts: flows[at + flowCell.bursts],
    gapNs: flows[at + flowCell.gapNs],
  };
}

/** From `startNs` on, with the slots that are due before `endNs`. */
export function timelineOf(schedule: FlowSchedule, startNs: number, endNs: number): Timeline {
  const { pps, burstFrames, bursts, gapNs } = schedule;
  const whole =
    burstFrames > 0
      ? new Bursts(pps, startNs, burstFrames, bursts, gapNs)
      : new Continuous(pps, startNs, Number.POSITIVE_INFINITY);
  if (endNs === Number.POSITIVE_INFINITY) return whole;
  return new EndingTimeline(whole, whole.dueBefore(endNs, 0));
}

/** The first `frames` of another. */
class EndingTimeline implements Timeline {
  readonly frames: number;
  readonly steady: Timeline["steady"];
  readonly endNs: number;
  readonly #whole: Timeline;

  constructor(whole: Timeline, frames: number) {
    this.#whole = whole;
    this.frames = Math.min(whole.frames, frames);
    this.steady = whole.steady;
    this.endNs = whole.endNs;
  }

  dueNs(k: number): number {
    return this.#whole.dueNs(k);
  }

  dueBefore(ns: number, from: number): number {
    return Math.min(this.frames, this.#whole.dueBefore(ns, from));
  }
}

/**
 * Where a schedule with another rate begins, so that slot `next` is its next one: the slot before stays where it was, and
 * the gap to `next` is the new one. No slot moves before `nowNs`.
 */
export function startWithRate(changed: FlowSchedule, next: number, before: Timeline, nowNs: number): number {
  const fromZero = timelineOf(changed, 0, Number.POSITIVE_INFINITY);
  const wantedNs =
    next === 0
      ? Math.min(before.dueNs(0), nowNs + Math.round(1e9 / changed.pps))
      : before.dueNs(next - 1) + fromZero.dueNs(next) - fromZero.dueNs(next - 1);
  return Math.max(nowNs, wantedNs) - fromZero.dueNs(next);
}
