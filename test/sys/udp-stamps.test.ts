/** A UDP socket on loopback: when datagrams arrived by the kernel's stamps, as times of our clock. */
import { describe, expect, it } from "vitest";
import { monotonicClock } from "../../src/sys/clock.js";
import { UdpStampSocket } from "../../src/sys/udp-stamps.js";

const { nowNs } = monotonicClock();
const loopback = { address: Uint8Array.of(127, 0, 0, 1), port: 0 };

describe("a UDP socket with stamps", () => {
  it("says who sent what, and when it arrived: after it was sent, and before it was read", () => {
    using one = new UdpStampSocket(loopback, nowNs, "test");
    using other = new UdpStampSocket(loopback, nowNs, "test");
    expect(other.receive()).toBeNull();
    let isStamped = false;
    // The kernel begins to stamp some time after it was told to. Until then a datagram arrives when it is read.
    for (let tries = 0; tries < 200 && !isStamped; tries++) {
      const sentNs = one.send(Uint8Array.of(1, 2, 3), other.own)!;
      const readNs = nowNs() + 5e6;
      while (nowNs() < readNs);
      const got = other.receive()!;
      expect(Array.from(got.bytes)).toEqual([1, 2, 3]);
      expect(got.from).toEqual(one.own);
      expect(got.atNs).toBeGreaterThanOrEqual(sentNs);
      expect(got.atNs).toBeLessThanOrEqual(nowNs());
      isStamped = got.atNs < readNs;
    }
    expect(isStamped).toBe(true);
    expect(other.receive()).toBeNull();
  });

  it("is refused at an address that is not this host's", () => {
    const elsewhere = { address: Uint8Array.of(198, 18, 0, 1), port: 0 };
    expect(() => new UdpStampSocket(elsewhere, nowNs, "--clock-udp")).toThrow("a UDP socket cannot be opened there");
  });
});
