/** A receiver knows its frames again, whatever the device may change in them. */

import { describe, expect, it } from "vitest";
import { ringMemory } from "../../src/memory.js";
import { compileStream, frameAt } from "../../src/stream/index.js";
import { fixedSize } from "../../src/units.js";
import { plain } from "../support/plain.js";

const stamp = { trial: 1, stream: 0, sequence: 9, timeNs: 1000 };
const specs = {
  ipv4: plain({ flows: 40_000, sizes: [] }),
  ipv6: plain({ ip: 6, flows: 40_000, sizes: [] }),
  vlan: plain({ vlan: 7, flows: 40_000, sizes: [] }),
};

/** Does the spec's program recognise this frame, at an odd offset and with other bytes behind it? */
function recognised(spec: (typeof specs)["ipv4"], frame: Uint8Array, frameBytes = 128): boolean {
  const memory = ringMemory(new ArrayBuffer(1024));
  memory.u8.fill(0x81).set(frame, 13);
  return compileStream(spec, fixedSize(frameBytes)).recognises(memory, 13, frame.length);
}

const insert = (frame: Uint8Array, at: number, bytes: readonly number[]) =>
  Uint8Array.from([...frame.subarray(0, at), ...bytes, ...frame.subarray(at)]);

describe.each(Object.entries(specs))("%s", (name, spec) => {
  const ipAt = name === "vlan" ? 18 : 14;
  const srcAt = ipAt + (name === "ipv6" ? 8 : 12);
  const udpAt = ipAt + (name === "ipv6" ? 40 : 20);
  const frame = (index = 0, frameBytes = 128) => frameAt(compileStream(spec, fixedSize(frameBytes)), index, stamp);
  const changed = (at: number, value?: number) => {
    const bytes = frame();
    bytes[at] = value ?? bytes[at] ^ 0x80;
    return bytes;
  };

  it("knows its frames of every flow", () => {
    for (const index of [0, 1, 32_767, 32_768, 39_999]) expect(recognised(spec, frame(index))).toBe(true);
  });

  it("knows them with other MACs and TTL, and VLAN tags pushed or popped", () => {
    const rewritten = frame();
    rewritten.fill(0xee, 0, 12);
    rewritten[ipAt + (name === "ipv6" ? 7 : 8)] = 3;
    expect(recognised(spec, rewritten)).toBe(true);
    expect(recognised(spec, insert(frame(), 12, [0x81, 0, 0, 5]))).toBe(true);
    expect(recognised(spec, insert(frame(), 12, [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6]))).toBe(true);
    if (name === "vlan") {
      const popped = frame();
      expect(recognised(spec, Uint8Array.from([...popped.subarray(0, 12), ...popped.subarray(16)]))).toBe(true);
    }
  });

  it("knows a signed frame that was padded or trimmed, by the size that IP states", () => {
    expect(recognised(spec, insert(frame(), 124, [0, 0, 0, 0]))).toBe(true);
    expect(recognised(spec, frame().subarray(0, 120))).toBe(true);
  });

  it("does not know other addresses, ports, protocols and sizes", () => {
    for (let at = srcAt; at < udpAt; at++) expect(recognised(spec, changed(at)), `byte ${at}`).toBe(false);
    for (const at of [ipAt - 2, ipAt, udpAt, udpAt + 2, udpAt + 3]) {
      expect(recognised(spec, changed(at)), `byte ${at}`).toBe(false);
    }
    expect(recognised(spec, changed(ipAt + (name === "ipv6" ? 6 : 9), 6))).toBe(false);
    expect(recognised(spec, frame(), 256)).toBe(false);
    // A source port or address just outside the flows.
    const beyond = plain({ ...spec.plain, flows: 2 ** 17 });
    const other = frameAt(compileStream(beyond, fixedSize(128)), 65_536, stamp);
    expect(recognised(spec, other)).toBe(false);
  });

  it("does not look beyond the frame, however short", () => {
    const memory = ringMemory(new ArrayBuffer(128));
    memory.u8.set(frame().subarray(0, 120), 8);
    const program = compileStream(spec, fixedSize(128));
    for (let bytes = 0; bytes < udpAt + 8; bytes++) expect(program.recognises(memory, 8, bytes)).toBe(false);
    // Right at the end of memory.
    const tags = new Array(32).fill([0x81, 0]).flat();
    memory.u8.set(tags, 64);
    for (let bytes = 0; bytes <= 64; bytes++) expect(program.recognises(memory, 128 - bytes, bytes)).toBe(false);
  });
});

it("goes by the size that is there where frames are too small for a signature", () => {
  const spec = plain({ ip: 6, sizes: [] });
  const small = frameAt(compileStream(spec, fixedSize(70)), 0, stamp);
  expect(recognised(spec, small, 70)).toBe(true);
  expect(recognised(spec, insert(small, 66, [0, 0]), 70)).toBe(false);
});
