/** Virtqueues of one port over a plain ArrayBuffer, both sides in this thread. */
import type { OpenPort, OpenQueue } from "../../src/engine/loop/job.js";
import {
  type DeviceRingLayout,
  type DriverRingLayout,
  driverRingEnd,
  driverRingLayout,
  initialiseDriverRing,
  openRxRing,
  openTxRing,
  type RingMemory,
  type RxRing,
  ringMemory,
  type TxRing,
} from "../../src/ring/index.js";

const scratchBytes = 256 * 1024;
const addressBase = 0x7f00_0000_0000n;

/** Hands out pieces of one buffer. */
export class Space {
  readonly memory: RingMemory;
  at = 4096;

  constructor(bytes: number) {
    this.memory = ringMemory(new ArrayBuffer(bytes));
  }

  take(bytes: number): number {
    const from = Math.ceil(this.at / 4096) * 4096;
    this.at = from + bytes;
    return from;
  }
}

interface Side {
  readonly tx: TxRing;
  readonly rx: RxRing;
}

export interface WireOptions {
  readonly format: "split" | "packed";
  readonly queues: number;
  readonly size: number;
  readonly bufferBytes?: number;
}

/** A port's queues, opened on the driver and on the device side; `forwarder` says which of them is the job's. */
export class Wire {
  readonly notified = { tx: 0, rx: 0 };
  private readonly space: Space;
  private readonly drivers: Side[] = [];
  private readonly devices: Side[] = [];
  private readonly forwarder: "driver" | "device";

  constructor(space: Space, forwarder: "driver" | "device", options: WireOptions) {
    this.space = space;
    this.forwarder = forwarder;
    for (let queue = 0; queue < options.queues; queue++) {
      const tx = this.layout("tx", 2 * queue + 1, options);
      const rx = this.layout("rx", 2 * queue, options);
      const { memory } = space;
      this.drivers.push({ tx: openTxRing(memory, tx), rx: openRxRing(memory, rx) });
      this.devices.push({
        tx: openTxRing(memory, this.deviceLayout(rx, "tx")),
        rx: openRxRing(memory, this.deviceLayout(tx, "rx")),
      });
    }
  }

  /** What Job.attach gets. */
  port(): OpenPort {
    const queues = this.mine().map(
      ({ tx, rx }): OpenQueue => ({
        tx,
        rx,
        notifyTx: () => {
          this.notified.tx++;
        },
        notifyRx: () => {
          this.notified.rx++;
        },
      }),
    );
    return { memory: this.space.memory, queues };
  }

  mine(): readonly Side[] {
    return this.forwarder === "driver" ? this.drivers : this.devices;
  }

  /** The peer's rings of a queue. */
  peer(queue: number): Side {
    return (this.forwarder === "driver" ? this.devices : this.drivers)[queue]!;
  }

  /** The peer sends these frames; returns how many there was room for. */
  send(queue: number, frames: readonly Uint8Array[]): number {
    const { tx } = this.peer(queue);
    tx.reclaim();
    let placed = 0;
    for (const frame of frames) {
      const at = tx.place(placed, frame.length);
      if (at <= 0) break;
      this.space.memory.u8.set(frame, at);
      placed++;
    }
    tx.publish(placed);
    return placed;
  }

  /** The peer takes everything that came. */
  receive(queue: number): Uint8Array[] {
    const { rx } = this.peer(queue);
    const frames: Uint8Array[] = [];
    for (let n = rx.poll(256); n > 0; n = rx.poll(256)) {
      for (let i = 0; i < n; i++) {
        frames.push(this.space.memory.u8.slice(rx.offsets[i], rx.offsets[i]! + rx.lengths[i]!));
      }
      rx.release(n);
    }
    return frames;
  }

  private layout(direction: "tx" | "rx", vring: number, options: WireOptions): DriverRingLayout {
    const { format, size, bufferBytes = 2048 } = options;
    const ring = { format, direction, vring, size, headerBytes: 12, inOrder: false, mergeable: false } as const;
    const probe = driverRingLayout({ ...ring, bufferBytes, addressBase }, 4096);
    const at = this.space.take(driverRingEnd(probe) - 4096);
    const layout = driverRingLayout({ ...ring, bufferBytes, addressBase }, at);
    initialiseDriverRing(this.space.memory, layout);
    return layout;
  }

  private deviceLayout(driver: DriverRingLayout, direction: "tx" | "rx"): DeviceRingLayout {
    const { format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start } = driver;
    const { byteLength } = this.space.memory.buffer;
    return {
      role: "device",
      direction,
      ...{ format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start },
      regions: [{ guestAddress: addressBase, bytes: byteLength, offset: 0 }],
      indirect: false,
      scratch: this.space.take(scratchBytes),
      scratchBytes,
    };
  }
}
