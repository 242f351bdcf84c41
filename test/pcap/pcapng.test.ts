/** The pcapng format, by its bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BlockBuilder,
  type ByteOrder,
  type CaptureBlock,
  ethernetInterface,
  FrameBatch,
  optionCode,
  PcapngDecoder,
  PcapngEncoder,
  textOption,
} from "../../src/pcap/index.js";

const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const join = (...pieces: Uint8Array[]) => Uint8Array.from(pieces.flatMap((piece) => [...piece]));

interface Read {
  readonly frames: {
    readonly bytes: number[];
    readonly original: number;
    readonly seconds: number;
    readonly nanoseconds: number;
    readonly iface: number;
    readonly flags: number;
    readonly comments: readonly string[];
  }[];
  readonly blocks: CaptureBlock[];
  readonly decoder: PcapngDecoder;
}

/** Reads `file` offered in windows that grow by `step` bytes. */
function read(file: Uint8Array, step = file.length, capacity = 3): Read {
  const blocks: CaptureBlock[] = [];
  const decoder = new PcapngDecoder((block) => blocks.push(block));
  const batch = new FrameBatch(capacity);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Read["frames"] = [];
  let at = 0;
  for (let end = Math.min(step, file.length); ; ) {
    batch.reset(file, frames.length);
    at = decoder.decode(file, view, at, end, batch);
    for (let i = 0; i < batch.count; i++) {
      frames.push({
        bytes: [...batch.frame(i)],
        original: batch.original[i],
        seconds: batch.seconds[i],
        nanoseconds: batch.nanoseconds[i],
        iface: batch.interfaces[i],
        flags: batch.flags[i],
        comments: batch.comments.get(i) ?? [],
      });
    }
    if (batch.count > 0) continue;
    if (end === file.length || decoder.fault !== null) break;
    end = Math.min(end + step, file.length);
  }
  decoder.finish(file.length - at);
  return { frames, blocks, decoder };
}

/** A section, an interface with nanoseconds, one frame of 5 bytes: written by hand. */
const handWritten = {
  little:
    "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000" +
    "01000000 20000000 0100 0000 00000400 0900 0100 09000000 0000 0000 20000000" +
    "06000000 28000000 00000000 d2eb9717 00cae522 05000000 40000000 0102030405000000 28000000",
  big:
    "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c" +
    "00000001 00000020 0001 0000 00040000 0009 0001 09000000 0000 0000 00000020" +
    "00000006 00000028 00000000 1797ebd2 22e5ca00 00000005 00000040 0102030405000000 00000028",
};

describe("pcapng, written by hand", () => {
  it.each(["little", "big"] as const)("%s-endian is read, and written the same", (byteOrder) => {
    const file = fromHex(handWritten[byteOrder]);
    const { frames, decoder } = read(file);
    expect(decoder.fault).toBeNull();
    expect(decoder.interfaces).toEqual([ethernetInterface]);
    // 0x1797ebd2_22e5ca00 ns
    const ns = 0x1797ebd222e5ca00n;
    expect(frames).toEqual([
      {
        bytes: [1, 2, 3, 4, 5],
        original: 64,
        seconds: Number(ns / 1_000_000_000n),
        nanoseconds: Number(ns % 1_000_000_000n),
        iface: 0,
        flags: 0,
        comments: [],
      },
    ]);
    const pieces: Uint8Array[] = [];
    const encoder = new PcapngEncoder((bytes) => pieces.push(bytes.slice()), {
      byteOrder,
      interfaces: [ethernetInterface],
      application: null,
    });
    const { seconds, nanoseconds } = frames[0];
    encoder.bytes.set([1, 2, 3, 4, 5], encoder.place(5, 64, seconds, nanoseconds));
    encoder.flush();
    expect(Buffer.from(join(...pieces)).toString("hex")).toBe(Buffer.from(file).toString("hex"));
  });
});

const frameOf = fc.record({
  bytes: fc.uint8Array({ maxLength: 70 }),
  more: fc.nat(2000),
  seconds: fc.nat(2 ** 33),
  nanoseconds: fc.nat(999_999_999),
  iface: fc.nat(1),
  flags: fc.constantFrom(0, 1, 2, 0x0100_0002),
  comments: fc.array(fc.string({ maxLength: 20 }), { maxLength: 2 }),
});

