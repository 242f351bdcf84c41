/**
 * One part of the embedded device under test. The host's part is a forwarder with two vhost ports. The container's part
 * is one with a port that is paired with itself. Each runs in its own thread, or both in one. The thread that starts a
 * part serves its control sockets. Alone, a part serves any other vhost-user program.
 */

import type { FaultSpec, Injected } from "../../engine/forward/fault-spec.js";
import {
  type ForwardCommand,
  type ForwardersCommand,
  type ForwardFaults,
  type ForwardJobOptions,
  type ForwardQueueCounters,
  faultStorageBytes,
  forwardersCounters,
  forwardersSlots,
  readForwardCounters,
} from "../../engine/forward/index.js";
import { defaultPeerMac, type ForwardMode, type MacBytes, vhostPortMac } from "../../engine/forward/modes.js";
import { startLoopWorker } from "../../engine/worker/index.js";
import { PktgenError, usageError } from "../../errors.js";
import { openPort, parsePortSpec } from "../../port/index.js";
import type { Port, PortFacts } from "../../port/port.js";
import { arena } from "../../sys/arena.js";
import type { DeviceHopCounters } from "../dut.js";

export type EmbeddedPartName = "host" | "container";

export interface EmbeddedPartOptions {
  readonly part: EmbeddedPartName;
  /** Port specs. The host's part has the generator's side, then the container's. The container's part has one. */
  readonly ports: readonly string[];
  readonly mode: ForwardMode;
  readonly faults: FaultSpec | null;
  /** The longest frame with FCS. Where there are faults, longer ones are dropped. */
  readonly maxFrameBytes: number;
  readonly seed: number;
}

/** The thread that one or both parts run in. */
export interface EmbeddedThread {
  /** CPU to stay on, or null. */
  readonly cpu: number | null;
  readonly busy: boolean;
  /** Called with the reason each time a port ends a peer's connection, or refuses it. */
  readonly onTrouble?: ((why: string) => void) | undefined;
}

export interface EmbeddedPart extends AsyncDisposable {
  readonly part: EmbeddedPartName;
  readonly queues: number;
  /** Resolves when the peers of these ports (default: of all) are there. Rejects with a PktgenError. */
  ready(timeoutMs: number, ports?: readonly number[]): Promise<void>;
  /** null: the peer of this port is there. Otherwise why it went. */
  whyLost(port: number): string | null;
  /** What was agreed with the peers, by port. */
  facts(): readonly PortFacts[];
  /** Counters by port and queue. They are read at once, also while frames are in flight. */
  counters(): readonly ForwardQueueCounters[];
  /** The same as hops, with what waits in the rings before them. The loop stands for a moment. */
  hops(): Promise<readonly DeviceHopCounters[]>;
  reset(seed: number): Promise<void>;
  setMode(mode: ForwardMode): Promise<void>;
  injected(): Promise<Injected>;
  /** null: its thread lives. Otherwise why it ended. */
  failure(): string | null;
}

/** The MAC address that the test plan gives the container's port. */
const containerMac: MacBytes = [0x00, 0x11, 0x22, 0x33, 0x44, 0x10];

interface HopPlan {
  readonly name: string;
  readonly rxPort: number;
  readonly txPort: number;
}

const hopPlans: Readonly<Record<EmbeddedPartName, readonly HopPlan[]>> = {
  host: [
    { name: "host>", rxPort: 0, txPort: 1 },
    { name: "host<", rxPort: 1, txPort: 0 },
  ],
  container: [{ name: "container", rxPort: 0, txPort: 0 }],
};

