/** The messages of vhost-user, by their bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import {
  decodeEmpty,
  decodeHeader,
  decodeMemoryTable,
  decodeU64,
  decodeVringAddresses,
  decodeVringDescriptor,
  decodeVringState,
  encodeMemoryTable,
  encodeMessage,
  encodeU64,
  encodeVringAddresses,
  encodeVringDescriptor,
  encodeVringState,
  requestCodes,
} from "../../src/port/vhost-user/message.js";

/** Written by hand from the protocol's text, little endian. */
const golden = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/[\s|]/g, ""), "hex"));

const failing = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error instanceof PktgenError ? error.toLine() : error;
  }
};

describe("golden bytes", () => {
  it("of a request without payload", () => {
    expect(encodeMessage(requestCodes.GET_FEATURES, 1, new Uint8Array(0))).toEqual(
      golden("01000000 01000000 00000000"),
    );
  });

  it("of a u64 that wants an acknowledgement", () => {
    expect(encodeMessage(requestCodes.SET_FEATURES, 9, encodeU64(0x5_4040_0000n))).toEqual(
      golden("02000000 09000000 08000000 | 0000404005000000"),
    );
  });

  it("of the acknowledgement", () => {
    expect(encodeMessage(requestCodes.SET_FEATURES, 5, encodeU64(0n))).toEqual(
      golden("02000000 05000000 08000000 | 0000000000000000"),
    );
  });

  it("of a vring state", () => {
    expect(encodeMessage(requestCodes.SET_VRING_BASE, 1, encodeVringState({ vring: 3, value: 0x8000 }))).toEqual(
      golden("0a000000 01000000 08000000 | 03000000 00800000"),
    );
  });

  it("of vring addresses: descriptor, used, available, log", () => {
    const addresses = {
      vring: 1,
      flags: 0,
      descriptors: 0x7f00_0000_1000n,
      deviceArea: 0x7f00_0000_3000n,
      driverArea: 0x7f00_0000_2000n,
      log: 0n,
    };
    expect(encodeMessage(requestCodes.SET_VRING_ADDR, 1, encodeVringAddresses(addresses))).toEqual(
      golden(`09000000 01000000 28000000 | 01000000 00000000
        00100000007f0000 00300000007f0000 00200000007f0000 0000000000000000`),
    );
  });

  it("of a vring's descriptor, sent and not sent", () => {
    expect(encodeMessage(requestCodes.SET_VRING_KICK, 1, encodeVringDescriptor({ vring: 2, hasFd: true }))).toEqual(
      golden("0c000000 01000000 08000000 | 0200000000000000"),
    );
    expect(encodeVringDescriptor({ vring: 2, hasFd: false })).toEqual(golden("0201000000000000"));
  });

  it("of a memory table with one region", () => {
    const region = { guestAddress: 0x1000n, bytes: 0x20_0000n, userAddress: 0x7f00_0000_0000n, mmapOffset: 0x3000n };
    expect(encodeMessage(requestCodes.SET_MEM_TABLE, 1, encodeMemoryTable([region]))).toEqual(
      golden(`05000000 01000000 28000000 | 01000000 00000000
        0010000000000000 0000200000000000 00000000007f0000 0030000000000000`),
    );
  });
});

