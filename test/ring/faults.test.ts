/** What a hostile or broken peer can write, and that it gets a RingFault for it and nothing else. */
import { describe, expect, it } from "vitest";
import type { OpenPair } from "./harness.js";
import { ADDRESS_BASE, combinations, openPair, send } from "./harness.js";
import { field, formats } from "./lying-peer.js";

/** Overwrites descriptor i; `next` only in split rings. */
function poke(
  ring: OpenPair,
  i: number,
  change: { address?: bigint; bytes?: number; flags?: number; next?: number },
): void {
  const at = ring.driver.descriptors + 16 * i;
  const { view } = ring.memory;
  const flagsAt = at + (ring.driver.format === "split" ? 12 : 14);
  if (change.address !== undefined) view.setBigUint64(at, change.address, true);
  if (change.bytes !== undefined) view.setUint32(at + 8, change.bytes, true);
  if (change.flags !== undefined)
    view.setUint16(flagsAt, (view.getUint16(flagsAt, true) & 0x8080) | change.flags, true);
  if (change.next !== undefined) view.setUint16(at + 14, change.next, true);
}

/** A driver's ring of eight with all descriptors made available, and the device that is to be told lies. */
function lied(
  format: "split" | "packed",
  deviceSends: boolean,
  indirect = false,
): { ring: OpenPair; look: () => unknown } {
  const ring = openPair({ format, sender: deviceSends ? "device" : "driver", size: 8, indirect });
  if (!deviceSends) send(ring, 0, Array(8).fill(60));
  const look = (): unknown => {
    if (!deviceSends) return ring.rx.poll(256);
    ring.tx.reclaim();
    return ring.tx.place(0, 60);
  };
  return { ring, look };
}

describe.each(combinations({ format: formats, deviceSends: [false, true] }))(
  "device, $format, device sends $deviceSends",
  ({ format, deviceSends }) => {
    const own = deviceSends ? 2 : 0;
    it.each([
      ["below all regions", 0n, 72],
      ["between regions", ADDRESS_BASE - 1n, 72],
      ["past the last region's end", ADDRESS_BASE + 0xff_ffffn, 72],
      ["right low half, wrong high half", ADDRESS_BASE + 0x2_0000_2000n, 72],
      ["ending past 2^64", 0xffff_ffff_ffff_fff0n, 72],
      ["longer than its region", ADDRESS_BASE + 64n, 0xffff_ffff],
      ["longer than a small region", 0x1000n, 72],
    ])("refuses an address %s", (_what, address, bytes) => {
      const { ring, look } = lied(format, deviceSends);
      poke(ring, 0, { address, bytes });
      expect(field(look)).toBe("descriptor.address");
    });

    it("takes an address in another region, at its very end", () => {
      const { ring, look } = lied(format, deviceSends);
      poke(ring, 0, { address: 0x1000n, bytes: 64 });
      if (deviceSends) expect(look()).toBe(-1);
      else expect(look()).toBe(8);
    });

    it("refuses the wrong WRITE flag", () => {
      const { ring, look } = lied(format, deviceSends);
      poke(ring, 0, { flags: own ^ 2 });
      expect(field(look)).toBe("descriptor.flags");
    });

    it("refuses INDIRECT that was not negotiated", () => {
      const { ring, look } = lied(format, deviceSends);
      poke(ring, 0, { flags: 4, bytes: 16 });
      expect(field(look)).toBe("descriptor.flags");
    });

    it.each([16, 0])("refuses a chain without end, of pieces of %i bytes", (bytes) => {
      const { ring, look } = lied(format, deviceSends);
      for (let i = 0; i < 8; i++) poke(ring, i, { flags: own | 1, bytes });
      if (format === "split") poke(ring, 0, { next: 0 });
      expect(field(look)).toBe("descriptor.next");
    });

    it.each([
      ["empty", 0],
      ["not of whole descriptors", 24],
      ["longer than the ring", 16 * 9],
    ])("refuses an indirect table that is %s", (_what, bytes) => {
      const { ring, look } = lied(format, deviceSends, true);
      poke(ring, 0, { flags: 4, bytes });
      expect(field(look)).toBe("descriptor.len");
    });

    it("an indirect table in an indirect table: refused in split rings, in packed ones the flag means nothing", () => {
      const { ring, look } = lied(format, deviceSends, true);
      // The table is the descriptor table itself, whose first entry says INDIRECT.
      poke(ring, 0, { flags: 4, bytes: 128, address: ADDRESS_BASE + BigInt(ring.driver.descriptors) });
      expect(field(look)).toBe(format === "split" ? "descriptor.flags" : "none");
    });

    it("refuses an indirect table outside memory", () => {
      const { ring, look } = lied(format, deviceSends, true);
      poke(ring, 0, { flags: 4, bytes: 128, address: 1n });
      expect(field(look)).toBe("descriptor.address");
    });

    it("refuses INDIRECT and NEXT together", () => {
      const { ring, look } = lied(format, deviceSends, true);
      poke(ring, 0, { flags: 5, bytes: 16 });
      expect(field(look)).toBe("descriptor.flags");
    });
  },
);

