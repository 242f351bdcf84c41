/**
 * On which receive queues the frames of each flow came out: a table of flows × queues, made once. Flows that do not fit
 * are counted together, by stream. With one queue there is no table.
 */

import { flowsKept } from "../../stats/trial-report.js";
import { type FlowMap, flowMap } from "../../stream/frames/flows.js";
import type { FlowReceive, FlowsReceive, TrialSpec } from "../loop/index.js";

/** Flows that are told apart. */
const mostFlows = 4096;

export class FlowQueues {
  readonly #queues: number;
  readonly #maps: readonly (FlowMap | null)[];
  /** By stream: the place of its first flow. A stream whose flows cannot be told apart has one place. */
  readonly #firsts: readonly number[];
  readonly #counts: Float64Array;

  constructor(spec: TrialSpec, queues: number) {
    const traffic = spec.stream;
    this.#queues = queues;
    let places = 0;
    const maps: (FlowMap | null)[] = [];
    const firsts: number[] = [];
    for (const index of traffic.streams.keys()) {
      const left = mostFlows - places;
      const map = left <= 0 ? null : flowMap(traffic, index, spec.size, left);
      maps.push(map);
      firsts.push(places);
      places += map?.flows ?? 1;
    }
    this.#maps = maps;
    this.#firsts = firsts;
    this.#counts = new Float64Array(places * queues);
  }

  /** Frame `index` of a stream came out of a queue. Hot. */
  note(stream: number, index: number, queue: number): void {
    const map = this.#maps[stream];
    const flow = map === null ? 0 : map.flowOf[index % map.flowOf.length];
    this.#counts[(this.#firsts[stream] + flow) * this.#queues + queue]++;
  }

  /** Frames index, index + step … of the first stream: `count` of them. */
  noteRun(index: number, step: number, count: number, queue: number): void {
    const map = this.#maps[0];
    if (map === null) {
      this.#counts[queue] += count;
      return;
    }
    const { flowOf } = map;
    const period = flowOf.length;
    const by = step % period;
    let at = index % period;
    // Whole rounds of the flows are counted at once: runs are long where flows are few.
    const round = by === 0 ? 1 : period / divisor(period, by);
    const rounds = Math.floor(count / round);
    if (rounds > 0) {
      for (let i = 0; i < round; i++) {
        this.#counts[flowOf[at] * this.#queues + queue] += rounds;
        at = at + by >= period ? at + by - period : at + by;
      }
    }
    for (let i = rounds * round; i < count; i++) {
      this.#counts[flowOf[at] * this.#queues + queue]++;
      at = at + by >= period ? at + by - period : at + by;
    }
  }

  report(): FlowsReceive {
    const list: FlowReceive[] = [];
    let more = 0;
    for (const [stream, map] of this.#maps.entries()) {
      for (let flow = 0; flow < (map?.flows ?? 1); flow++) {
        if (list.length >= flowsKept) {
          more++;
          continue;
        }
        const from = (this.#firsts[stream] + flow) * this.#queues;
        list.push({
          stream,
          flow: map?.nameOf(flow) ?? null,
          queues: [...this.#counts.slice(from, from + this.#queues)],
        });
      }
    }
    return { list, more };
  }
}

function divisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
