/**
 * The forwarding loop over two ports, or over one port that is paired with itself. What comes in on queue k goes out on
 * queue k of the other port. In the embedded lab this does what testpmd does, with its modes and its counters.
 */
import { usageError } from "../../errors.js";
import type { RingMemory } from "../../memory.js";
import type { Job, JobContext, OpenPort } from "../loop/index.js";
import { forwardSlotBase } from "./counters.js";
import type { FaultSpec, Injected } from "./fault-spec.js";
import { FaultStage } from "./faults.js";
import { FreezeGate } from "./freeze.js";
import {
  addressWords,
  type ForwardMode,
  forwardModes,
  isForwardMode,
  type MacBytes,
  rewriting,
  txonlyFrame,
} from "./modes.js";
import { QueuePath } from "./queue-path.js";
import type { FaultStorage } from "./storage.js";

export interface ForwardPort {
  readonly mac: MacBytes;
  /** Modes mac and txonly: the destination of frames that leave this port. */
  readonly peerMac: MacBytes;
}

export interface ForwardFaults {
  readonly spec: FaultSpec;
  readonly maxBufferBytes: number;
  /** By incoming port and queue. Each piece has faultStorageBytes(spec, maxBufferBytes) bytes. */
  readonly storage: readonly FaultStorage[];
}

/** Plain data: the job's options. */
export interface ForwardJobOptions {
  /** One (paired with itself) or two. */
  readonly ports: readonly ForwardPort[];
  readonly queues: number;
  readonly mode: ForwardMode;
  /** null: there is no fault stage, and frames are copied straight from ring to ring. */
  readonly faults: ForwardFaults | null;
  readonly seed: number;
}

/** What may be asked of a forwarder. */
export type ForwardCommand =
  /** A new trial begins: faults are chosen from this seed. Answers undefined. */
  | { readonly kind: "reset"; readonly seed: number }
  /** Answers Injected: what faults did since the last reset, over all queues. */
  | { readonly kind: "injected" }
  /** Answers undefined. */
  | { readonly kind: "mode"; readonly mode: ForwardMode }
  /** Answers number[][]: by port and queue, the frames that wait in its receive ring. */
  | { readonly kind: "waiting" };

const emptyInjected: Injected = {
  lost: 0,
  policed: 0,
  duplicated: 0,
  reordered: 0,
  corrupted: 0,
  padded: 0,
  trimmed: 0,
  frozenNs: 0,
};

const addInjected = (a: Injected, b: Injected): Injected => ({
  lost: a.lost + b.lost,
  policed: a.policed + b.policed,
  duplicated: a.duplicated + b.duplicated,
  reordered: a.reordered + b.reordered,
  corrupted: a.corrupted + b.corrupted,
  padded: a.padded + b.padded,
  trimmed: a.trimmed + b.trimmed,
  frozenNs: a.frozenNs + b.frozenNs,
});

/** The path of each queue of incoming port `from`. */
function pathsFrom(from: number, options: ForwardJobOptions, context: JobContext, firstPort: number): QueuePath[] {
  const { memory, counters, inUse } = context;
  const to = options.ports.length - 1 - from;
  const { mac, peerMac } = options.ports[to]!;
  const ports = { rxPort: firstPort + from, txPort: firstPort + to, inUse };
  const shared = {
    memory,
    counters,
    ...ports,
    addresses: addressWords(peerMac, mac),
    ownFrame: txonlyFrame(peerMac, mac),
  };
  return Array.from({ length: options.queues }, (_, queue) => {
    const rxSlots = forwardSlotBase(from, queue, options.queues);
    return new QueuePath({ ...shared, rxSlots, txSlots: forwardSlotBase(to, queue, options.queues) });
  });
}

function stagesFrom(from: number, options: ForwardJobOptions, memory: RingMemory): FaultStage[] {
  const { faults, queues } = options;
  if (faults === null) return [];
  return Array.from({ length: queues }, (_, queue) => {
    const storage = faults.storage[from * queues + queue]!;
    return new FaultStage({ ...faults, memory, storage, queue, queues, direction: from });
  });
}

