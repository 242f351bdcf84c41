/** What ends a long rest, and where there is none. */
import { describe, expect, it } from "vitest";
import { LongRest, type RestingRing } from "../../../src/engine/loop/long-rest.js";
import type { RxRing } from "../../../src/ring/index.js";
import { openRxRing, openTxRing } from "../../../src/ring/index.js";
import { EventFd } from "../../../src/sys/eventfd.js";
import { openPair, send } from "../../ring/harness.js";

class Rig implements Disposable {
  readonly owner = new EventFd();
  readonly peer = new EventFd();
  readonly pair = openPair({ format: "packed", sender: "device", size: 8 });
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
    const far = openTxRing(rig.pair.memory, rig.pair.device);
    const near = openRxRing(rig.pair.memory, rig.pair.driver);
    rig.rest.watch([rig.ring(undefined, near)]);
    for (const [isSignalled, isPossible] of [
      [false, true],
      [false, true],
      [true, true],
      [false, true],
      [false, true],
      [false, false],
    ]) {
      send({ ...rig.pair, tx: far }, 0, [64]);
      if (isSignalled) rig.peer.signal();
      expect(rig.rest.wait()).toBe(isSignalled);
      expect(rig.rest.isPossible).toBe(isPossible);
      near.release(near.poll(8));
    }
    expect(rig.inUse.port).toBe(3);
    rig.rest.watch([rig.ring(undefined, near)]);
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
