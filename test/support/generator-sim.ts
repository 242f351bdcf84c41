/**
 * A generator job on real rings over one buffer, a clock that only moves when told, and a device side that does
 * with the frames whatever a test says: the whole engine but for threads and time.
 */

import { createJob } from "../../src/engine/generator/job.js";
import type { Job } from "../../src/engine/loop/job.js";
import type { TrialSpec } from "../../src/engine/loop/trial-spec.js";
import type { GeneratorCommand, GeneratorEvent } from "../../src/engine/trial/commands.js";
import { generatorCounter } from "../../src/engine/trial/counters.js";
import { LiveLatency, liveMemory } from "../../src/engine/trial/live-memory.js";
import { LoadSender } from "../../src/engine/trial/load-queue.js";
import { scheduleLeadNs, type TrialOptions } from "../../src/engine/trial/trial-traffic.js";
import type { Histogram } from "../../src/stats/histogram.js";
import type { TrialReport } from "../../src/stats/trial-report.js";
import { fixedSize } from "../../src/units.js";
import { Space, Wire, type WireOptions } from "./forward-wire.js";
import { defaultTraffic } from "./plain.js";

export const baseOrder: TrialSpec = {
  trial: 7,
  stream: defaultTraffic,
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "paced", pps: 100_000 },
  count: 1000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 50_000_000,
  integrity: false,
  cooperative: true,
};

/** What the device does with the frames that came in on a queue: which come back, on which queue. */
export type Device = (frames: Uint8Array[], queue: number, nowNs: number) => { queue: number; frame: Uint8Array }[];

export const echo: Device = (frames, queue) => frames.map((frame) => ({ queue, frame }));

export class GeneratorSim {
  readonly wire: Wire;
  readonly job: Job;
  readonly counters = new Float64Array(generatorCounter.slots);
  readonly live = liveMemory();
  readonly #turns = new LoadSender(this.live.turns);
  nowNs = 5e9;
  done = false;
  /** How much time it takes to read the clock. */
  readNs = 20;
  /** How much time a turn takes. */
  turnNs = 1000;
  readonly #queues: number;

  /** `strays`: it is one of several workers. `megabytes`: memory of its rings. */
  constructor(options: Partial<WireOptions> = {}, strays?: TrialOptions["strays"], megabytes = 64) {
    const all = { format: "packed", queues: 1, size: 256, ...options } as const;
    this.#queues = all.queues;
    this.wire = new Wire(new Space(megabytes * 2 ** 20), "driver", all);
    this.job = createJob({
      memory: this.wire.port().memory,
      options: { ports: 1, live: this.live, ...(strays === undefined ? {} : { strays }) } satisfies TrialOptions,
      counters: this.counters,
      nowNs: () => {
        // Each read takes a little, so that loops which wait for the clock come to an end.
        this.nowNs += this.readNs;
        return this.nowNs;
      },
      post: (event) => {
        if ((event as GeneratorEvent).kind === "done") this.done = true;
      },
      sleeps: () => 0,
      inUse: { port: 0 },
      busy: true,
    });
    this.job.attach(0, this.wire.port());
  }

  command(command: GeneratorCommand): unknown {
    return this.job.command(command);
  }

  begin(changes: Partial<TrialSpec>): void {
    this.done = false;
    this.command({ kind: "trial", specs: [{ ...baseOrder, queues: this.#queues, ...changes }] });
  }

  /** Somebody changes the load: `speed` of the schedule from now on. `stream` −1: of all. */
  change(speed: number, totalPps: number, stream = -1, atNs = this.nowNs): void {
    this.#turns.send([{ stream, speed, totalPps, atNs, trial: baseOrder.trial }]);
  }

  /** Somebody gives the trial more time. */
  extend(addNs: number, trial = baseOrder.trial): void {
    this.#turns.send([{ stream: -1, speed: 1, totalPps: 0, atNs: this.nowNs, trial, addNs }]);
  }

  /** Of all frames until now. */
  latency(): Histogram {
    return new LiveLatency(this.live.latency).read();
  }

  /** The time at which a paced trial that begins now will have sent for so long. */
  after(ns: number): number {
    return this.nowNs + scheduleLeadNs + ns;
  }

  /** One turn of the generator, one of the device. */
  turn(device: Device): void {
    this.job.step();
    for (let queue = 0; queue < this.#queues; queue++) {
      for (const { queue: back, frame } of device(this.wire.receive(queue), queue, this.nowNs)) {
        this.wire.send(back, [frame]);
      }
    }
    this.nowNs += this.turnNs;
  }

  /** A whole trial. */
  run(changes: Partial<TrialSpec>, device: Device, turns = 2_000_000): TrialReport {
    this.begin(changes);
    for (let turn = 0; turn < turns && !this.done; turn++) this.turn(device);
    if (!this.done) throw new Error("the trial did not end");
    return this.report();
  }

  report(): TrialReport {
    return (this.command({ kind: "report" }) as TrialReport[])[0]!;
  }
}