class Forwarder implements Job {
  readonly #options: ForwardJobOptions;
  readonly #nowNs: () => number;
  /** By incoming port and queue. Each path has a stage, or none has. */
  readonly #paths: readonly QueuePath[];
  readonly #stages: readonly FaultStage[];
  readonly #gate: FreezeGate;
  #mode: ForwardMode = "io";

  constructor(context: JobContext, firstPort: number) {
    const options = context.options as ForwardJobOptions;
    const { memory } = context;
    this.#options = options;
    this.#nowNs = context.nowNs;
    this.#paths = options.ports.flatMap((_, from) => pathsFrom(from, options, context, firstPort));
    this.#stages = options.ports.flatMap((_, from) => stagesFrom(from, options, memory));
    this.#gate = new FreezeGate(options.faults?.spec.freezeNs ?? 0);
    this.#setMode(options.mode);
    this.#reset(options.seed);
  }

  attach(index: number, port: OpenPort | null): void {
    const { queues, ports } = this.#options;
    const back = ports.length - 1 - index;
    for (let queue = 0; queue < queues; queue++) {
      const open = port?.queues[queue] ?? null;
      this.#paths[index * queues + queue]!.attachRx(open);
      this.#paths[back * queues + queue]!.attachTx(open);
    }
  }

  command(message: unknown): unknown {
    const command = message as ForwardCommand;
    switch (command.kind) {
      case "reset":
        return this.#reset(command.seed);
      case "injected":
        return this.#injected();
      case "mode":
        return this.#setMode(command.mode);
      case "waiting":
        return this.#options.ports.map((_, port) => this.#pathsOf(port).map((path) => path.waiting()));
    }
  }

  mayRest(): boolean {
    return true;
  }

  step(): number {
    switch (this.#mode) {
      case "rxonly":
        return this.#discard();
      case "txonly":
        return this.#originate();
      default:
        return this.#stages.length === 0 ? this.#forward() : this.#forwardThrough();
    }
  }

  #forward(): number {
    const paths = this.#paths;
    let moved = 0;
    for (let i = 0; i < paths.length; i++) moved += paths[i]!.forward();
    return moved;
  }

  #forwardThrough(): number {
    const nowNs = this.#nowNs();
    if (this.#gate.stands(nowNs)) return 0;
    let moved = 0;
    for (let i = 0; i < this.#paths.length; i++) {
      moved += this.#paths[i]!.forwardThrough(this.#stages[i]!, this.#gate, nowNs);
    }
    return moved;
  }

  #discard(): number {
    let moved = 0;
    for (let i = 0; i < this.#paths.length; i++) moved += this.#paths[i]!.discard();
    return moved;
  }

  #originate(): number {
    let moved = 0;
    for (let i = 0; i < this.#paths.length; i++) moved += this.#paths[i]!.originate();
    return moved;
  }

  #pathsOf(port: number): readonly QueuePath[] {
    return this.#paths.slice(port * this.#options.queues, (port + 1) * this.#options.queues);
  }

  #reset(seed: number): void {
    for (const stage of this.#stages) stage.reset(seed);
    this.#gate.reset();
  }

  #injected(): Injected {
    const all = this.#stages.map((stage) => stage.injected()).reduce(addInjected, emptyInjected);
    return { ...all, frozenNs: this.#gate.totalNs() };
  }

  #setMode(mode: ForwardMode): void {
    if (!isForwardMode(mode)) {
      throw usageError(`"${String(mode)}" is no forwarding mode`, { where: "mode", accepted: forwardModes.join(", ") });
    }
    this.#mode = mode;
    for (const path of this.#paths) {
      path.rewrite = mode === "mac" ? rewriting.set : mode === "macswap" ? rewriting.swap : rewriting.none;
      path.forgetFilled();
    }
  }
}

/** `firstPort`: the number of its first port among those of the loop. */
export const createForwarder = (context: JobContext, firstPort = 0): Job => new Forwarder(context, firstPort);