describe("device, split", () => {
  it.each([false, true])(
    "device sends %s: refuses avail.idx more than the ring ahead, heads and nexts outside",
    (deviceSends) => {
      const jumped = lied("split", deviceSends);
      const idx = jumped.ring.driver.driverArea / 2 + 1;
      jumped.ring.memory.u16[idx] = 9;
      expect(field(jumped.look)).toBe("avail.idx");
      const back = lied("split", deviceSends);
      back.ring.memory.u16[idx] = 0xffff;
      expect(field(back.look)).toBe("avail.idx");
      const head = lied("split", deviceSends);
      head.ring.memory.u16[idx + 1] = 8;
      expect(field(head.look)).toBe("avail.ring");
      const next = lied("split", deviceSends);
      poke(next.ring, 0, { flags: deviceSends ? 3 : 1, next: 8, bytes: 16 });
      expect(field(next.look)).toBe("descriptor.next");
    },
  );

  it("refuses loops and exits in an indirect table", () => {
    const { ring, look } = lied("split", false, true);
    const table = ring.driver.buffers + 128;
    poke(ring, 0, { flags: 4, bytes: 32, address: ADDRESS_BASE + BigInt(table) });
    for (const entry of [0, 1]) {
      ring.memory.view.setBigUint64(table + 16 * entry, ADDRESS_BASE + 4096n, true);
      ring.memory.view.setUint32(table + 16 * entry + 8, 20, true);
      ring.memory.view.setUint16(table + 16 * entry + 12, 1, true);
      ring.memory.view.setUint16(table + 16 * entry + 14, 1 - entry, true);
    }
    expect(field(look)).toBe("descriptor.next");
    ring.memory.view.setUint16(table + 14, 2, true);
    expect(field(look)).toBe("descriptor.next");
  });
});

describe("device rx lengths", () => {
  it.each(formats)("%s: a frame of no bytes is delivered as such, one beyond 65,550 is refused", (format) => {
    const { ring } = lied(format, false);
    for (const [i, bytes] of [0, 5, 12, 13].entries()) poke(ring, i, { bytes });
    expect(ring.rx.poll(256)).toBe(8);
    expect([...ring.rx.lengths.subarray(0, 5)]).toEqual([0, 0, 0, 1, 60]);
    const long = openPair({ format, sender: "driver", size: 8, bufferBytes: 70_000 });
    send(long, 0, Array(2).fill(60));
    poke(long, 0, { bytes: 12 + 65_550 });
    expect(long.rx.poll(1)).toBe(1);
    expect(long.rx.lengths[0]).toBe(65_550);
    long.rx.release(1);
    poke(long, 1, { bytes: 12 + 65_551 });
    expect(field(() => long.rx.poll(1))).toBe("descriptor.len");
  });

  it.each(formats)("%s: scratch memory that is full ends a poll, and is used again only after release", (format) => {
    const ring = openPair({ format, sender: "driver", size: 8, deviceScratchBytes: 256 });
    // Four chains of two: header and 40 bytes, then 60 bytes; each needs 112 bytes (128) of scratch.
    send(ring, 0, Array(8).fill(100));
    for (let i = 0; i < 8; i += 2) {
      poke(ring, i, { flags: 1, bytes: 52 });
      poke(ring, i + 1, { bytes: 60 });
      if (format === "split") poke(ring, i, { next: i + 1 });
    }
    if (format === "split") {
      for (let i = 0; i < 4; i++) ring.memory.u16[ring.driver.driverArea / 2 + 2 + i] = 2 * i;
      ring.memory.u16[ring.driver.driverArea / 2 + 1] = 4;
    }
    expect(ring.rx.pending()).toBe(4);
    expect(ring.rx.poll(256)).toBe(2);
    expect([...ring.rx.offsets.subarray(0, 2)]).toEqual([ring.device.scratch + 12, ring.device.scratch + 140]);
    expect(ring.rx.poll(256)).toBe(0);
    ring.rx.release(1);
    expect(ring.rx.poll(256)).toBe(0);
    ring.rx.release(1);
    expect(ring.rx.poll(256)).toBe(2);
    expect(ring.rx.offsets[0]).toBe(ring.device.scratch + 12);
  });
});

