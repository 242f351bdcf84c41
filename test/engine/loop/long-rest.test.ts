/** What ends a long rest, and where there is none. */
import { describe, expect, it } from "vitest";
import { LongRest, type RestingRing } from "../../../src/engine/loop/long-rest.js";
import type { RxRing, TxRing } from "../../../src/ring/index.js";
import {
  driverRingEnd,
  driverRingLayout,
  initialiseDriverRing,
  openRxRing,
  openTxRing,
  ringMemory,
  ringScratchBytes,
} from "../../../src/ring/index.js";
import { deviceSideOf } from "../../../src/ring/virtqueue/device-side.js";
import { EventFd } from "../../../src/sys/eventfd.js";

/** A driver's ring to receive, and the device that fills it. */
function ringPair(): { readonly tx: TxRing; readonly rx: RxRing } {
  const shape = { format: "packed", direction: "rx", vring: 0, size: 8, headerBytes: 12, inOrder: false } as const;
  const driver = driverRingLayout({ ...shape, mergeable: false, bufferBytes: 256, addressBase: 0n }, 64);
  const scratch = Math.ceil(driverRingEnd(driver) / 64) * 64;
  const memory = ringMemory(new ArrayBuffer(scratch + ringScratchBytes));
  initialiseDriverRing(memory, driver);
  return { rx: openRxRing(memory, driver), tx: openTxRing(memory, deviceSideOf(driver, scratch, memory)) };
}

class Rig implements Disposable {
  readonly owner = new EventFd();
  readonly peer = new EventFd();
  readonly pair = ringPair();
  readonly inUse = { port: 9 };
  readonly rest = new LongRest(this.owner.fd, this.inUse);

  ring(queue: RestingRing["queue"] = { rxSignal: this.peer.fd }, ring: RxRing = this.pair.rx): RestingRing {
    return { port: 3, ring, queue };
  }

  [Symbol.dispose](): void {
    this.rest[Symbol.dispose]();
    this.owner[Symbol.dispose]();
    this.peer[Symbol.dispose]();
  }
}

describe("a long rest", () => {
  it("ends at once for each signal of the owner or of a peer, also for one that came before it", () => {
    using rig = new Rig();
    rig.rest.watch([rig.ring()]);
    expect(rig.rest.isPossible).toBe(true);
    expect(rig.rest.wait()).toBe(false);
    for (const fd of [rig.owner, rig.peer, rig.owner]) {
      fd.signal();
      expect(rig.rest.wait()).toBe(true);
      expect(rig.rest.wait()).toBe(false);
    }
    // Nobody took the counts: the peer has the descriptor, too.
    expect(rig.peer.take()).toBe(1);
  });

  it("asks peers to signal as long as it is said, and only those without a descriptor that is readable", () => {
    using rig = new Rig();
    rig.rest.watch([rig.ring()]);
    rig.rest.wishSignals(true);
    expect(rig.pair.tx.notifyWanted()).toBe(true);
    rig.rest.wishSignals(false);
    expect(rig.pair.tx.notifyWanted()).toBe(false);
    rig.rest.watch([rig.ring({ rxReadable: rig.peer.fd })]);
    rig.rest.wishSignals(true);
    expect(rig.pair.tx.notifyWanted()).toBe(false);
    rig.peer.signal();
    expect([rig.rest.wait(), rig.rest.wait()]).toEqual([true, true]);
  });

  it("is none where a ring has no descriptor, or cannot ask", () => {
    using rig = new Rig();
    rig.rest.watch([rig.ring(), rig.ring({})]);
    expect(rig.rest.isPossible).toBe(false);
    // Nobody is asked then.
    rig.rest.wishSignals(true);
    expect(rig.pair.tx.notifyWanted()).toBe(false);
    const { poll, pending } = rig.pair.rx;
    const mute = { ...rig.pair.rx, poll, pending } as RxRing;
    rig.rest.watch([rig.ring({ rxSignal: rig.peer.fd }, mute)]);
    expect(rig.rest.isPossible).toBe(false);
    rig.rest.watch([]);
    expect(rig.rest.isPossible).toBe(true);
  });

  it("is none any more where a peer publishes frames and does not signal three times in a row, until other rings come", () => {
    using rig = new Rig();
    const { rx, tx } = rig.pair;
    rig.rest.watch([rig.ring()]);
    for (const [isSignalled, isPossible] of [
      [false, true],
      [false, true],
      [true, true],
      [false, true],
      [false, true],
      [false, false],
    ]) {
      tx.reclaim();
      expect(tx.place(0, 64)).toBeGreaterThan(0);
      tx.publish(1);
      if (isSignalled) rig.peer.signal();
      expect(rig.rest.wait()).toBe(isSignalled);
      expect(rig.rest.isPossible).toBe(isPossible);
      rx.release(rx.poll(8));
    }
    expect(rig.inUse.port).toBe(3);
    rig.rest.watch([rig.ring()]);
    expect(rig.rest.isPossible).toBe(true);
  });

  it("of other rings is not ended by those of before", () => {
    using rig = new Rig();
    rig.rest.watch([rig.ring()]);
    rig.rest.watch([]);
    rig.peer.signal();
    expect(rig.rest.wait()).toBe(false);
  });
});
