/** A driver ring and a device ring over one ArrayBuffer, and traffic between them. */
import type { DeviceRingLayout, DriverRingLayout, RingMemory, RxRing, TxRing } from "../../src/ring/index.js";
import {
  driverRingEnd,
  driverRingLayout,
  initialiseDriverRing,
  openRxRing,
  openTxRing,
  ringMemory,
  ringScratchBytes,
} from "../../src/ring/index.js";

export interface PairOptions {
  readonly format: "split" | "packed";
  /** Who sends: "driver" is transmitq, "device" receiveq. */
  readonly sender: "driver" | "device";
  readonly size: number;
  readonly inOrder?: boolean;
  readonly mergeable?: boolean;
  readonly headerBytes?: 10 | 12;
  readonly bufferBytes?: number;
  readonly start?: number;
  readonly indirect?: boolean;
  readonly deviceScratchBytes?: number;
}

export interface Pair {
  readonly memory: RingMemory;
  readonly driver: DriverRingLayout;
  readonly device: DeviceRingLayout;
}

/** Above 2^47 and with a low half that wraps inside the region, so that carries between the halves are used. */
export const ADDRESS_BASE = 0x7fff_ffff_f000n;

export function pair(options: PairOptions): Pair {
  const driver = driverRingLayout(
    {
      format: options.format,
      direction: options.sender === "driver" ? "tx" : "rx",
      vring: options.sender === "driver" ? 1 : 0,
      size: options.size,
      headerBytes: options.headerBytes ?? 12,
      inOrder: options.inOrder ?? false,
      mergeable: options.mergeable ?? false,
      bufferBytes: options.bufferBytes ?? 256,
      addressBase: ADDRESS_BASE,
      ...(options.start === undefined ? {} : { start: options.start }),
    },
    64,
  );
  const end = driverRingEnd(driver);
  const scratch = Math.ceil(end / 64) * 64;
  const scratchBytes = options.deviceScratchBytes ?? ringScratchBytes;
  const memory = ringMemory(new ArrayBuffer(Math.ceil((scratch + scratchBytes) / 8) * 8));
  const { format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start } = driver;
  const device: DeviceRingLayout = {
    role: "device",
    direction: options.sender === "driver" ? "rx" : "tx",
    ...{ format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start },
    regions: [
      { guestAddress: 0x1000n, bytes: 64, offset: 0 },
      { guestAddress: ADDRESS_BASE, bytes: end, offset: 0 },
    ],
    indirect: options.indirect ?? false,
    scratch,
    scratchBytes,
  };
  return { memory, driver, device };
}

export interface OpenPair extends Pair {
  readonly tx: TxRing;
  readonly rx: RxRing;
}

export function openPair(options: PairOptions): OpenPair {
  const both = pair(options);
  initialiseDriverRing(both.memory, both.driver);
  return {
    ...both,
    tx: openTxRing(both.memory, options.sender === "driver" ? both.driver : both.device),
    rx: openRxRing(both.memory, options.sender === "driver" ? both.device : both.driver),
  };
}

/** Byte j of frame number i: every frame differs from its neighbours in every byte. */
const frameByte = (i: number, j: number): number => (i * 31 + j * 7 + (i >>> 8)) & 0xff;

/** Writes frames numbered from `first` with these lengths in one burst; returns how many were published. */
export function send(ring: OpenPair, first: number, lengths: readonly number[]): number {
  const room = ring.tx.reclaim();
  let n = 0;
  while (n < lengths.length && n < room) {
    const at = ring.tx.place(n, lengths[n]);
    if (at <= 0) break;
    for (let j = 0; j < lengths[n]; j++) ring.memory.u8[at + j] = frameByte(first + n, j);
    n++;
  }
  ring.tx.publish(n);
  return n;
}

/** Polls at most `max` frames, compares them with what `send` wrote, releases them `releaseStep` at a time. */
export function receive(
  ring: OpenPair,
  first: number,
  lengths: readonly number[],
  max: number,
  releaseStep = 256,
): number {
  const n = ring.rx.poll(max);
  for (let k = 0; k < n; k++) {
    const expected = lengths[first + k];
    if (ring.rx.lengths[k] !== expected) {
      throw new Error(`frame ${first + k} has ${ring.rx.lengths[k]} bytes, sent with ${expected}`);
    }
    const at = ring.rx.offsets[k];
    for (let j = 0; j < expected; j++) {
      if (ring.memory.u8[at + j] !== frameByte(first + k, j))
        throw new Error(`frame ${first + k} differs at byte ${j}`);
    }
  }
  for (let left = n; left > 0; left -= releaseStep) ring.rx.release(Math.min(left, releaseStep));
  return n;
}

/** All combinations of the named choices. */
export function combinations<T extends Record<string, readonly unknown[]>>(
  choices: T,
): { [K in keyof T]: T[K][number] }[] {
  let all: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(choices)) {
    all = all.flatMap((base) => values.map((value) => ({ ...base, [name]: value })));
  }
  return all as { [K in keyof T]: T[K][number] }[];
}
