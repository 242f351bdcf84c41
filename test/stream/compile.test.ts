/** Compiled programs of plain traffic make the bytes of the reference. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RingMemory, ringMemory } from "../../src/memory.js";
import { dissect } from "../../src/packet/index.js";
import {
  compileStream,
  type FrameProgram,
  frameAt,
  frameSizesOf,
  high16,
  low32,
  type PlainTraffic,
  plainTraffic,
  referenceFrame,
  type Stamp,
  signatureBytes,
  signatureHead,
  smallestFrameBytes,
  type TrafficSpec,
  trafficOf,
  trialHighOf,
  writeSignature,
} from "../../src/stream/index.js";
import { type FrameSize, fixedSize, simpleImix } from "../../src/units.js";
import { plain } from "../support/plain.js";

const flowCounts = fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 40 }), fc.integer({ min: 32_767, max: 2 ** 24 }));

/** Any traffic with any size, or mix of sizes, that its headers fit into. */
const anyTraffic: fc.Arbitrary<{ spec: TrafficSpec; size: FrameSize }> = fc
  .record({
    ip: fc.constantFrom<4 | 6>(4, 6),
    vlan: fc.option(fc.nat(4094), { nil: null }),
    flows: flowCounts,
    srcPort: fc.nat(32_768),
    dstPort: fc.nat(65_535),
    seed: fc.nat(),
  })
  .chain((changes) => {
    const spec = plainTraffic({ ...changes, sizes: [] });
    const least = smallestFrameBytes(spec, false);
    const sizes = fc.oneof(fc.integer({ min: least, max: least + 30 }), fc.integer({ min: least, max: 9018 }));
    const mix = fc
      .array(fc.record({ frameBytes: sizes, weight: fc.integer({ min: 1, max: 5 }) }), { minLength: 1, maxLength: 4 })
      .map((parts): FrameSize => ({ kind: "mix", name: "any", parts }));
    return fc.oneof(sizes.map(fixedSize), mix).map((size) => ({ spec: trafficOf(spec), size }));
  });

const stamps: fc.Arbitrary<Stamp> = fc.record({
  trial: fc.nat(255),
  stream: fc.nat(2 ** 24 - 1),
  sequence: fc.maxSafeNat(),
  timeNs: fc.maxSafeNat(),
});

/** Writes what changes in frame `index` over one that was rendered at `offset`. */
function touch(program: FrameProgram, memory: RingMemory, offset: number, variant: number, index: number): void {
  if (program.changes) program.cursor(index, 1).touch(memory, Uint32Array.of(offset), Uint16Array.of(variant), 1);
}