describe("every block", () => {
  const orders: ByteOrder[] = ["little", "big"];

  it("frames with times, directions and comments, in windows of any size", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...orders),
        fc.array(frameOf, { maxLength: 8 }),
        fc.integer({ min: 1, max: 97 }),
        (byteOrder, all, step) => {
          const pieces: Uint8Array[] = [];
          const encoder = new PcapngEncoder((bytes) => pieces.push(bytes.slice()), {
            byteOrder,
            interfaces: [ethernetInterface, { ...ethernetInterface, name: "eth1", description: "second" }],
            application: "a test",
          });
          for (const { bytes, more, seconds, nanoseconds, iface, flags, comments } of all) {
            const [captured, original] = [bytes.length, bytes.length + more];
            const at =
              comments.length === 0 && flags === 0
                ? encoder.place(captured, original, seconds, nanoseconds, iface)
                : encoder.placeWith({ captured, original, seconds, nanoseconds, iface }, comments, flags);
            encoder.bytes.set(bytes, at);
          }
          encoder.flush();
          const { frames, decoder } = read(join(...pieces), step);
          expect(decoder.fault).toBeNull();
          expect(decoder.interfaces[1].name).toBe("eth1");
          expect(frames).toEqual(
            all.map(({ more, bytes, ...rest }) => ({ ...rest, bytes: [...bytes], original: bytes.length + more })),
          );
        },
      ),
    );
  });

  it.each(orders)(
    "%s-endian: names, statistics, custom, unknown, simple and packet blocks, several sections",
    (order) => {
      const builder = new BlockBuilder(order);
      const little = order === "little";
      const words = (...values: number[]) => {
        const bytes = new Uint8Array(4 * values.length);
        values.forEach((value, i) => {
          new DataView(bytes.buffer).setUint32(4 * i, value, little);
        });
        return bytes;
      };
      const halves = (a: number, b: number) => {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint16(0, a, little);
        new DataView(bytes.buffer).setUint16(2, b, little);
        return bytes;
      };
      const comment = textOption(optionCode.comment, "why");
      const records = [
        { type: 1, address: Uint8Array.of(198, 18, 0, 1), names: ["one.test", "uno.test"] },
        { type: 2, address: new Uint8Array(16).fill(1), names: ["six.test"] },
      ];
      const micro = { ...ethernetInterface, ticksPerSecond: 1e6, offsetSeconds: -3600, fcsBytes: 4, snapBytes: 3 };
      const file = join(
        builder.section([comment]),
        builder.interface(micro, [comment]),
        builder.names(records, [comment]),
        builder.block(3, words(7), Uint8Array.of(1, 2, 3, 0)),
        builder.block(2, halves(0, 5), words(0x0004_f4bc, 0xbba2_8e40, 2, 9), Uint8Array.of(8, 9, 0, 0)),
        builder.statistics(0, 1, 2, [{ code: optionCode.statistics.dropped, value: new Uint8Array(8) }]),
        builder.custom(32_473, Uint8Array.of(1, 2, 3, 4)),
        builder.custom(32_473, Uint8Array.of(5, 6, 7, 8), false),
        builder.block(0x7777, Uint8Array.of(1, 1, 1, 1)),
        new BlockBuilder(little ? "big" : "little").section(),
        new BlockBuilder(little ? "big" : "little").interface({ ...ethernetInterface, ticksPerSecond: 2 ** 20 }),
      );
      const { frames, blocks, decoder } = read(file, 11);
      expect(decoder.fault).toBeNull();
      expect(decoder.untimed).toBe(1);
      expect(decoder.interfaces).toEqual([micro, { ...ethernetInterface, ticksPerSecond: 2 ** 20 }]);
      const us = 0x0004_f4bc_bba2_8e40n;
      expect(frames).toEqual([
        // The snap length cuts a simple block; it has no time, here none before it either.
        { bytes: [1, 2, 3], original: 7, seconds: 0, nanoseconds: 0, iface: 0, flags: 0, comments: [] },
        {
          bytes: [8, 9],
          original: 9,
          seconds: Number(us / 1_000_000n) - 3600,
          nanoseconds: Number(us % 1_000_000n) * 1000,
          iface: 0,
          flags: 0,
          comments: [],
        },
      ]);
      expect(blocks.map(({ kind }) => kind)).toEqual([
        "section",
        "interface",
        "names",
        "statistics",
        "custom",
        "custom",
        "other",
        "section",
        "interface",
      ]);
      expect(blocks[0]).toMatchObject({ byteOrder: order, options: [comment] });
      expect(blocks[2]).toMatchObject({ records, options: [comment] });
      expect(blocks[3]).toMatchObject({ iface: 0, high: 1, low: 2, options: [{ code: 5 }] });
      expect(blocks[4]).toEqual({ kind: "custom", copied: true, enterprise: 32_473, data: Uint8Array.of(1, 2, 3, 4) });
      expect(blocks[5]).toMatchObject({ copied: false });
      expect(blocks[6]).toEqual({ kind: "other", type: 0x7777, body: Uint8Array.of(1, 1, 1, 1) });
      expect(blocks[7]).toMatchObject({ byteOrder: little ? "big" : "little" });
    },
  );

  it.each([
    [6, 1e6],
    [9, 1e9],
    [0, 1],
    [12, 1e12],
    [0x80 | 10, 1024],
    [0x80 | 32, 2 ** 32],
  ])("resolution %i is %d ticks a second", (_, ticksPerSecond) => {
    const builder = new BlockBuilder("little");
    const ticks = 1_700_000_000n * BigInt(ticksPerSecond) + BigInt(Math.floor(ticksPerSecond / 3));
    const low = 0xffff_ffffn;
    const body = new Uint8Array(20);
    const view = new DataView(body.buffer);
    view.setUint32(4, Number((ticks >> 32n) & low), true);
    view.setUint32(8, Number(ticks & low), true);
    const file = join(
      builder.section(),
      builder.interface({ ...ethernetInterface, ticksPerSecond }),
      builder.block(6, body),
    );
    const [frame] = read(file).frames;
    const rest = BigInt(Math.floor(ticksPerSecond / 3));
    const nanoseconds = Number((rest * 1_000_000_000n) / BigInt(ticksPerSecond));
    // 10^12 ticks a second since 1970 are beyond 64 bits: what the file says is then modulo 2^64.
    const whole = ticks >> 64n === 0n;
    if (whole) expect([frame.seconds, frame.nanoseconds]).toEqual([1_700_000_000, nanoseconds]);
  });
});

