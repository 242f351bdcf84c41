/**
 * A replay job on real rings over one buffer. The clock moves only when told, and the device side of each ring does
 * what a test says. Threads and time are all that is missing.
 */
import type { Job } from "../../src/engine/loop/job.js";
import { PipeReader, PipeWriter, pipeBytesOf, pipeWord } from "../../src/engine/pipe/frame-pipe.js";
import { createJob } from "../../src/engine/replay/job.js";
import {
  type ReplayCommand,
  type ReplayReport,
  type ReplaySpec,
  replayCounter,
  replayPhase,
} from "../../src/engine/replay/spec.js";
import { Space, Wire, type WireOptions } from "./forward-wire.js";

/** A frame of a capture: its bytes are `length` times its number in the capture. */
export interface FileFrame {
  readonly timeNs: number;
  readonly length?: number;
  readonly port?: number;
  readonly spread?: number;
  readonly loop?: number;
}

/** `count` frames, one every `gapNs`. */
export const everyNs = (gapNs: number, count: number, more: Partial<FileFrame> = {}): FileFrame[] =>
  Array.from({ length: count }, (_, i) => ({ ...more, timeNs: i * gapNs }));

/** A frame that the device took, or that the recorder saw. */
export interface SeenFrame {
  /** ns since the replay began. */
  readonly atNs: number;
  readonly port: number;
  readonly queue: number;
  /** Which frame of the capture it is. */
  readonly id: number;
  readonly length: number;
}

/** What the device does in its turn. */
export type Device = (sim: ReplaySim) => void;

/** Takes everything. */
export const sink: Device = (sim) => {
  sim.take();
};

/** Sends everything back where it came from. */
export const echo: Device = (sim) => {
  for (const { port, queue, frame } of sim.take()) sim.wires[port]!.send(queue, [frame]);
};

/** Takes nothing. */
export const silent: Device = () => {};

interface SimOptions extends Partial<WireOptions> {
  readonly ports?: number;
  readonly senders?: 1 | 2;
}

const pipeFrames = 4096;
const dataBytes = 1024 * 1024;

export class ReplaySim {
  readonly wires: readonly Wire[];
  readonly job: Job;
  readonly counters = new Float64Array(replayCounter.slots);
  readonly inUse = { port: 0 };
  /** Every frame that the device took. */
  readonly taken: SeenFrame[] = [];
  nowNs = 5e9;
  done = false;
  /** How much time a turn takes. Less than the loop's spin, so that it misses no departure. */
  turnNs = 400;
  /** How much time a look at the clock takes, so that loops which wait for it come to an end. */
  readNs = 20;
  readonly #space = new Space(64 * 2 ** 20);
  readonly #queues: number;
  readonly #pipe = this.#allocate();
  readonly #sent = this.#allocate();
  readonly #writer = new PipeWriter(this.#space.memory, this.#pipe);
  #beganNs = Number.NaN;

  constructor({ ports = 1, senders = 1, ...options }: SimOptions = {}) {
    const wire = { format: "packed", queues: 1, size: 256, ...options } as const;
    this.#queues = wire.queues;
    this.wires = Array.from({ length: ports }, () => new Wire(this.#space, "driver", wire));
    this.job = createJob({
      memory: this.#space.memory,
      options: { ports, senders },
      counters: this.counters,
      nowNs: () => {
        this.nowNs += this.readNs;
        return this.nowNs;
      },
      post: () => {
        this.done = true;
      },
      sleeps: () => 0,
      inUse: this.inUse,
      busy: true,
    });
    this.wires.forEach((wire, port) => {
      this.job.attach(port, wire.port());
    });
  }

  /** Since the replay began: the first frame of a file is due at 0. */
  get timeNs(): number {
    return this.nowNs - this.#beganNs;
  }

  /** Puts frames into the pipe, as a capture's reader does. */
  feed(frames: readonly FileFrame[]): void {
    for (const [id, { timeNs, length = 60, port = 0, spread = 0, loop = 0 }] of frames.entries()) {
      const at = this.#writer.place(length);
      this.#space.memory.u8.fill(id & 0xff, at, at + length);
      this.#writer.commit(timeNs, length, port, loop, spread);
    }
    this.#writer.publish();
  }

  /** Nothing comes into the pipe any more. */
  endFeed(): void {
    this.#writer.end();
  }

  command(command: ReplayCommand): unknown {
    return this.job.command(command);
  }

  spec(changes: Partial<ReplaySpec> = {}): ReplaySpec {
    return {
      pipe: this.#pipe,
      pace: { kind: "original", speed: 1 },
      loops: 1,
      loopDelayNs: 0,
      count: Number.POSITIVE_INFINITY,
      durationNs: Number.POSITIVE_INFINITY,
      settleNs: 1_000_000,
      awaited: null,
      cooperative: true,
      recordTx: this.#sent,
      recordRx: null,
      ...changes,
    };
  }

  begin(changes: Partial<ReplaySpec> = {}): void {
    const spec = this.spec(changes);
    this.done = false;
    this.command({ kind: "replay", spec });
  }

  /** One turn of the replay, one of the device. */
  turn(device: Device): void {
    const moved = this.job.step();
    // The first turn that finds frames starts the clock.
    if (Number.isNaN(this.#beganNs) && moved > 0) this.#beganNs = this.nowNs;
    device(this);
    this.nowNs += this.turnNs;
  }

  /** Turns until `isReached`. */
  until(isReached: () => boolean, device: Device, turns = 2_000_000): void {
    for (let turn = 0; turn < turns && !isReached(); turn++) this.turn(device);
    if (!isReached()) throw new Error("the replay did not get there");
  }

  /** A whole replay of these frames. */
  run(frames: readonly FileFrame[], changes: Partial<ReplaySpec> = {}, device: Device = sink): ReplayReport {
    this.feed(frames);
    this.endFeed();
    this.begin(changes);
    this.until(() => this.done, device);
    return this.report();
  }

  report(): ReplayReport {
    return this.command({ kind: "report" }) as ReplayReport;
  }

  /** The device takes all frames that wait for it. */
  take(): { readonly port: number; readonly queue: number; readonly frame: Uint8Array }[] {
    const frames = this.wires.flatMap((wire, port) =>
      Array.from({ length: this.#queues }, (_, queue) =>
        wire.receive(queue).map((frame) => ({ port, queue, frame })),
      ).flat(),
    );
    for (const { port, queue, frame } of frames) {
      this.taken.push({ atNs: this.timeNs, port, queue, id: frame[0]!, length: frame.length });
    }
    return frames;
  }

  /** Departures as the recorder saw them, from the first one on. Call it once. */
  departures(): number[] {
    const reader = new PipeReader(this.#space.memory, this.#sent);
    const times = Array.from({ length: reader.available() }, (_, i) => reader.timeNs(reader.at(i)));
    return times.map((timeNs) => timeNs - times[0]!);
  }

  /** The peer of a port goes away. */
  lose(port: number): void {
    this.job.attach(port, null);
  }

  isAt(phase: keyof typeof replayPhase): boolean {
    return this.counters[replayCounter.phase] === replayPhase[phase];
  }

  #allocate() {
    return {
      offset: this.#space.take(pipeBytesOf(pipeFrames, dataBytes)),
      frames: pipeFrames,
      dataBytes,
      control: new SharedArrayBuffer(4 * pipeWord.words),
    };
  }
}
