/**
 * A session's loops on real rings over one buffer, with a clock that only moves when told. The device takes what was sent
 * when a test says so, and does with it whatever the test says. Commands go the way that a session's go.
 */

import { createJob } from "../../src/engine/generator/job.js";
import type { JobContext } from "../../src/engine/loop/job.js";
import { trafficTurn } from "../../src/engine/loop/traffic.js";
import { type Command, CommandWriter, commandKind } from "../../src/engine/session/commands.js";
import { SessionLoop } from "../../src/engine/session/session-loop.js";
import { allocateSession, SessionMemory } from "../../src/engine/session/session-memory.js";
import { concerns } from "../../src/session/commander.js";
import { compileFlow, flowPps } from "../../src/session/compile-flow.js";
import { FlowTable, type TableFlow } from "../../src/session/flow-table.js";
import { RateBook } from "../../src/session/rate-book.js";
import { Sampler, type SamplerPort } from "../../src/session/sampler.js";
import type { FlowCounters, FlowHistograms, FlowSpec, SessionSnapshot } from "../../src/session/types.js";
import { defaultPlainTraffic, layersOf } from "../../src/stream/spec.js";
import { fixedSize } from "../../src/units.js";
import { Space, Wire } from "./forward-wire.js";

export interface SimFrame {
  readonly port: number;
  readonly queue: number;
  readonly atNs: number;
  readonly frame: Uint8Array;
}

/** Where a frame that was sent on a port comes in: ports, as often as it comes. */
export type SimDevice = (frame: Uint8Array, port: number) => readonly number[];

export const settleNs = 4_000_000;

/** A port as samples know it. */
export const simPort = (name: string): SamplerPort => ({
  ...{ name, isUp: () => true, hasCapture: () => false },
  drops: () => ({ receiveDrops: null, sendDrops: null }),
});

export class SessionSim {
  readonly memory: SessionMemory;
  readonly table: FlowTable;
  /** One a part; and the first of them. */
  readonly loops: readonly SessionLoop[];
  readonly loop: SessionLoop;
  readonly wires: Wire[];
  readonly flows = new Map<string, TableFlow>();
  readonly posted: unknown[] = [];
  /** All frames that the device took. */
  readonly taken: SimFrame[] = [];
  /** Frames that came for a port whose ring was full. */
  overrun = 0;
  nowNs = 5e9;
  readNs = 20;
  turnNs = 500;
  readonly #space: Space;
  readonly #slots: number;
  readonly #queuesOf: number[];
  /** Ports whose peer takes nothing now. */
  readonly still = new Set<number>();
  /** Parts whose threads have no CPU now. */
  readonly stalled = new Set<number>();
  readonly #writers: readonly CommandWriter[];
  readonly #sampler: Sampler;
  readonly #rates: RateBook;
  #batch = 0;