describe("encoded and decoded again", () => {
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const u32 = fc.nat(0xffff_ffff);

  it("is the same", () => {
    fc.assert(
      fc.property(u32, u32, u64, u64, u64, u64, (vring, value, descriptors, deviceArea, driverArea, log) => {
        expect(decodeVringState(10, encodeVringState({ vring, value }))).toEqual({ vring, value });
        const addresses = { vring, flags: value, descriptors, deviceArea, driverArea, log };
        expect(decodeVringAddresses(9, encodeVringAddresses(addresses))).toEqual(addresses);
        expect(decodeU64(2, encodeU64(log))).toBe(log);
      }),
    );
  });

  it("is the same for memory tables, also padded to eight regions", () => {
    const region = fc.record({
      guestAddress: fc.bigInt({ min: 0n, max: 2n ** 63n }),
      bytes: fc.bigInt({ min: 1n, max: 2n ** 62n }),
      userAddress: fc.bigInt({ min: 0n, max: 2n ** 63n }),
      mmapOffset: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    });
    fc.assert(
      fc.property(fc.array(region, { minLength: 1, maxLength: 8 }), (regions) => {
        const payload = encodeMemoryTable(regions);
        const padded = new Uint8Array(8 + 8 * 32);
        padded.set(payload);
        expect(decodeMemoryTable(5, payload)).toEqual(regions);
        expect(decodeMemoryTable(5, padded)).toEqual(regions);
      }),
    );
  });
});

describe("errors name message and field", () => {
  const table = (...fields: bigint[]): Uint8Array => {
    const [guestAddress, bytes, userAddress, mmapOffset] = fields as [bigint, bigint, bigint, bigint];
    return encodeMemoryTable([{ guestAddress, bytes, userAddress, mmapOffset }]);
  };
  const most = 2n ** 64n - 1n;

  it.each([
    [
      () => decodeHeader(golden("01000000 02000000 00000000")),
      "vhost-user GET_FEATURES: flags: 0x2 is not version 1 of vhost-user",
    ],
    [
      () => decodeHeader(golden("05000000 01000000 ffffffff")),
      "vhost-user SET_MEM_TABLE: size: 4294967295 bytes of payload, at most 4096 are accepted",
    ],
    [
      () => decodeHeader(golden("0a0d0d0a 00000000 00000000")),
      "vhost-user request 168627466: flags: 0x0 is not version 1 of vhost-user",
    ],
    [() => decodeEmpty(3, new Uint8Array(1)), "vhost-user SET_OWNER: size: 1 bytes of payload where 0 belong"],
    [() => decodeU64(2, new Uint8Array(4)), "vhost-user SET_FEATURES: size: 4 bytes of payload where 8 belong"],
    [
      () => decodeVringAddresses(9, new Uint8Array(8)),
      "vhost-user SET_VRING_ADDR: size: 8 bytes of payload where 40 belong",
    ],
    [() => decodeVringDescriptor(12, encodeU64(0x200n)), "vhost-user SET_VRING_KICK: u64: unknown bits in 0x200"],
    [() => decodeMemoryTable(5, new Uint8Array(4)), "vhost-user SET_MEM_TABLE: size: 4 bytes of payload hold no table"],
    [
      () => decodeMemoryTable(5, new Uint8Array(8)),
      "vhost-user SET_MEM_TABLE: nregions: 0 regions; 1 to 8 are accepted",
    ],
    [
      () => decodeMemoryTable(5, golden("09000000 00000000")),
      "vhost-user SET_MEM_TABLE: nregions: 9 regions; 1 to 8 are accepted",
    ],
    [
      () => decodeMemoryTable(5, golden("02000000 00000000")),
      "vhost-user SET_MEM_TABLE: size: 8 bytes of payload for 2 regions",
    ],
    [() => decodeMemoryTable(5, table(0n, 0n, 0n, 0n)), "vhost-user SET_MEM_TABLE: region 0 memory_size: 0 bytes"],
    [
      () => decodeMemoryTable(5, table(most, 2n, 0n, 0n)),
      "vhost-user SET_MEM_TABLE: region 0 guest_phys_addr: 0xffffffffffffffff + 2 bytes passes the end of the address space",
    ],
    [
      () => decodeMemoryTable(5, table(0n, 4096n, 0n, most - 1n)),
      "vhost-user SET_MEM_TABLE: region 0 mmap_offset: 0xfffffffffffffffe + 4096 bytes passes the end of the address space",
    ],
  ])("%#", (act, line) => {
    expect(failing(act)).toBe(line);
  });
});
