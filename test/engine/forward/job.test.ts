/** The forwarding job moves frames between two ports, and counts what it drops. */
import { describe, expect, it } from "vitest";
import { noFaults } from "../../../src/engine/forward/fault-spec.js";
import { RingFault } from "../../../src/ring/index.js";
import { Wire } from "../../support/forward-wire.js";
import { formats, frame, frames, hex, Lab } from "./forwarding-lab.js";

const pairs = formats.flatMap((a) => formats.map((b) => [a, b] as const));

describe("two ports", () => {
  it.each(pairs)("%s and %s: each direction carries frames unchanged and in order", (a, b) => {
    const lab = new Lab("host", { formats: [a, b] });
    const [left, right] = lab.wires;
    for (let round = 0; round < 20; round++) {
      expect(left!.send(0, frames(round * 40, 40))).toBe(40);
      expect(right!.send(0, frames(9000 + round * 40, 40, 1514))).toBe(40);
      lab.settle();
      expect(right!.receive(0).map(hex)).toEqual(frames(round * 40, 40).map(hex));
      expect(left!.receive(0).map(hex)).toEqual(frames(9000 + round * 40, 40, 1514).map(hex));
    }
    expect(lab.read(0)).toEqual({ rx: [800, 48_000], tx: [800, 1_211_200], dropped: 0, duplicated: 0, inside: 0 });
    expect(lab.read(1)).toEqual({ rx: [800, 1_211_200], tx: [800, 48_000], dropped: 0, duplicated: 0, inside: 0 });
  });

  it("queue k goes to queue k", () => {
    const lab = new Lab("host", { queues: 4 });
    for (let queue = 0; queue < 4; queue++) lab.wires[0]!.send(queue, frames(queue * 100, queue + 1));
    lab.settle();
    for (let queue = 0; queue < 4; queue++) {
      expect(lab.wires[1]!.receive(queue).map(hex)).toEqual(frames(queue * 100, queue + 1).map(hex));
      expect(lab.read(0, queue).rx).toEqual([queue + 1, 60 * (queue + 1)]);
      expect(lab.read(1, queue).tx).toEqual([queue + 1, 60 * (queue + 1)]);
    }
  });

  it("drops the rest of a burst when the outgoing ring is full, and counts it at the sending port", () => {
    const lab = new Lab("host", { size: 64 });
    lab.wires[0]!.send(0, frames(0, 50));
    lab.settle();
    lab.wires[0]!.send(0, frames(50, 50));
    lab.settle();
    expect(lab.wires[1]!.receive(0).map(hex)).toEqual(frames(0, 64).map(hex));
    expect(lab.read(1)).toMatchObject({ tx: [64, 3840], dropped: 36 });
    expect(lab.read(0)).toMatchObject({ rx: [100, 6000], dropped: 0 });
  });

  it("drops only the frame that the peer's buffers can never hold", () => {
    const lab = new Lab("host", { bufferBytes: 2048 });
    const narrow = new Wire(lab.space, "device", { format: "packed", queues: 1, size: 64, bufferBytes: 512 });
    lab.job.attach(1, narrow.port());
    lab.wires[0]!.send(0, [frame(1), frame(2, 1514), frame(3)]);
    lab.settle();
    expect(narrow.receive(0).map(hex)).toEqual([frame(1), frame(3)].map(hex));
    expect(lab.read(0).rx).toEqual([3, 1634]);
    expect(lab.read(1)).toMatchObject({ tx: [2, 120], dropped: 1 });
  });

  it("drops what is for a port without a peer, polls none itself, and goes on with the next peer", () => {
    const lab = new Lab("host");
    lab.job.attach(1, null);
    lab.wires[0]!.send(0, frames(0, 10));
    lab.wires[1]!.send(0, frames(500, 10));
    lab.settle();
    expect(lab.read(1)).toEqual({ rx: [0, 0], tx: [0, 0], dropped: 10, duplicated: 0, inside: 0 });
    const next = new Wire(lab.space, "device", { format: "split", queues: 1, size: 64 });
    lab.job.attach(1, next.port());
    lab.wires[0]!.send(0, frames(10, 10));
    next.send(0, frames(600, 5));
    lab.settle();
    expect(next.receive(0).map(hex)).toEqual(frames(10, 10).map(hex));
    expect(lab.wires[0]!.receive(0).map(hex)).toEqual(frames(600, 5).map(hex));
    expect(lab.read(1)).toMatchObject({ rx: [5, 300], tx: [10, 600], dropped: 10 });
  });

  it("goes on with the healthy port when the other one's ring is broken in the middle of a burst", () => {
    const lab = new Lab("host");
    const { tx } = lab.wires[1]!.mine()[0]!;
    const place = tx.place.bind(tx);
    tx.place = (k, bytes) => {
      if (k === 3) throw new RingFault("descriptor.address", "a test");
      return place(k, bytes);
    };
    lab.wires[0]!.send(0, frames(0, 8));
    expect(() => lab.job.step()).toThrow(RingFault);
    lab.job.attach(1, null);
    expect(lab.read(0).rx).toEqual([8, 480]);
    expect(lab.read(1)).toMatchObject({ tx: [0, 0], dropped: 8 });
    lab.wires[0]!.send(0, frames(8, 5));
    lab.settle();
    expect(lab.read(0).rx).toEqual([13, 780]);
    expect(lab.read(1).dropped).toBe(13);
  });

  it("says what waits in the receive rings", () => {
    const lab = new Lab("host", { queues: 2 });
    lab.wires[0]!.send(1, frames(0, 7));
    expect(lab.job.command({ kind: "waiting" })).toEqual([
      [0, 7],
      [0, 0],
    ]);
    lab.settle();
    expect(lab.job.command({ kind: "waiting" })).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("notifies only peers that ask for it", () => {
    const lab = new Lab("host", { formats: ["packed", "packed"] });
    lab.wires[0]!.send(0, frames(0, 3));
    lab.settle();
    expect(lab.wires[1]!.notified).toEqual({ tx: 0, rx: 0 });
    const [left, right] = lab.wires.map((wire) => wire.mine()[0]!);
    left!.rx.notifyWanted = () => true;
    right!.tx.notifyWanted = () => true;
    lab.wires[0]!.send(0, frames(3, 3));
    lab.settle();
    expect(lab.wires[0]!.notified).toEqual({ tx: 0, rx: 1 });
    expect(lab.wires[1]!.notified).toEqual({ tx: 1, rx: 0 });
  });

  it.each([
    ["straight", null],
    ["through faults", "delay"],
  ])("kicks a kernel again that left frames in the ring, also when nothing more comes in: %s", (_, faults) => {
    const lab = new Lab("host", faults === null ? {} : { faults: { ...noFaults, delayNs: 1 } });
    const [left, right] = lab.wires;
    const tx = right!.mine()[0]!.tx;
    let leftovers = 3;
    tx.kickAgain = () => leftovers > 0;
    left!.send(0, frames(0, 5));
    lab.settle();
    const before = right!.notified.tx;
    for (; leftovers > 0; leftovers--) lab.job.step();
    lab.job.step();
    expect(right!.notified.tx - before).toBe(3);
  });

  it("a step moves at most a burst per ring, and 0 is idle", () => {
    const lab = new Lab("host", { size: 256 });
    lab.wires[0]!.send(0, frames(0, 200));
    const moved = lab.job.step();
    expect(moved).toBeGreaterThanOrEqual(64);
    expect(moved).toBeLessThanOrEqual(256);
    lab.settle();
    expect(lab.job.step()).toBe(0);
  });
});

describe("one port paired with itself", () => {
  it.each(formats)("%s: what comes in on a queue goes out on it", (format) => {
    const lab = new Lab("container", { formats: [format], queues: 2 });
    for (let round = 0; round < 10; round++) {
      lab.wires[0]!.send(0, frames(round, 30));
      lab.wires[0]!.send(1, frames(1000 + round, 20, 128));
      lab.settle();
      expect(lab.wires[0]!.receive(0).map(hex)).toEqual(frames(round, 30).map(hex));
      expect(lab.wires[0]!.receive(1).map(hex)).toEqual(frames(1000 + round, 20, 128).map(hex));
    }
    expect(lab.read(0, 0)).toEqual({ rx: [300, 18_000], tx: [300, 18_000], dropped: 0, duplicated: 0, inside: 0 });
    expect(lab.read(0, 1)).toEqual({ rx: [200, 25_600], tx: [200, 25_600], dropped: 0, duplicated: 0, inside: 0 });
  });
});