  /** `queues`: of each port. `partOf`: by port; absent: there is one part. */
  constructor(ports = 2, capacity = 64, slots = 256, queues = 1, partOf: readonly number[] = Array(ports).fill(0)) {
    const moreQueues = Array.from({ length: ports * (queues - 1) }, (_, k) => k % ports);
    const shape = { capacity, lanes: 2 * capacity, ports, moreQueues, partOf, trial: 0x747001, heapBytes: 1 << 22 };
    const buffers = allocateSession(shape);
    // The rest is for peers that come back.
    const space = new Space((16 + ports * queues * (2 + slots / 64)) * 2 ** 20);
    this.#space = space;
    this.#slots = slots;
    this.#queuesOf = Array.from({ length: ports }, () => queues);
    this.memory = new SessionMemory(buffers);
    this.table = new FlowTable(this.memory);
    this.#writers = Array.from(
      { length: this.memory.parts },
      (_, part) => new CommandWriter(new SessionMemory(buffers, part)),
    );
    this.wires = Array.from(
      { length: ports },
      () => new Wire(space, "driver", { format: "packed", queues, size: slots }),
    );
    const nowNs = (): number => {
      this.nowNs += this.readNs;
      return this.nowNs;
    };
    const context: JobContext = {
      ...{ memory: space.memory, options: null, counters: new Float64Array(1), nowNs, busy: true },
      ...{ inUse: { port: 0 }, sleeps: () => 0, post: (event) => this.posted.push(event) },
    };
    this.loops = this.#writers.map((_, part) => new SessionLoop(context, { session: buffers, part }, createJob));
    this.loop = this.loops[0]!;
    const { epochNs } = this.loop.clock;
    for (const loop of this.loops.slice(1)) loop.command({ kind: "begin", epochNs });
    for (const [port, wire] of this.wires.entries()) this.attach(port, wire.port());
    const names = this.wires.map((_, port) => simPort(`p${port}`));
    this.#sampler = new Sampler(this.memory, names, settleNs);
    this.#rates = new RateBook(this.memory);
  }

  add(...specs: readonly FlowSpec[]): void {
    const plans = specs.map((spec) => {
      const compiled = compileFlow(spec);
      const pps = flowPps(spec.rate, compiled.meanFrameBytes, null, spec.name);
      return { compiled, pps, from: portOf(spec.from), to: spec.to.map(portOf) };
    });
    const { flows, orders } = this.table.admit(plans);
    for (const order of orders) this.say([this.table.orderCommand(order).command]);
    this.say(flows.map(({ slot }) => ({ kind: commandKind.learn, slot })));
    for (const flow of flows) this.flows.set(flow.spec.name, flow);
  }

  remove(name: string, device: SimDevice = straight): void {
    this.command("remove", [name]);
    this.settleCommands(device);
    this.command("forget", [name]);
    this.settleCommands(device);
    const flow = this.flows.get(name)!;
    this.flows.delete(name);
    for (const order of this.table.release([flow])) this.say([this.table.orderCommand(order).command]);
  }

  command(kind: keyof typeof commandKind, names: readonly string[], value?: number): void {
    const batch = ++this.#batch;
    this.say(
      names.map((name, place) => {
        const { slot } = this.flows.get(name)!;
        return { kind: commandKind[kind], slot, value: value ?? place, batch, length: names.length };
      }),
    );
  }

  say(commands: readonly Command[]): void {
    for (const [part, writer] of this.#writers.entries()) {
      writer.write(commands.filter((command) => concerns(command, part, this.memory)));
    }
  }

  /** Turns until all commands are done. */
  settleCommands(device: SimDevice = straight): void {
    const isDone = (): boolean => this.#writers.every(({ room }) => room === 8192);
    const before = this.#writers.map(({ room }) => room);
    for (let turn = 0; turn < 10_000 && !isDone(); turn++) this.turn(device);
    if (!isDone()) throw new Error(`commands stay: ${before.join(", ")}`);
  }

  attach(port: number, open: Parameters<SessionLoop["attach"]>[1]): void {
    for (const loop of this.loops) loop.attach(port, open);
  }

  /** The peer of a port is gone, with what lies in its rings, and another one comes. */
  replug(port: number, queues = this.#queuesOf[port]!, betweenNs = 0, device: SimDevice = straight): void {
    this.attach(port, null);
    this.#queuesOf[port] = 0;
    this.run(betweenNs, device);
    this.#queuesOf[port] = queues;
    this.wires[port] = new Wire(this.#space, "driver", { format: "packed", queues, size: this.#slots });
    this.attach(port, this.wires[port].port());
  }

  turn(device: SimDevice = straight): void {
    for (const [part, loop] of this.loops.entries()) if (!this.stalled.has(part)) trafficTurn(loop);
    for (const [port, wire] of this.wires.entries()) {
      if (this.still.has(port)) continue;
      for (let queue = 0; queue < this.#queuesOf[port]!; queue++) {
        for (const frame of wire.receive(queue)) {
          this.taken.push({ port, queue, atNs: this.nowNs, frame });
          for (const to of device(frame, port)) this.overrun += 1 - this.wires[to]!.send(queue, [frame]);
        }
      }
    }
    this.nowNs += this.turnNs;
  }

  run(ns: number, device: SimDevice = straight): void {
    for (const endNs = this.nowNs + ns; this.nowNs < endNs; ) this.turn(device);
  }

  /** Until nothing more comes. */
  quiet(device: SimDevice = straight): void {
    this.run(2 * settleNs, device);
  }

  snapshot(): SessionSnapshot {
    this.#rates.note(this.flows.values(), this.loop.clock.nowNs);
    return this.#sampler.sample(this.flows.values(), this.loop.clock.nowNs, this.#rates);
  }

  histogramsOf(name: string): FlowHistograms {
    return this.#sampler.histogramsOf(this.flows.get(name)!);
  }

  counters(name: string): FlowCounters {
    return this.snapshot().flows.find((flow) => flow.name === name)!;
  }
}

const portOf = (name: string): number => Number(name.slice(1));

/** What goes into a port comes out of its neighbour: 0 ↔ 1, 2 ↔ 3. */
export const straight: SimDevice = (_, port) => [port ^ 1];

/** A flow of UDP from port 0 to port 1 that differs from others by its number. */
export const simFlow = (name: string, number: number, changes: Partial<FlowSpec> = {}): FlowSpec => ({
  name,
  from: "p0",
  to: ["p1"],
  frames: { kind: "stream", layers: layersOf(defaultPlainTraffic, number), size: fixedSize(64) },
  rate: { kind: "pps", pps: 100_000 },
  ...changes,
});
