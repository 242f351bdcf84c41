/** Several generators that have a trial together, on one clock, with real rings and a device between them all. */
import type { TrialSpec } from "../../src/engine/loop/trial-spec.js";
import { strayMemory } from "../../src/engine/receive/index.js";
import { splitTrial } from "../../src/engine/trial/split.js";
import type { TrialReport } from "../../src/stats/trial-report.js";
import { baseOrder, GeneratorSim } from "./generator-sim.js";

/** Where a frame comes back. */
export interface Back {
  readonly worker: number;
  readonly queue: number;
  readonly frame: Uint8Array;
}

export type CrewDevice = (frames: readonly Uint8Array[], worker: number, queue: number) => readonly Back[];

/** Each frame to the queue that it came from. */
export const echoToAll: CrewDevice = (frames, worker, queue) => frames.map((frame) => ({ worker, queue, frame }));

export class CrewSim {
  readonly sims: readonly GeneratorSim[];
  readonly #queues: number;

  /** `queues`: of all workers together. `tells`: they tell each other of frames that came in at the wrong one. */
  constructor(workers: number, queues: number, tells = true) {
    const memory = strayMemory(workers);
    this.#queues = queues;
    this.sims = Array.from(
      { length: workers },
      (_, worker) => new GeneratorSim({ queues: queues / workers }, tells ? { worker, memory } : undefined),
    );
  }

  /** A whole trial; the workers' reports. */
  run(changes: Partial<TrialSpec>, device: CrewDevice, turns = 500_000): TrialReport[] {
    const { sims } = this;
    const orders = splitTrial({ ...baseOrder, queues: this.#queues, ...changes }, sims.length);
    const startAtNs = Math.max(...sims.map(({ nowNs }) => nowNs)) + 1e6;
    for (const [w, sim] of sims.entries()) {
      sim.begin(orders[w]!);
      sim.command({ kind: "appoint", startAtNs });
    }
    for (let turn = 0; turn < turns && !sims.every(({ done }) => done); turn++) this.#turn(device);
    if (!sims.every(({ done }) => done)) throw new Error("the trial did not end");
    return sims.map((sim) => sim.report());
  }

  /** One clock: each goes on at the time at which the one before stopped. */
  #turn(device: CrewDevice): void {
    const { sims } = this;
    for (const [w, sim] of sims.entries()) {
      sim.nowNs = Math.max(sim.nowNs, sims.at(w - 1)!.nowNs);
      sim.turn((frames, queue) => {
        for (const { worker, queue: back, frame } of device(frames, w, queue)) sims[worker]!.wire.send(back, [frame]);
        return [];
      });
    }
  }
}
