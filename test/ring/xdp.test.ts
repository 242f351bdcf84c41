/** AF_XDP rings against a kernel of the test's own, over one ArrayBuffer, under random schedules. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  initialiseXdpRing,
  openRxRing,
  openTxRing,
  RingFault,
  type RingMemory,
  ringMemory,
  takeBackXdpFrames,
  takeXdpCompletions,
  type XdpKernelRing,
  type XdpRingLayout,
  xdpFreeBytes,
} from "../../src/ring/index.js";

const kernelRing = (at: number): XdpKernelRing => ({
  producer: at,
  consumer: at + 64,
  flags: at + 128,
  entries: at + 192,
});

interface Rings {
  readonly memory: RingMemory;
  readonly tx: XdpRingLayout;
  readonly rx: XdpRingLayout;
}

/** `start`: what all counters stand at. */
function makeRings(size: number, chunkBytes: number, maxFrameBytes: number, start = 0): Rings {
  const place = 4096 + 16 * size;
  const [txAt, completionAt, rxAt, fillAt, free] = [1, 2, 3, 4, 5].map((i) => i * place);
  const umem = Math.ceil((6 * place + xdpFreeBytes(size)) / chunkBytes) * chunkBytes;
  const memory = ringMemory(new ArrayBuffer(umem + 2 * size * chunkBytes));
  for (const at of [txAt, completionAt, rxAt, fillAt]) {
    memory.u32[at >>> 2] = start;
    memory.u32[(at + 64) >>> 2] = start;
  }
  const shared = { format: "xdp", size, umem, chunkBytes, maxFrameBytes, start: 0 } as const;
  const tx: XdpRingLayout = {
    ...shared,
    direction: "tx",
    vring: 1,
    descriptors: kernelRing(txAt),
    addresses: kernelRing(completionAt),
    firstChunk: 0,
    free,
  };
  const rx: XdpRingLayout = {
    ...shared,
    direction: "rx",
    vring: 0,
    descriptors: kernelRing(rxAt),
    addresses: kernelRing(fillAt),
    firstChunk: size,
    free: 0,
  };
  for (const layout of [tx, rx]) initialiseXdpRing(memory, layout);
  return { memory, tx, rx };
}

/** The other side: takes descriptors, and hands each frame on to the rx ring where the fill ring has a chunk for it. */
class Kernel {
  dropped = 0;
  readonly held: number[] = [];
  constructor(private readonly rings: Rings) {}

  /** Takes up to n frames; they are complete when `complete` says so. */
  take(n: number): number {
    const { memory, tx } = this.rings;
    let taken = 0;
    for (; taken < n; taken++) {
      const at = this.#consume(tx.descriptors, tx.size, 16);
      if (at < 0) break;
      const [address, bytes] = [memory.u32[at >>> 2], memory.u32[(at >>> 2) + 2]];
      this.#deliver(address, bytes);
      this.held.push(address);
    }
    return taken;
  }

  /** Gives back the held frame at this index: completions come in any order. */
  complete(index: number): void {
    const { memory, tx } = this.rings;
    const [address] = this.held.splice(index % this.held.length, 1);
    const at = this.#produce(tx.addresses, tx.size, 8);
    memory.u32[at >>> 2] = address;
  }

  #deliver(address: number, bytes: number): void {
    const { memory, rx } = this.rings;
    const fill = this.#consume(rx.addresses, rx.size, 8);
    if (fill < 0) {
      this.dropped++;
      return;
    }
    const to = memory.u32[fill >>> 2] + 256;
    memory.u8.copyWithin(rx.umem + to, rx.umem + address, rx.umem + address + bytes);
    const at = this.#produce(rx.descriptors, rx.size, 16);
    memory.u32[at >>> 2] = to;
    memory.u32[(at >>> 2) + 2] = bytes;
  }

  #consume(ring: XdpKernelRing, size: number, entryBytes: number): number {
    const { u32 } = this.rings.memory;
    const consumer = u32[ring.consumer >>> 2];
    if (consumer === u32[ring.producer >>> 2]) return -1;
    u32[ring.consumer >>> 2] = consumer + 1;
    return ring.entries + (consumer & (size - 1)) * entryBytes;
  }

  #produce(ring: XdpKernelRing, size: number, entryBytes: number): number {
    const { u32 } = this.rings.memory;
    const producer = u32[ring.producer >>> 2];
    expect((producer - u32[ring.consumer >>> 2]) >>> 0).toBeLessThan(size);
    u32[ring.producer >>> 2] = producer + 1;
    return ring.entries + (producer & (size - 1)) * entryBytes;
  }
}