/** Writes used element number `entry` of an untouched ring, as the device would in its first lap. */
function use(ring: OpenPair, entry: number, id: number, bytes: number): void {
  const { view } = ring.memory;
  const { driver } = ring;
  if (driver.format === "split") {
    view.setUint32(driver.deviceArea + 4 + 8 * entry, id, true);
    view.setUint32(driver.deviceArea + 8 + 8 * entry, bytes, true);
    view.setUint16(driver.deviceArea + 2, entry + 1, true);
  } else {
    const at = driver.descriptors + 16 * entry;
    view.setUint32(at + 8, bytes, true);
    view.setUint16(at + 12, id, true);
    view.setUint16(at + 14, 0x8080, true);
  }
}

describe.each(combinations({ format: formats, inOrder: [false, true] }))(
  "driver, $format, in order $inOrder",
  ({ format, inOrder }) => {
    it("tx refuses used ids that are out of range, not outstanding, or come twice", () => {
      const open = (): OpenPair => {
        const ring = openPair({ format, inOrder, sender: "driver", size: 8 });
        send(ring, 0, [60, 60, 60]);
        return ring;
      };
      // Split rings in order are not told ids at all (§2.7.9).
      const expected = format === "split" && inOrder ? "none" : "used.id";
      for (const id of [8, 5, 0xffff]) {
        const ring = open();
        use(ring, 0, id, 0);
        expect(field(() => ring.tx.reclaim())).toBe(expected);
      }
      const twice = open();
      use(twice, 0, 1, 0);
      use(twice, 1, 1, 0);
      if (format === "packed" && inOrder) use(twice, 2, 1, 0);
      expect(field(() => twice.tx.reclaim())).toBe(expected);
    });

    it("rx refuses bad ids and lengths", () => {
      for (const [id, bytes, wanted] of [
        [8, 72, "used.id"],
        [0xffff, 72, "used.id"],
        [0, 11, "used.len"],
        [0, 257, "used.len"],
        [0, 0xffff_ffff, "used.len"],
        [0, 12, "none"],
        [0, 256, "none"],
      ] as const) {
        const ring = openPair({ format, inOrder, sender: "device", size: 8, bufferBytes: 256 });
        use(ring, 0, id, bytes);
        expect([id, bytes, field(() => ring.rx.poll(8))]).toEqual([id, bytes, wanted]);
      }
      const twice = openPair({ format, inOrder, sender: "device", size: 8 });
      use(twice, 0, 0, 72);
      use(twice, 1, 0, 72);
      expect(field(() => twice.rx.poll(8))).toBe("used.id");
    });

    it("mergeable rx refuses num_buffers of 0 or beyond the ring, and waits for a frame's last buffer", () => {
      const open = (count: number): OpenPair => {
        const ring = openPair({ format, inOrder, sender: "device", size: 8, mergeable: true });
        use(ring, 0, 0, 256);
        ring.memory.view.setUint16(ring.driver.buffers + 10, count, true);
        return ring;
      };
      expect(field(() => open(0).rx.poll(8))).toBe("header.num_buffers");
      expect(field(() => open(9).rx.poll(8))).toBe("header.num_buffers");
      const ring = open(2);
      expect([ring.rx.poll(8), ring.rx.pending()]).toEqual([0, 0]);
      use(ring, 1, 1, 5);
      expect([ring.rx.pending(), ring.rx.poll(8), ring.rx.lengths[0]]).toEqual([1, 1, 249]);
    });
  },
);

describe("driver, split", () => {
  it("refuses used.idx ahead of what is outstanding", () => {
    const tx = openPair({ format: "split", sender: "driver", size: 8 });
    send(tx, 0, [60]);
    tx.memory.u16[tx.driver.deviceArea / 2 + 1] = 2;
    expect(field(() => tx.tx.reclaim())).toBe("used.idx");
    const rx = openPair({ format: "split", sender: "device", size: 8 });
    rx.memory.u16[rx.driver.deviceArea / 2 + 1] = 9;
    expect(field(() => rx.rx.poll(1))).toBe("used.idx");
  });
});
