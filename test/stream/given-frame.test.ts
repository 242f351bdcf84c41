/** A frame as it is given: the bytes that are sent are those, but for a signature where one changes no meaning. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ringMemory } from "../../src/memory.js";
import { buildFrame, dissect, type Header, headerOf, raw } from "../../src/packet/index.js";
import { compileStream } from "../../src/stream/frames/compile.js";
import { givenFrame } from "../../src/stream/frames/given-frame.js";
import { referenceFrame } from "../../src/stream/frames/interpret.js";
import { fixedTrial } from "../../src/stream/frames/signature.js";
import type { TrafficSpec } from "../../src/stream/spec/traffic.js";
import { fixedSize } from "../../src/units.js";

const stamp = { trial: fixedTrial(1), stream: 0, sequence: 7, timeNs: 123_456_789 };
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

function memoryOf(frame: Uint8Array) {
  const memory = ringMemory(new ArrayBuffer(Math.ceil(frame.length / 8) * 8));
  memory.u8.set(frame);
  return memory;
}

function sent(bytes: Uint8Array) {
  const { stream, notes } = givenFrame("frame", bytes, "--frame");
  const frameBytes = stream.size?.kind === "fixed" ? stream.size.frameBytes : 0;
  const spec: TrafficSpec = { name: "frame", streams: [stream], sizes: [fixedSize(frameBytes)], seed: 1 };
  const program = compileStream(spec, fixedSize(frameBytes));
  const frame = referenceFrame(spec, fixedSize(frameBytes), 3, stamp);
  const recognises = (other: Uint8Array): boolean => program.recognises(memoryOf(other), 0, other.length);
  return { stream, notes, frame, recognises, signed: program.signed };
}

/** Ethernet II, IPv4 without options, UDP to port 9 with a right checksum, 26 bytes of text. */
const udpFrame = buildFrame(
  [headerOf("ethernet", {}), headerOf("ipv4", { ttl: 9 }), headerOf("udp", { srcPort: 5, dstPort: 9 })],
  68,
  new Uint8Array(26).fill(0x61),
);

describe("a frame that is given", () => {
  it("is sent with a signature at its end, and nothing else is changed", () => {
    const { frame, signed, stream, notes } = sent(udpFrame);
    expect(signed).toBe(true);
    expect(notes).toEqual([]);
    expect(stream.layers.map(({ protocol }) => protocol)).toEqual(["ethernet", "ipv4", "udp"]);
    expect(frame.length).toBe(68);
    expect(dissect(frame).faults).toEqual([]);
    // The UDP checksum alone follows the signature.
    for (let i = 0; i < 50; i++) if (i !== 40 && i !== 41) expect([i, frame[i]]).toEqual([i, udpFrame[i]]);
  });

  it("stays as it is where it has no room for a signature, and is padded to the least size", () => {
    const layers = [headerOf("ethernet", {}), headerOf("arp", { senderIp: "198.18.0.1", targetIp: "198.18.0.2" })];
    const question = buildFrame(layers, 42);
    const { frame, signed, notes } = sent(question);
    expect(signed).toBe(true); // 42 bytes and 18 of padding
    expect(frame.subarray(0, 42)).toEqual(question);
    expect(notes).toEqual(["the given frame has 42 bytes and is padded to 60"]);
    const small = buildFrame(
      [
        headerOf("ethernet", {}),
        headerOf("vlan", { id: 5 }),
        headerOf("ipv4", {}),
        headerOf("tcp", { srcPort: 1, dstPort: 2 }),
      ],
      64,
    );
    const plain = sent(small);
    expect(plain.signed).toBe(false);
    expect(plain.frame).toEqual(small);
    expect(plain.notes).toEqual([expect.stringContaining("no room for a signature")]);
  });

  it("keeps a wrong checksum, an unknown protocol and a wrong length", () => {
    const wrong = udpFrame.slice();
    wrong[41]! ^= 1;
    const other = hex(`020000000002 020000000001 88b5 ${"a5".repeat(60)}`);
    const long = udpFrame.slice();
    long[17] = 200;
    const { frame } = sent(other);
    expect(frame.subarray(0, -18)).toEqual(other.subarray(0, -18));
    expect(sent(long).frame.subarray(0, 40)).toEqual(long.subarray(0, 40));
    // A wrong checksum stays wrong by as much.
    expect(dissect(sent(wrong).frame).faults).toMatchObject([{ protocol: "udp", field: "checksum" }]);
  });

  it("is not signed where a checksum that is right would become wrong", () => {
    // An IPv4 packet of 46 bytes with TCP, and 6 bytes of padding behind it that no length counts.
    const padded = new Uint8Array(66);
    padded.set(
      buildFrame([headerOf("ethernet", {}), headerOf("ipv4", {}), headerOf("tcp", { srcPort: 1, dstPort: 2 })], 60),
    );
    const { frame, signed } = sent(padded);
    expect(signed).toBe(false);
    expect(frame).toEqual(padded);
  });

  it("is recognised without a signature, rewritten by a router or not, and nothing else is", () => {
    const small = buildFrame(
      [
        headerOf("ethernet", {}),
        headerOf("vlan", { id: 5 }),
        headerOf("ipv4", { ttl: 9 }),
        headerOf("tcp", { srcPort: 1, dstPort: 2 }),
      ],
      64,
    );
    const question = hex(`ffffffffffff 020000000001 88b5 ${"11".repeat(40)} 00000000`);
    const odd = small.slice();
    odd[21]! += 1; // a length that does not fit: raw bytes
    for (const bytes of [small, odd]) {
      const { recognises, signed } = sent(bytes);
      expect(signed).toBe(false);
      expect(recognises(bytes)).toBe(true);
      const routed = bytes.slice();
      routed[0]! ^= 2;
      routed[26]! -= 1;
      routed[28]! += 1;
      expect(recognises(routed)).toBe(true);
      const other = bytes.slice();
      other[39]! ^= 1; // a port
      expect(recognises(other)).toBe(false);
    }
    const own = sent(question.subarray(0, 60));
    const changed = own.frame.slice();
    changed[30]! ^= 1;
    expect(own.recognises(own.frame)).toBe(true);
  });

  it("refuses what is no frame", () => {
    for (const length of [0, 13, 9015]) {
      expect(() => givenFrame("frame", new Uint8Array(length), "--frame")).toThrow(/no Ethernet frame/);
    }
  });

  it("is the same in all but the signature and a checksum over it, whatever the bytes", () => {
    const stacks: readonly (readonly Header[])[] = [
      [headerOf("ethernet", {}), headerOf("ipv4", {}), headerOf("udp", { srcPort: 1, dstPort: 2 })],
      [headerOf("ethernet", {}), raw(Uint8Array.of(1, 2, 3))],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...stacks),
        fc.uint8Array({ minLength: 18, maxLength: 80 }),
        fc.boolean(),
        (layers, rest, isOdd) => {
          const head = layers.length === 2 ? 17 : 42;
          const bytes = buildFrame(layers, Math.max(60, head + rest.length));
          bytes.set(rest, bytes.length - rest.length);
          if (isOdd) bytes[20]! ^= 0x80;
          const { frame, signed } = sent(bytes);
          const end = signed ? bytes.length - 18 : bytes.length;
          const differs = [...bytes.keys()].filter((i) => i < end && bytes[i] !== frame[i]);
          return (
            differs.every((i) => i === 40 || i === 41) && dissect(frame).faults.length <= dissect(bytes).faults.length
          );
        },
      ),
    );
  });
});
