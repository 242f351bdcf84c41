/** On processors that do not keep loads in order, the flags of every packed descriptor are loaded with Atomics.load. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const own = process.arch;
const setArch = (arch: string): void => {
  Object.defineProperty(process, "arch", { value: arch, configurable: true });
  vi.resetModules();
};

const frames = 12;

/** Sends one burst and receives it; returns how many different flags of descriptors each call loaded atomically. */
async function flagsLoaded(sender: "driver" | "device", inOrder: boolean): Promise<Record<string, number>> {
  const { openPair, receive, send } = await import("./harness.js");
  const ring = openPair({ format: "packed", sender, size: 16, inOrder });
  const first = ring.driver.descriptors / 2 + 7;
  const counting = (act: () => unknown): number => {
    const load = vi.spyOn(Atomics, "load");
    act();
    const indices = load.mock.calls.map(([, index]) => index).filter((index) => (index - first) % 8 === 0);
    load.mockRestore();
    return new Set(indices.filter((index) => index >= first && index < first + 8 * 16)).size;
  };
  const lengths = Array.from({ length: frames }, (_, i) => 60 + i);
  const room = counting(() => ring.tx.reclaim());
  expect(send(ring, 0, lengths)).toBe(frames);
  const poll = counting(() => expect(receive(ring, 0, lengths, 256)).toBe(frames));
  const taken = counting(() => ring.tx.reclaim());
  return { room, poll, taken };
}

describe.each([true, false])("packed rings, in order %s", (inOrder) => {
  afterEach(() => setArch(own));

  describe("arm64", () => {
    beforeEach(() => setArch("arm64"));

    it("driver sends: the device's poll and the driver's reclaim", async () => {
      const { poll, taken } = await flagsLoaded("driver", inOrder);
      expect(poll).toBe(frames + 1);
      // In order, one used descriptor stands for the burst.
      expect(taken).toBe(inOrder ? 2 : frames + 1);
    });

    it("device sends: the device's reclaim and the driver's poll", async () => {
      const { room, poll } = await flagsLoaded("device", inOrder);
      expect(room).toBe(16);
      expect(poll).toBe(frames + 1);
    });
  });

  it("x64: the first one's only", async () => {
    setArch("x64");
    expect((await flagsLoaded("driver", inOrder)).poll).toBe(1);
    expect((await flagsLoaded("device", inOrder)).poll).toBe(1);
  });
});