/** Undoes what was done, last first. The first failure is thrown after all have been tried. */
async function undoAll(undo: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
    try {
      await step();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function checkPorts(options: EmbeddedPartOptions): number {
  const wanted = options.part === "host" ? 2 : 1;
  const specs = options.ports.map(parsePortSpec);
  if (specs.length !== wanted) {
    throw usageError(`the ${options.part} part has ${specs.length} ports`, { accepted: String(wanted) });
  }
  const queues = specs[0]!.queues;
  if (specs.some((spec) => spec.queues !== queues)) {
    const accepted = "the same queues= for both ports";
    throw usageError("the ports of a forwarder differ in queues", { where: options.ports.join(" "), accepted });
  }
  return queues;
}

/** Storage for the frames that faults hold, one piece for each queue of each incoming port. */
function openFaults(options: EmbeddedPartOptions, queues: number, undo: (() => unknown)[]): ForwardFaults | null {
  const { faults: spec, maxFrameBytes: maxBufferBytes } = options;
  if (spec === null) return null;
  const bytes = faultStorageBytes(spec, maxBufferBytes);
  const storage = Array.from({ length: options.ports.length * queues }, () => {
    const { offset } = arena().mapAnonymous(bytes);
    undo.push(() => arena().release(offset));
    return { offset, bytes };
  });
  return { spec, maxBufferBytes, storage };
}

const portMac = (part: EmbeddedPartName, port: number): MacBytes =>
  part === "host" ? vhostPortMac(port) : containerMac;

/** A part with its ports open, which no thread serves yet. */
interface OpenPart {
  readonly part: EmbeddedPartName;
  readonly ports: readonly Port[];
  readonly job: ForwardJobOptions;
  /** Undoes what was done. */
  readonly undo: (() => unknown)[];
}

/** How a part reaches its forwarder. */
interface Forwarder {
  readonly counters: Float64Array;
  readonly command: (command: ForwardCommand) => Promise<unknown>;
  /** null: its thread lives. Otherwise why it ended. */
  readonly failure: () => string | null;
}

class RunningPart implements EmbeddedPart {
  readonly part: EmbeddedPartName;
  readonly queues: number;
  readonly #forwarder: Forwarder;
  readonly #ports: readonly Port[];
  readonly #undo: (() => unknown)[];

  constructor({ part, ports, job, undo }: OpenPart, forwarder: Forwarder) {
    this.part = part;
    this.queues = job.queues;
    this.#forwarder = forwarder;
    this.#ports = ports;
    this.#undo = undo;
  }

  async ready(timeoutMs: number, ports: readonly number[] = [...this.#ports.keys()]): Promise<void> {
    await Promise.all(ports.map((port) => this.#ports[port]!.ready(timeoutMs)));
  }

  whyLost(port: number): string | null {
    const { [port]: of } = this.#ports;
    return of!.rings() === null ? (of!.whyLost(0) ?? "nobody connected") : null;
  }

  facts(): readonly PortFacts[] {
    return this.#ports.map((port) => port.facts());
  }

  counters(): readonly ForwardQueueCounters[] {
    return this.#ports.flatMap((_, port) => Array.from({ length: this.queues }, (_, queue) => this.#read(port, queue)));
  }

  async hops(): Promise<readonly DeviceHopCounters[]> {
    const waiting = (await this.#command({ kind: "waiting" })) as number[][];
    return hopPlans[this.part].map(({ name, rxPort, txPort }) => {
      const queues = Array.from({ length: this.queues }, (_, queue) => {
        const { rxPackets, rxBytes } = this.#read(rxPort, queue);
        const { txPackets, txBytes, dropped, duplicated, inside } = this.#read(txPort, queue);
        const held = { inside, waiting: waiting[rxPort]![queue]! };
        return { queue, rxPackets, txPackets, rxBytes, txBytes, dropped, duplicated, ...held };
      });
      return { name, rxPort, txPort, queues };
    });
  }

  async reset(seed: number): Promise<void> {
    await this.#command({ kind: "reset", seed });
  }

  async setMode(mode: ForwardMode): Promise<void> {
    await this.#command({ kind: "mode", mode });
  }

  async injected(): Promise<Injected> {
    return (await this.#command({ kind: "injected" })) as Injected;
  }

  failure(): string | null {
    return this.#forwarder.failure();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return undoAll(this.#undo);
  }

  #command(command: ForwardCommand): Promise<unknown> {
    return this.#forwarder.command(command);
  }

  #read(port: number, queue: number): ForwardQueueCounters {
    return readForwardCounters(this.#forwarder.counters, port, queue, this.queues);
  }
}

async function openPart(options: EmbeddedPartOptions): Promise<OpenPart> {
  const queues = checkPorts(options);
  const undo: (() => unknown)[] = [];
  try {
    const ports: Port[] = [];
    for (const text of options.ports) {
      const port = await openPort(parsePortSpec(text), { maxFrameBytes: options.maxFrameBytes });
      undo.push(() => port[Symbol.asyncDispose]());
      ports.push(port);
    }
    const job: ForwardJobOptions = {
      ports: ports.map((_, id) => ({ mac: portMac(options.part, id), peerMac: defaultPeerMac(id) })),
      queues,
      mode: options.mode,
      faults: openFaults(options, queues, undo),
      seed: options.seed,
    };
    return { part: options.part, ports, job, undo };
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

/** Starts one thread for these parts. Its loop runs at once, with the peers that are there. */
async function startThread(parts: readonly OpenPart[], thread: EmbeddedThread): Promise<EmbeddedPart[]> {
  let failure: string | null = null;
  const jobs = parts.map(({ job }) => job);
  const worker = await startLoopWorker({
    name: `embedded ${parts.map(({ part }) => part).join(" and ")}`,
    job: "forwarders",
    options: jobs,
    ports: parts.flatMap(({ ports }) => ports),
    counterSlots: forwardersSlots(jobs),
    cpu: thread.cpu,
    busy: thread.busy,
    onTrouble: (why) => thread.onTrouble?.(why),
    onFailure: (error) => {
      failure = error instanceof PktgenError ? error.toLine() : (error.stack ?? error.message);
    },
  });
  const counters = forwardersCounters(worker.counters, jobs);
  worker.run();
  return parts.map((part, to) => {
    // The first part that is closed ends the thread. Closing twice does no harm.
    part.undo.push(() => worker[Symbol.asyncDispose]());
    return new RunningPart(part, {
      counters: counters[to]!,
      command: (command) => worker.command({ to, command } satisfies ForwardersCommand),
      failure: () => failure,
    });
  });
}

/**
 * Opens the ports and starts the forwarder. Its loop runs at once, with the peers that are there.
 * @throws PktgenError: a spec that is not accepted (2), a socket that cannot be opened, no memory (3). Then nothing is
 * left open.
 */
export async function startEmbeddedPart(options: EmbeddedPartOptions & EmbeddedThread): Promise<EmbeddedPart> {
  const part = await openPart(options);
  try {
    const [running] = await startThread([part], options);
    return running!;
  } catch (error) {
    await undoAll(part.undo);
    throw error;
  }
}

/** The same for several parts in one thread, whose ports are opened in this order. */
export async function startEmbeddedParts(
  all: readonly EmbeddedPartOptions[],
  thread: EmbeddedThread,
): Promise<readonly EmbeddedPart[]> {
  const parts: OpenPart[] = [];
  try {
    for (const options of all) parts.push(await openPart(options));
    return await startThread(parts, thread);
  } catch (error) {
    for (const { undo } of parts.toReversed()) await undoAll(undo);
    throw error;
  }
}
