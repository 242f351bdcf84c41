/** A generator job on two ports, and a device between them that does with the frames whatever a test says. */

import { createJob } from "../../../src/engine/generator/job.js";
import type { Job } from "../../../src/engine/loop/job.js";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import type { GeneratorCommand } from "../../../src/engine/trial/commands.js";
import { generatorCounter } from "../../../src/engine/trial/counters.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { reverseFirstStream, reverseStream } from "../../../src/stream/reverse.js";
import { Space, Wire } from "../../support/forward-wire.js";
import { baseOrder } from "../../support/generator-sim.js";

/** Port 0 is --tx, port 1 is --rx. What came in on a port: which frames go out on which. */
export type Between = (frames: Uint8Array[], port: 0 | 1, nowNs: number) => { port: 0 | 1; frame: Uint8Array }[];

export const across: Between = (frames, port) => frames.map((frame) => ({ port: port === 0 ? 1 : 0, frame }));

export const bothWays = (changes: Partial<TrialSpec> = {}): TrialSpec[] => {
  const forward = { ...baseOrder, ...changes };
  return [forward, { ...forward, stream: reverseStream(forward.stream), firstStream: reverseFirstStream }];
};

export class DirectionsSim {
  readonly wires: readonly [Wire, Wire];
  readonly job: Job;
  readonly counters = new Float64Array(generatorCounter.slots);
  nowNs = 5e9;
  done = false;
  turnNs = 1000;

  constructor(options: object = {}) {
    const space = new Space(64 * 2 ** 20);
    const all = { format: "packed", queues: 1, size: 256 } as const;
    this.wires = [new Wire(space, "driver", all), new Wire(space, "driver", all)];
    this.job = createJob({
      memory: space.memory,
      options: { ports: 2, ...options },
      counters: this.counters,
      nowNs: () => {
        this.nowNs += 20;
        return this.nowNs;
      },
      post: () => {
        this.done = true;
      },
      sleeps: () => 0,
      inUse: { port: 0 },
      busy: true,
    });
    for (const [index, wire] of this.wires.entries()) this.job.attach(index, wire.port());
  }

  command(command: GeneratorCommand): unknown {
    return this.job.command(command);
  }

  turn(device: Between): void {
    this.job.step();
    for (const port of [0, 1] as const) {
      for (const { port: to, frame } of device(this.wires[port].receive(0), port, this.nowNs)) {
        this.wires[to].send(0, [frame]);
      }
    }
    this.nowNs += this.turnNs;
  }

  /** Steps until what was begun says that it is done. */
  finish(device: Between, turns = 2_000_000): void {
    for (let turn = 0; turn < turns && !this.done; turn++) this.turn(device);
    if (!this.done) throw new Error("it did not end");
  }

  run(specs: readonly TrialSpec[], device: Between): TrialReport[] {
    this.done = false;
    this.command({ kind: "trial", specs });
    this.finish(device);
    return this.command({ kind: "report" }) as TrialReport[];
  }
}