describe("a compiled program", () => {
  it("gives the reference's bytes, with every length and checksum right", () => {
    fc.assert(
      fc.property(anyTraffic, fc.nat(2 ** 26), stamps, ({ spec, size }, index, stamp) => {
        const program = compileStream(spec, size);
        const frame = frameAt(program, index, stamp);
        expect(Buffer.from(frame).toString("hex")).toBe(
          Buffer.from(referenceFrame(spec, size, index, stamp)).toString("hex"),
        );
        expect(dissect(frame).faults).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("gives them by touching a frame of another flow, too, at any offset, and writes nothing outside", () => {
    const flows = fc.tuple(fc.nat(2 ** 24), fc.nat(2 ** 24));
    fc.assert(
      fc.property(
        anyTraffic,
        flows,
        fc.integer({ min: 1, max: 40 }),
        stamps,
        ({ spec, size }, [a, b], offset, stamp) => {
          const program = compileStream(spec, size);
          const variant = program.variants.length - 1;
          const { bufferBytes } = program.variants[variant];
          const memory = ringMemory(new ArrayBuffer(9216));
          memory.u8.fill(0xa5);
          program.render(memory, offset, variant);
          touch(program, memory, offset, variant, a);
          const end = offset + bufferBytes;
          if (program.signed) {
            expect([...memory.u8.subarray(end - signatureBytes, end)]).toEqual(new Array(signatureBytes).fill(0xa5));
            const { trial, stream, sequence, timeNs } = stamp;
            const [high, head] = [trialHighOf(trial), signatureHead(trial, stream)];
            writeSignature(memory.view, end, high, head, low32(sequence), low32(timeNs), high16(timeNs));
          }
          touch(program, memory, offset, variant, b);
          const single = { ...spec, sizes: [] };
          const signedSize = fixedSize(frameSizesOf(size)[variant]);
          // Alone, a size may be signed that is not in a mix with a smaller one.
          fc.pre(compileStream(single, signedSize).signed === program.signed);
          const expected = referenceFrame(single, signedSize, b, stamp);
          expect(Buffer.compare(memory.u8.subarray(offset, end), expected)).toBe(0);
          expect(memory.u8.subarray(0, offset).every((byte) => byte === 0xa5)).toBe(true);
          expect(memory.u8.subarray(end).every((byte) => byte === 0xa5)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("goes round in as many flows as asked, all different", () => {
    const flows = 70_000;
    const program = compileStream(plain({ flows }), fixedSize(64));
    const seen = new Set<string>();
    const memory = ringMemory(new ArrayBuffer(64));
    program.render(memory, 0, 0);
    const cursor = program.cursor(0, 1);
    for (let flow = 0; flow < flows; flow++) {
      cursor.touch(memory, new Uint32Array(1), new Uint16Array(1), 1);
      seen.add(Buffer.from(memory.u8.subarray(26, 38)).toString("latin1"));
    }
    expect(seen.size).toBe(flows);
  });

  it("never sends 0 as a UDP checksum: 65,536 consecutive sums hold one that is", () => {
    const program = compileStream(plain({ srcPort: 0, flows: 2 ** 16 }), fixedSize(64));
    const memory = ringMemory(new ArrayBuffer(64));
    program.render(memory, 0, 0);
    const cursor = program.cursor(0, 1);
    const checksums = new Set<number>();
    for (let flow = 0; flow < 2 ** 16; flow++) {
      cursor.touch(memory, new Uint32Array(1), new Uint16Array(1), 1);
      checksums.add(memory.view.getUint16(40));
    }
    expect(checksums.has(0)).toBe(false);
    expect(checksums.has(0xffff)).toBe(true);
  });
});

it("has right checksums for every sum that a source address can make", () => {
  const memory = ringMemory(new ArrayBuffer(64));
  const frame = memory.u8.subarray(0, 60);
  for (let high = 0; high < 256; high += 2) {
    const spec = plain({ srcAddress: `198.18.${high}.0`, flows: 512 * 32_768, sizes: [] });
    const program = compileStream(spec, fixedSize(64));
    program.render(memory, 0, 0);
    writeSignature(memory.view, 60, 0x7470, 0, 0, 0, 0);
    const cursor = program.cursor(0, 32_768);
    for (let address = 0; address < 512; address++) {
      cursor.touch(memory, new Uint32Array(1), new Uint16Array(1), 1);
      const { faults } = dissect(frame);
      if (faults.length > 0) expect.fail(`${JSON.stringify(faults)} of address ${address} from 198.18.${high}.0`);
    }
  }
});

describe("smallest sizes", () => {
  it.each([
    [{ ip: 4 as const, vlan: null }, 64, 64],
    [{ ip: 4 as const, vlan: 7 }, 64, 68],
    [{ ip: 6 as const, vlan: null }, 66, 84],
    [{ ip: 6 as const, vlan: 7 }, 70, 88],
  ])("%j: %i, signed from %i", (changes, unsigned, signed) => {
    const asked = plainTraffic({ ...changes, sizes: [] });
    const spec = trafficOf(asked);
    expect([smallestFrameBytes(asked, false), smallestFrameBytes(asked, true)]).toEqual([unsigned, signed]);
    expect(compileStream(spec, fixedSize(unsigned)).signed).toBe(unsigned >= signed);
    expect(compileStream(spec, fixedSize(signed)).signed).toBe(true);
    expect(compileStream(spec, fixedSize(signed - 1 < unsigned ? 9018 : signed - 1)).signed).toBe(
      signed - 1 < unsigned,
    );
    const refused = expect.objectContaining({ where: "--sizes", exitCode: 2 });
    expect(() => compileStream(spec, fixedSize(unsigned - 1))).toThrow(refused);
    expect(() => compileStream(spec, fixedSize(9019))).toThrow(refused);
  });

  it("signs a mix only if every part has room", () => {
    const spec = plain({ ip: 6, sizes: [] });
    const mix = (frameBytes: number): FrameSize => ({
      kind: "mix",
      name: "m",
      parts: [
        { frameBytes, weight: 1 },
        { frameBytes: 1518, weight: 1 },
      ],
    });
    expect(compileStream(spec, mix(83)).signed).toBe(false);
    expect(compileStream(spec, mix(84)).signed).toBe(true);
    expect(() => compileStream(spec, simpleImix)).toThrow(/UDP over IPv6/);
  });
});

describe("a wrong spec", () => {
  it.each<[Partial<PlainTraffic>, string]>([
    [{ flows: 0 }, "flows"],
    [{ flows: 1.5 }, "flows"],
    [{ flows: 2 ** 24 + 1 }, "flows"],
    [{ vlan: 4095 }, "vlan"],
    [{ srcPort: 65_535, flows: 2 }, "srcPort"],
    [{ srcAddress: "255.255.255.255", flows: 32_769 }, "srcAddress"],
    [{ srcAddress: "2001:2::1" }, "srcAddress"],
    [{ dstAddress: "here" }, "dstAddress"],
    [{ dstMac: "00:11" }, "dstMac"],
    [{ srcMac: "" }, "srcMac"],
    [{ dstPort: 65_536 }, "udp.dstPort"],
    [{ sizes: [fixedSize(60)] }, "--sizes"],
  ])("%j is refused as %s", (changes, where) => {
    expect(() => plainTraffic(changes)).toThrow(expect.objectContaining({ where, exitCode: 2 }));
  });
});
