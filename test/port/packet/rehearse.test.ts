/** The calls that a packet port makes before its first frame: into sockets of its own, and nothing is left of them. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { rehearsePacketSend } from "../../../src/port/packet/rehearse.js";
import type { SlotRingLayout } from "../../../src/ring/ring.js";
import { arena } from "../../../src/sys/arena.js";
import { libc } from "../../../src/sys/libc.js";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const slots = 64;
const stride = 2048;

describe("the rehearsal of a packet port", () => {
  it("sends nothing by the port's socket, and leaves memory and descriptors as they were", () => {
    const pair = new Int32Array(2);
    expect(libc.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair)).toBe(0);
    const { offset } = arena().allocateShared("rehearse-test", slots * stride);
    const memory = arena().memory();
    memory.u8.fill(0x5a, offset, offset + slots * stride);
    const mover = { kind: "packet", name: "none", fd: pair[0]!, addressBase: arena().address };
    const shape = { format: "slots", direction: "tx", vring: 1, size: slots } as const;
    const layout: SlotRingLayout = { ...shape, buffers: offset, bufferStride: stride, bufferBytes: 1518, mover };
    try {
      const before = readdirSync("/proc/self/fd").length;
      rehearsePacketSend(memory, layout);
      expect(readdirSync("/proc/self/fd").length).toBe(before);
      expect(libc.read(pair[1]!, new Uint8Array(stride), stride)).toBe(-1);
      expect(memory.u8.subarray(offset, offset + slots * stride).every((byte) => byte === 0x5a)).toBe(true);
    } finally {
      for (const fd of pair) libc.close(fd);
      arena().release(offset);
    }
  });
});
