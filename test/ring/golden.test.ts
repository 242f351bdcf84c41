/** Exact memory of small rings, written by hand from virtio 1.2 §2.7 and §2.8: addresses, lengths, ids, flags, indices. */
import { describe, expect, it } from "vitest";
import type { DeviceRingLayout, DriverRingLayout } from "../../src/ring/index.js";
import { initialiseDriverRing, openRxRing, openTxRing, ringMemory } from "../../src/ring/index.js";

/** Buffers of 128 bytes from 0x400 on; what the peer calls byte 0 of memory is 0x2_0000_0000. */
function driver(
  format: "split" | "packed",
  direction: "tx" | "rx",
  more: Partial<DriverRingLayout> = {},
): DriverRingLayout {
  return {
    role: "driver",
    format,
    direction,
    vring: direction === "tx" ? 1 : 0,
    size: 4,
    descriptors: 0x000,
    driverArea: 0x080,
    deviceArea: 0x100,
    headerBytes: 12,
    inOrder: false,
    mergeable: false,
    start: format === "split" ? 0 : 0x8000,
    buffers: 0x400,
    bufferStride: 0x80,
    bufferBytes: 0x80,
    addressBase: 0x2_0000_0000n,
    scratch: 0x800,
    scratchBytes: 0,
    ...more,
  };
}

function device(of: DriverRingLayout): DeviceRingLayout {
  const { format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start } = of;
  return {
    role: "device",
    direction: of.direction === "tx" ? "rx" : "tx",
    ...{ format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start },
    regions: [{ guestAddress: 0x2_0000_0000n, bytes: 0x800, offset: 0 }],
    indirect: false,
    scratch: 0x800,
    scratchBytes: 0x800,
  };
}

const fresh = () => ringMemory(new ArrayBuffer(0x1000));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** Memory at `at`, in groups as wide as the golden text's. */
function dump(u8: Uint8Array, at: number, golden: string): string {
  let next = at;
  return golden
    .split(/\s+/)
    .map((group) => {
      const text = hex(u8.subarray(next, next + group.length / 2));
      next += group.length / 2;
      return text;
    })
    .join(" ");
}

/** le64 addr, le32 len, then for split le16 flags, le16 next, for packed le16 id, le16 flags. */
const expectMemory = (u8: Uint8Array, at: number, golden: string): void =>
  expect(dump(u8, at, golden)).toBe(golden.split(/\s+/).join(" "));

describe("split (§2.7)", () => {
  it("transmitq: as initialised, after two frames, after the device took them", () => {
    const memory = fresh();
    const layout = driver("split", "tx");
    initialiseDriverRing(memory, layout);
    const tx = openTxRing(memory, layout);
    const table = (len0: string, len1: string): string =>
      `0004000002000000 ${len0} 0000 0000 8004000002000000 ${len1} 0000 0000 ` +
      "0005000002000000 00000000 0000 0000 8005000002000000 00000000 0000 0000";
    expectMemory(memory.u8, 0x000, table("00000000", "00000000"));
    expectMemory(memory.u8, 0x080, "0100 0000 0000 0100 0200 0300 0000");
    expectMemory(memory.u8, 0x100, "0000 0000 0000000000000000");

    expect(tx.reclaim()).toBe(4);
    expect(tx.place(0, 60)).toBe(0x40c);
    expect(tx.place(1, 61)).toBe(0x48c);
    tx.publish(2);
    expectMemory(memory.u8, 0x000, table("48000000", "49000000"));
    expectMemory(memory.u8, 0x080, "0100 0200 0000 0100 0200 0300 0000");
    expect(tx.notifyWanted()).toBe(true);

    const rx = openRxRing(memory, device(layout));
    expect(tx.notifyWanted()).toBe(false);
    expect(rx.notifyWanted()).toBe(false);
    expect(rx.poll(256)).toBe(2);
    expect([rx.offsets[0], rx.lengths[0], rx.offsets[1], rx.lengths[1]]).toEqual([0x40c, 60, 0x48c, 61]);
    expectMemory(memory.u8, 0x100, "0100 0000 0000000000000000");
    rx.release(2);
    expectMemory(memory.u8, 0x100, "0100 0200 0000000000000000 0100000000000000 0000000000000000");
  });

  it("receiveq: all buffers given, then one frame of 60 bytes used with its header", () => {
    const memory = fresh();
    memory.u8.fill(0xff);
    const layout = driver("split", "rx");
    initialiseDriverRing(memory, layout);
    expectMemory(
      memory.u8,
      0x000,
      "0004000002000000 80000000 0200 0000 8004000002000000 80000000 0200 0000 " +
        "0005000002000000 80000000 0200 0000 8005000002000000 80000000 0200 0000",
    );
    expectMemory(memory.u8, 0x080, "0100 0400 0000 0100 0200 0300 0000");
    const rx = openRxRing(memory, layout);
    const tx = openTxRing(memory, device(layout));
    expect(tx.reclaim()).toBe(4);
    const at = tx.place(0, 60);
    expect(at).toBe(0x40c);
    memory.u8.fill(0xaa, at, at + 60);
    tx.publish(1);
    expectMemory(memory.u8, 0x400, `00000000000000000000 0100 ${"aa".repeat(60)} ff`);
    expectMemory(memory.u8, 0x100, "0100 0100 00000000 48000000 00000000 00000000");
    expect([rx.pending(), rx.poll(256), rx.offsets[0], rx.lengths[0]]).toEqual([1, 1, 0x40c, 60]);
    expect(rx.poll(256)).toBe(0);
    rx.release(1);
    expectMemory(memory.u8, 0x080, "0100 0500 0000 0100 0200 0300 0000");
    expect([rx.position(), tx.position()]).toEqual([1, 1]);
  });

  it("a header of 10 bytes has no num_buffers", () => {
    const memory = fresh();
    memory.u8.fill(0xff);
    const layout = driver("split", "rx", { headerBytes: 10 });
    initialiseDriverRing(memory, layout);
    const tx = openTxRing(memory, device(layout));
    tx.reclaim();
    expect(tx.place(0, 60)).toBe(0x40a);
    expectMemory(memory.u8, 0x400, "00000000000000000000 ffff");
  });
});