describe("AF_XDP rings", () => {
  it("write what the kernel reads: golden words of one frame", () => {
    const { memory, tx, rx } = makeRings(4, 2048, 1514);
    const ring = openTxRing(memory, tx);
    expect(ring.reclaim()).toBe(4);
    const at = ring.place(0, 60);
    const address = at - tx.umem;
    expect(Math.floor(address / 2048)).toBe(0);
    ring.publish(1);
    const words = (from: number, n: number): number[] => [...memory.u32.subarray(from >>> 2, (from >>> 2) + n)];
    expect(words(tx.descriptors.entries, 4)).toEqual([address, 0, 60, 0]);
    expect(words(tx.descriptors.producer, 1)).toEqual([1]);
    // All of the receive side's chunks are the kernel's from the start.
    expect(words(rx.addresses.producer, 1)).toEqual([4]);
    expect(words(rx.addresses.entries, 8)).toEqual([8192, 0, 10240, 0, 12288, 0, 14336, 0]);
  });

  it("ask for a call where the kernel waits for one", () => {
    const { memory, tx, rx } = makeRings(4, 2048, 1514);
    const [out, back] = [openTxRing(memory, tx), openRxRing(memory, rx)];
    expect([out.notifyWanted(), back.notifyWanted()]).toEqual([false, false]);
    memory.u32[tx.descriptors.flags >>> 2] = 1;
    memory.u32[rx.addresses.flags >>> 2] = 1;
    expect([out.notifyWanted(), back.notifyWanted(), out.kickAgain?.()]).toEqual([true, true, false]);
    out.place(0, 60);
    out.publish(1);
    expect(out.kickAgain?.()).toBe(true);
    new Kernel({ memory, tx, rx }).take(1);
    expect(out.kickAgain?.()).toBe(false);
  });

  it("refuse addresses that are none of theirs", () => {
    const { memory, tx, rx } = makeRings(4, 2048, 1514);
    const [out, back] = [openTxRing(memory, tx), openRxRing(memory, rx)];
    out.place(0, 60);
    out.publish(1);
    memory.u32[tx.addresses.producer >>> 2] = 2;
    expect(() => out.reclaim()).toThrow(RingFault);
    memory.u32[tx.addresses.producer >>> 2] = 1;
    memory.u32[tx.addresses.entries >>> 2] = 4 * 2048;
    expect(() => out.reclaim()).toThrow(RingFault);
    memory.u32[rx.descriptors.producer >>> 2] = 1;
    memory.u32[rx.descriptors.entries >>> 2] = 8 * 2048;
    memory.u32[(rx.descriptors.entries >>> 2) + 2] = 60;
    expect(() => back.poll(1)).toThrow(RingFault);
  });

  it.each([
    ["size", { size: 6 }],
    ["bufferBytes", { maxFrameBytes: 4096 }],
    ["bufferBytes", { chunkBytes: 3000 }],
    ["umem", { umem: 2 ** 31 }],
    ["free", { free: 2 ** 31 }],
  ])("refuse a layout with a bad %s", (field, change) => {
    const { memory, tx } = makeRings(8, 2048, 1514);
    expect(() => openTxRing(memory, { ...tx, ...change })).toThrow(field);
  });

  it("lose, double and mix up nothing, however the kernel completes, over counters that wrap", () => {
    const step = fc.record({ send: fc.nat(12), take: fc.nat(12), complete: fc.array(fc.nat(7), { maxLength: 12 }) });
    const plan = fc.record({
      size: fc.constantFrom(1, 2, 8, 16),
      start: fc.constantFrom(0, 0x7fff_fffa, 0xffff_fff9),
      lengths: fc.array(fc.integer({ min: 4, max: 1514 }), { minLength: 1, maxLength: 8 }),
      steps: fc.array(step, { minLength: 1, maxLength: 60 }),
      reopenAt: fc.nat(60),
    });
    fc.assert(
      fc.property(plan, ({ size, start, lengths, steps, reopenAt }) => {
        const rings = makeRings(size, 2048, 1514, start);
        const { memory, tx, rx } = rings;
        const kernel = new Kernel(rings);
        let out = openTxRing(memory, tx);
        let back = openRxRing(memory, rx);
        let sent = 0;
        let expected = 0;
        const arrived: number[] = [];
        const collect = (): void => {
          const n = back.poll(256);
          for (let k = 0; k < n; k++) {
            const number = memory.view.getUint32(back.offsets[k], true);
            expect(back.lengths[k]).toBe(lengths[number % lengths.length]);
            arrived.push(number);
          }
          back.release(n);
        };
        steps.forEach((now, index) => {
          const room = out.reclaim();
          expect(room + out.outstanding()).toBe(size);
          const n = Math.min(now.send, room);
          const used = new Set<number>();
          for (let k = 0; k < n; k++) {
            const at = out.place(k, lengths[(sent + k) % lengths.length]);
            expect(at).toBeGreaterThan(0);
            used.add(out.slotOf(k));
            memory.view.setUint32(at, sent + k, true);
          }
          expect(used.size).toBe(n);
          out.publish(n);
          sent += n;
          expected += kernel.take(now.take);
          for (const which of now.complete) if (kernel.held.length > 0) kernel.complete(which);
          if (index === reopenAt) [out, back] = [openTxRing(memory, tx), openRxRing(memory, rx)];
          collect();
        });
        expected += kernel.take(1000);
        collect();
        while (kernel.held.length > 0) kernel.complete(0);
        expect(expected).toBe(sent);
        // A frame is dropped only for want of a chunk, and numbers come in order.
        expect(arrived.length + kernel.dropped).toBe(sent);
        expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
        expect(new Set(arrived).size).toBe(arrived.length);
        expect(out.reclaim()).toBe(size);
        expect(out.outstanding()).toBe(0);
      }),
    );
  });

  it("place many as they place one by one", () => {
    const { memory, tx } = makeRings(8, 2048, 1514);
    const ring = openTxRing(memory, tx);
    const offsets = new Uint32Array(256);
    const slots = new Int32Array(256);
    expect(ring.placeMany(5, 60, offsets, slots)).toBe(5);
    for (let k = 0; k < 5; k++) expect([ring.place(k, 60), ring.slotOf(k)]).toEqual([offsets[k], slots[k]]);
    expect(ring.placeMany(50, 60, offsets, slots)).toBe(8);
    expect(ring.placeMany(1, 1515, offsets, slots)).toBe(-1);
    expect([ring.place(8, 60), ring.place(0, 1515)]).toEqual([0, -1]);
  });
});