describe("a pcapng file that is wrong", () => {
  const good = fromHex(handWritten.little);
  const changed = (at: number, value: number) => {
    const file = good.slice();
    new DataView(file.buffer).setUint32(at, value, true);
    return read(file).decoder.fault;
  };

  it("cut anywhere: the whole frames before the cut, and its place", () => {
    for (let length = 0; length < good.length; length++) {
      const { frames, decoder } = read(good.slice(0, length), 5);
      expect(frames).toEqual([]);
      if ([0, 28, 60].includes(length)) expect(decoder.fault).toBeNull();
      else expect(decoder.fault).toMatchObject({ kind: "cut", offset: length });
    }
  });

  it.each([
    ["a block shorter than its head", 64, 16, { kind: "length", offset: 64 }],
    ["a length that is no multiple of four", 64, 43, { kind: "length", offset: 64 }],
    ["a block of absurd size", 64, 0x7fff_fffc, { kind: "length", offset: 64 }],
    ["another length at the end", 96, 44, { kind: "length", offset: 96 }],
    ["more captured than the block has room for", 80, 12, { kind: "length", offset: 80 }],
    ["an interface that there is not", 68, 1, { kind: "block", offset: 68 }],
    ["a byte order that is none", 8, 0x1234_5678, { kind: "block", offset: 8 }],
    ["a version that is unknown", 12, 2, { kind: "version", offset: 12 }],
    ["no section at the start", 0, 5, { kind: "block", offset: 0 }],
  ])("%s", (_, at, value, fault) => {
    expect(changed(at, value)).toMatchObject(fault);
  });

  it("of any bytes: never throws, never hangs, never goes back", () => {
    const flips = fc.array(fc.tuple(fc.nat(99), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(flips, fc.constantFrom<keyof typeof handWritten>("little", "big"), fc.nat(30), (all, order, step) => {
        const file = fromHex(handWritten[order]);
        for (const [at, value] of all) file[at] = value;
        const { frames, decoder } = read(file, step + 1);
        expect(frames.length).toBeLessThanOrEqual(1);
        expect(decoder.interfaces.length).toBeLessThan(3);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void read(bytes, 13)));
  });

  it("with sections and interfaces without end: keeps no more than there can be", () => {
    const builder = new BlockBuilder("little");
    const iface = builder.interface(ethernetInterface);
    const file = join(builder.section(), ...Array.from({ length: 40 }, () => iface));
    const { decoder } = read(file);
    expect(decoder.interfaces).toHaveLength(40);
    const many = new Uint8Array(28 + iface.length * 65_600);
    many.set(builder.section());
    for (let i = 0; i < 65_600; i++) many.set(iface, 28 + i * iface.length);
    expect(read(many).decoder.fault).toMatchObject({ kind: "block", what: expect.stringContaining("interfaces") });
  });
});
