/** Two ports on one wire each, and the forwarding job between them. */
import { forwardCounterSlots, readForwardCounters } from "../../../src/engine/forward/counters.js";
import type { FaultSpec } from "../../../src/engine/forward/fault-spec.js";
import { createForwarder, type ForwardJobOptions } from "../../../src/engine/forward/job.js";
import { defaultPeerMac, type ForwardMode, vhostPortMac } from "../../../src/engine/forward/modes.js";
import { faultStorageBytes } from "../../../src/engine/forward/storage.js";
import type { Job } from "../../../src/engine/loop/job.js";
import { Space, Wire, type WireOptions } from "../../support/forward-wire.js";

export const hex = (frame: Uint8Array): string => Buffer.from(frame).toString("hex");

/** A frame of 60 bytes that says who it is. */
export function frame(id: number, bytes = 60): Uint8Array {
  const made = new Uint8Array(bytes).map((_, i) => (i * 7 + id) & 0xff);
  made.set([0x00, 0x11, 0x22, 0x33, 0x44, 0x10, 0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x08, 0x00]);
  new DataView(made.buffer).setUint32(bytes - 4, id);
  return made;
}

export const frames = (from: number, count: number, bytes = 60): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => frame(from + i, bytes));

export interface LabOptions {
  readonly mode?: ForwardMode;
  readonly faults?: FaultSpec | null;
  readonly formats?: readonly WireOptions["format"][];
  readonly queues?: number;
  readonly size?: number;
  readonly bufferBytes?: number;
}

/** A forwarder with its ports' peers in the test's hands, on a clock of the test's own. */
export class Lab {
  readonly space = new Space(64 * 1024 * 1024);
  readonly wires: readonly Wire[];
  readonly job: Job;
  readonly counters: Float64Array;
  readonly queues: number;
  nowNs = 1_000_000_000;

  constructor(part: "host" | "container", options: LabOptions = {}) {
    const { mode = "io", faults = null, queues = 1, size = 64 } = options;
    const formats = options.formats ?? (part === "host" ? ["packed", "split"] : ["packed"]);
    this.queues = queues;
    const wire = { queues, size, ...(options.bufferBytes === undefined ? {} : { bufferBytes: options.bufferBytes }) };
    const role = part === "host" ? "device" : "driver";
    this.wires = formats.map((format) => new Wire(this.space, role, { ...wire, format }));
    this.counters = new Float64Array(forwardCounterSlots(formats.length, queues));
    const jobOptions: ForwardJobOptions = {
      ports: formats.map((_, id) => ({ mac: vhostPortMac(id), peerMac: defaultPeerMac(id) })),
      queues,
      mode,
      faults: faults === null ? null : this.storage(faults, formats.length * queues),
      seed: 1,
    };
    const { memory } = this.space;
    const context = {
      memory,
      options: jobOptions,
      counters: this.counters,
      sleeps: () => 0,
      inUse: { port: 0 },
      busy: false,
    };
    this.job = createForwarder({ ...context, nowNs: () => this.nowNs, post: () => {} });
    this.wires.forEach((each, index) => {
      this.job.attach(index, each.port());
    });
  }

  /** Steps until nothing moves. */
  settle(): void {
    while (this.job.step() > 0) this.nowNs += 1000;
  }

  read(port: number, queue = 0) {
    const { rxPackets, rxBytes, txPackets, txBytes, dropped, duplicated, inside } = readForwardCounters(
      this.counters,
      port,
      queue,
      this.queues,
    );
    return { rx: [rxPackets, rxBytes], tx: [txPackets, txBytes], dropped, duplicated, inside };
  }

  private storage(spec: FaultSpec, count: number): ForwardJobOptions["faults"] {
    const bytes = faultStorageBytes(spec, 2048);
    const storage = Array.from({ length: count }, () => ({ offset: this.space.take(bytes), bytes }));
    return { spec, maxBufferBytes: 2048, storage };
  }
}

export const formats = ["split", "packed"] as const;