describe("a link that is gone", () => {
  it.each([0, 0xffff_fffe])(
    "leaves frames that the kernel has not taken, and none leaves twice (from %i on)",
    (start) => {
      const rings = makeRings(8, 2048, 1514, start);
      const { memory, tx: layout } = rings;
      const kernel = new Kernel(rings);
      const tx = openTxRing(memory, layout);
      for (let k = 0; k < 6; k++) tx.place(k, 60);
      tx.publish(6);
      // Three are taken. Of these one is sent and complete, one is still on its way, and of one we have not heard yet.
      kernel.take(3);
      kernel.complete(0);
      tx.reclaim();
      kernel.complete(0);
      expect(takeBackXdpFrames(memory, layout)).toBe(3);
      const { producer, consumer, entries } = layout.descriptors;
      const left = (): number => (memory.u32[producer >>> 2]! - memory.u32[consumer >>> 2]!) >>> 0;
      expect(left()).toBe(3);
      for (let k = 0; k < 3; k++) {
        const at = (entries >>> 2) + (((start + 3 + k) & 7) << 2);
        expect([memory.u32[at], memory.u32[at + 1]]).toEqual([0xffff_ffff, 0xffff_ffff]);
      }
      expect(takeBackXdpFrames(memory, layout)).toBe(0);
      // A kernel that completes what it passes over, with whatever lay there; and the frame that was on its way.
      memory.u32[consumer >>> 2]! += 3;
      kernel.held.push(0xffff_ffff, 0xffff_ffff, 0xffff_ffff);
      for (let k = 0; k < 4; k++) kernel.complete(0);
      expect(takeXdpCompletions(memory, layout)).toBe(3);
      const again = openTxRing(memory, layout);
      expect([again.reclaim(), again.outstanding()]).toEqual([8, 0]);
      expect(new Set(Array.from({ length: 8 }, (_, k) => again.slotOf(k))).size).toBe(8);
    },
  );

  it("leaves alone what the kernel dropped last, and says so later than it gives the memory back", () => {
    const rings = makeRings(8, 2048, 1514);
    const { memory, tx: layout } = rings;
    const kernel = new Kernel(rings);
    const tx = openTxRing(memory, layout);
    tx.place(0, 60);
    tx.publish(1);
    kernel.take(1);
    kernel.complete(0);
    memory.u32[layout.descriptors.consumer >>> 2]! -= 1;
    expect(tx.reclaim()).toBe(8);
    // The same chunk again.
    tx.place(0, 60);
    tx.publish(1);
    expect(takeBackXdpFrames(memory, layout)).toBe(1);
    expect(openTxRing(memory, layout).reclaim()).toBe(8);
  });

  it("has counted what the kernel took until its thread stands", () => {
    const rings = makeRings(8, 2048, 1514);
    const kernel = new Kernel(rings);
    const tx = openTxRing(rings.memory, rings.tx);
    tx.place(0, 60);
    tx.publish(1);
    kernel.take(1);
    kernel.complete(0);
    tx.position();
    expect(tx.outstanding()).toBe(0);
  });
});
