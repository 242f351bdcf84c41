/** Drivers without IN_ORDER against a slow, obvious device that completes buffers in any order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DriverRingLayout, RingMemory } from "../../src/ring/index.js";
import { initialiseDriverRing, openRxRing, openTxRing } from "../../src/ring/index.js";
import { ADDRESS_BASE, combinations, pair } from "./harness.js";

interface Taken {
  readonly id: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Takes every available buffer, and completes those it is told to, in that order (virtio 1.2 §2.7.14, §2.8.21.2). */
class ReferenceDevice {
  readonly taken: Taken[] = [];
  readonly #view: DataView;
  readonly #layout: DriverRingLayout;
  #avail: number;
  #used: number;

  constructor(memory: RingMemory, layout: DriverRingLayout) {
    this.#view = memory.view;
    this.#layout = layout;
    // Packed: counted in descriptors from wrap counter 1, index 0; the lap is odd or even.
    this.#avail = layout.format === "split" ? layout.start : 0;
    this.#used = this.#avail;
  }

  #descriptor(id: number, index: number): Taken {
    const at = this.#layout.descriptors + 16 * index;
    const offset = Number(this.#view.getBigUint64(at, true) - ADDRESS_BASE);
    return { id, offset, bytes: this.#view.getUint32(at + 8, true) };
  }

  take(): void {
    const { format, size, driverArea, descriptors } = this.#layout;
    for (;;) {
      const slot = this.#avail % size;
      if (format === "split") {
        if (this.#avail === this.#view.getUint16(driverArea + 2, true)) return;
        const id = this.#view.getUint16(driverArea + 4 + 2 * slot, true);
        this.taken.push(this.#descriptor(id, id));
        this.#avail = (this.#avail + 1) & 0xffff;
      } else {
        const flags = this.#view.getUint16(descriptors + 16 * slot + 14, true);
        if ((flags & 0x8080) !== (Math.floor(this.#avail / size) % 2 === 0 ? 0x80 : 0x8000)) return;
        this.taken.push(this.#descriptor(this.#view.getUint16(descriptors + 16 * slot + 12, true), slot));
        this.#avail++;
      }
    }
  }

  complete(which: number, usedBytes: number): void {
    const { format, size, deviceArea, descriptors } = this.#layout;
    const [{ id }] = this.taken.splice(which, 1);
    const slot = this.#used % size;
    if (format === "split") {
      this.#view.setUint32(deviceArea + 4 + 8 * slot, id, true);
      this.#view.setUint32(deviceArea + 8 + 8 * slot, usedBytes, true);
      this.#used = (this.#used + 1) & 0xffff;
      this.#view.setUint16(deviceArea + 2, this.#used, true);
    } else {
      const at = descriptors + 16 * slot;
      this.#view.setUint32(at + 8, usedBytes, true);
      this.#view.setUint16(at + 12, id, true);
      this.#view.setUint16(at + 14, Math.floor(this.#used / size) % 2 === 0 ? 0x8080 : 0, true);
      this.#used++;
    }
  }
}

const steps = fc.array(fc.record({ driver: fc.nat({ max: 9 }), completions: fc.array(fc.nat(), { maxLength: 9 }) }), {
  minLength: 10,
  maxLength: 60,
});
const rings = combinations({ format: ["split", "packed"] as const, size: [4, 8, 64] });

describe.each(rings)("$format $size", ({ format, size }) => {
  it("tx never touches a buffer that the device owns, and loses none", () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const { memory, driver } = pair({
          format,
          size,
          sender: "driver",
          start: format === "split" ? 65_530 : 0x8000,
        });
        initialiseDriverRing(memory, driver);
        const tx = openTxRing(memory, driver);
        const device = new ReferenceDevice(memory, driver);
        let sent = 0;
        let completed = 0;
        const seen = new Set<number>();
        for (const { driver: burst, completions } of plan) {
          const room = tx.reclaim();
          expect(room).toBe(size - (sent - completed));
          let n = 0;
          for (; n < burst; n++) {
            const at = tx.place(n, 60);
            if (at === 0) break;
            for (const held of device.taken) expect(held.offset + 12).not.toBe(at);
            expect(at).toBe(driver.buffers + tx.slotOf(n) * driver.bufferStride + 12);
            memory.u32[at >>> 2] = sent + n;
          }
          expect(n).toBe(Math.min(burst, room));
          tx.publish(n);
          sent += n;
          device.take();
          for (const which of completions) {
            if (device.taken.length === 0) break;
            const chosen = which % device.taken.length;
            const { offset, bytes } = device.taken[chosen];
            expect(bytes).toBe(72);
            expect(seen.has(memory.u32[(offset + 12) >>> 2])).toBe(false);
            seen.add(memory.u32[(offset + 12) >>> 2]);
            device.complete(chosen, 0);
            completed++;
          }
        }
        while (device.taken.length > 0) {
          seen.add(memory.u32[(device.taken[0].offset + 12) >>> 2]);
          device.complete(0, 0);
        }
        tx.reclaim();
        expect([tx.outstanding(), seen.size]).toEqual([0, sent]);
      }),
      { numRuns: 25 },
    );
  });

  it("rx brings frames in the order of the used ring, from whichever buffer", () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const { memory, driver } = pair({ format, size, sender: "device" });
        initialiseDriverRing(memory, driver);
        const rx = openRxRing(memory, driver);
        const device = new ReferenceDevice(memory, driver);
        let sent = 0;
        let received = 0;
        for (const { driver: max, completions } of plan) {
          device.take();
          for (const which of completions) {
            if (device.taken.length === 0) break;
            const chosen = which % device.taken.length;
            memory.u32[(device.taken[chosen].offset + 12) >>> 2] = sent;
            device.complete(chosen, 12 + 60 + (sent % 100));
            sent++;
          }
          const n = rx.poll(max);
          for (let k = 0; k < n; k++, received++) {
            expect([memory.u32[rx.offsets[k] >>> 2], rx.lengths[k]]).toEqual([received, 60 + (received % 100)]);
          }
          rx.release(n);
        }
        expect(rx.pending()).toBe(sent - received);
        expect(rx.poll(256)).toBe(sent - received);
        rx.release(256);
        device.take();
        expect(device.taken.length).toBe(size);
      }),
      { numRuns: 25 },
    );
  });
});