describe("packed (§2.8)", () => {
  it("transmitq: as initialised, a full lap, used one by one, and the second lap's flags", () => {
    const memory = fresh();
    const layout = driver("packed", "tx");
    initialiseDriverRing(memory, layout);
    const tx = openTxRing(memory, layout);
    expectMemory(
      memory.u8,
      0x000,
      "0004000002000000 00000000 0000 0000 8004000002000000 00000000 0100 0000 " +
        "0005000002000000 00000000 0200 0000 8005000002000000 00000000 0300 0000",
    );
    expectMemory(memory.u8, 0x080, "0000 0100");
    expectMemory(memory.u8, 0x100, "0000 0000");
    const rx = openRxRing(memory, device(layout));
    expectMemory(memory.u8, 0x100, "0000 0100");
    expect(tx.notifyWanted()).toBe(false);

    tx.reclaim();
    for (let k = 0; k < 4; k++) expect(tx.place(k, 60)).toBe(0x40c + 0x80 * k);
    expect(tx.place(4, 60)).toBe(0);
    tx.publish(4);
    // Wrap counter 1: AVAIL (0x0080) set, USED (0x8000) clear.
    expectMemory(
      memory.u8,
      0x000,
      "0004000002000000 48000000 0000 8000 8004000002000000 48000000 0100 8000 " +
        "0005000002000000 48000000 0200 8000 8005000002000000 48000000 0300 8000",
    );
    expect(tx.position()).toBe(0);
    expect(rx.poll(3)).toBe(3);
    rx.release(3);
    // Used in wrap 1: both bits set, nothing written, so no length.
    expectMemory(
      memory.u8,
      0x000,
      "0004000002000000 00000000 0000 8080 8004000002000000 00000000 0100 8080 " +
        "0005000002000000 00000000 0200 8080 8005000002000000 48000000 0300 8000",
    );
    expect([rx.position(), tx.reclaim(), tx.outstanding()]).toEqual([0x8003, 3, 1]);
    tx.place(0, 61);
    tx.publish(1);
    // Wrap counter 0: AVAIL clear, USED set.
    expectMemory(memory.u8, 0x000, "0004000002000000 49000000 0000 0080");
    expect(rx.poll(256)).toBe(2);
    rx.release(2);
    expectMemory(memory.u8, 0x000, "0004000002000000 00000000 0000 0000");
    expect(rx.position()).toBe(1);
  });

  it("indirect table as DPDK's driver writes it: WRITE, NEXT, AVAIL and USED in its entries mean nothing", () => {
    const memory = fresh();
    const layout = driver("packed", "tx");
    initialiseDriverRing(memory, layout);
    const rx = openRxRing(memory, { ...device(layout), indirect: true });
    const write = (at: number, bytes: string): void => {
      memory.u8.set(Buffer.from(bytes.replaceAll(/\s+/g, ""), "hex"), at);
    };
    // Entries: the header (preset with WRITE), 128 bytes, 128 bytes, 4 bytes. Then the descriptor: INDIRECT and AVAIL.
    write(
      0x700,
      "0004000002000000 0c000000 0000 0200 8004000002000000 80000000 0100 8100 " +
        "0005000002000000 80000000 0200 0280 8005000002000000 04000000 0700 8000",
    );
    write(0x000, "0007000002000000 40000000 0700 8400");
    for (let j = 0; j < 0x200; j++) memory.u8[0x400 + j] = j & 0xff;
    expect(rx.poll(256)).toBe(1);
    expect(rx.lengths[0]).toBe(260);
    const frame = memory.u8.subarray(rx.offsets[0], rx.offsets[0] + 260);
    expect(hex(frame)).toBe(hex(memory.u8.subarray(0x480, 0x584)));
    rx.release(1);
    expectMemory(memory.u8, 0x000, "0007000002000000 00000000 0700 8080");
  });

  it("transmitq in order: one used descriptor with the last id stands for the batch", () => {
    const memory = fresh();
    const layout = driver("packed", "tx", { inOrder: true });
    initialiseDriverRing(memory, layout);
    const tx = openTxRing(memory, layout);
    const rx = openRxRing(memory, device(layout));
    tx.reclaim();
    for (let k = 0; k < 3; k++) tx.place(k, 60);
    tx.publish(3);
    expect(rx.poll(256)).toBe(3);
    rx.release(3);
    expectMemory(
      memory.u8,
      0x000,
      "0004000002000000 00000000 0200 8080 8004000002000000 48000000 0100 8000 " +
        "0005000002000000 48000000 0200 8000 8005000002000000 00000000 0300 0000",
    );
    expect([tx.reclaim(), tx.outstanding()]).toEqual([4, 0]);
  });

  it("receiveq: all buffers given, a mergeable frame over two of them", () => {
    const memory = fresh();
    const layout = driver("packed", "rx", { mergeable: true, scratchBytes: 0x400 });
    initialiseDriverRing(memory, layout);
    expectMemory(memory.u8, 0x000, "0004000002000000 80000000 0000 8200 8004000002000000 80000000 0100 8200");
    const rx = openRxRing(memory, layout);
    const tx = openTxRing(memory, { ...device(layout), scratch: 0xc00, scratchBytes: 0x400 });
    expect([rx.position(), tx.position()]).toEqual([0x8000, 0x8000]);
    tx.reclaim();
    const at = tx.place(0, 150);
    memory.u8.fill(0xaa, at, at + 150);
    tx.publish(1);
    // Used and WRITE; 128 bytes in the first, 12 + 150 − 128 = 34 in the second.
    expectMemory(memory.u8, 0x000, "0004000002000000 80000000 0000 8280 8004000002000000 22000000 0100 8280");
    expectMemory(memory.u8, 0x400, `00000000000000000000 0200 ${"aa".repeat(116)} ${"aa".repeat(34)} 00`);
    expect([rx.pending(), rx.poll(256), rx.offsets[0], rx.lengths[0]]).toEqual([1, 1, 0x80c, 150]);
    expectMemory(memory.u8, 0x80c, `${"aa".repeat(150)} 00`);
    rx.release(1);
    // Given back for the next lap, whose wrap counter is 0.
    expectMemory(memory.u8, 0x000, "0004000002000000 80000000 0000 0280 8004000002000000 80000000 0100 0280");
    expect([rx.position(), tx.position()]).toEqual([0x8002, 0x8002]);
  });
});

describe("notifications", () => {
  it.each(["split", "packed"] as const)("%s: wanted as soon as the peer says so", (format) => {
    const memory = fresh();
    const layout = driver(format, "tx");
    initialiseDriverRing(memory, layout);
    const tx = openTxRing(memory, layout);
    const rx = openRxRing(memory, device(layout));
    expect([tx.notifyWanted(), rx.notifyWanted()]).toEqual([false, false]);
    const flags = format === "split" ? 0 : 2;
    memory.u16[(layout.driverArea + flags) / 2] = 0;
    memory.u16[(layout.deviceArea + flags) / 2] = 0;
    expect([tx.notifyWanted(), rx.notifyWanted()]).toEqual([true, true]);
  });
});
