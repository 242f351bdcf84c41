/** Stamps of received frames, in a packet ring that is filled by hand (linux/if_packet.h, struct tpacket2_hdr). */
import { describe, expect, it } from "vitest";
import { openRxRing, packetRingGeometry, RingFault, ringMemory } from "../../src/ring/index.js";

const user = 1;
const rawHardware = 0x8000_0000;
const software = 0x2000_0000;

function ringWith(statuses: readonly number[], hardwareStamps: boolean) {
  const { slotBytes, blockBytes, slots: size } = packetRingGeometry("rx", 16, 128);
  const memory = ringMemory(new ArrayBuffer(Math.ceil(size / Math.floor(blockBytes / slotBytes)) * blockBytes + 4096));
  const state = memory.buffer.byteLength - 64;
  for (const [i, status] of statuses.entries()) {
    const slot = [status, 60, 60, 128 | (142 << 16), 100 + i, 5];
    for (const [w, word] of slot.entries()) memory.view.setUint32(i * slotBytes + 4 * w, word, true);
  }
  const layout = { format: "packet", direction: "rx", vring: 0, size, slotBytes, blockBytes, ring: 0, state } as const;
  const stamps = { stampsAheadSeconds: 90, hardwareStamps, skipOutgoing: false };
  return openRxRing(memory, { ...layout, ...stamps, maxFrameBytes: 128, start: 0 });
}

describe("stamps of a packet ring", () => {
  it("are seconds and nanoseconds on our clock", () => {
    const rx = ringWith([user | rawHardware, user | rawHardware], true);
    expect(rx.poll(8)).toBe(2);
    expect([...rx.arrivalsNs!.subarray(0, 2)]).toEqual([10e9 + 5, 11e9 + 5]);
  });

  it("of the kernel's clock need no card", () => {
    expect(ringWith([user | software], false).poll(8)).toBe(1);
  });

  it("that the card did not make are of another clock, and are refused", () => {
    const rx = ringWith([user | rawHardware, user | software], true);
    expect(() => rx.poll(8)).toThrow(RingFault);
    expect(() => ringWith([user], true).poll(8)).toThrow(
      "tp_status: the network card did not stamp a frame that it received: use timestamp=kernel",
    );
  });
});
