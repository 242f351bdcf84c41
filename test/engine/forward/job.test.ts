/** The forwarding job moves frames between two ports, and counts what it drops. */
import { describe, expect, it } from "vitest";
import { forwardCounterSlots, readForwardCounters } from "../../../src/engine/forward/counters.js";
import { type FaultSpec, type Injected, noFaults } from "../../../src/engine/forward/fault-spec.js";
import { faultStorageBytes } from "../../../src/engine/forward/faults.js";
import { createForwarder, type ForwardJobOptions } from "../../../src/engine/forward/job.js";
import { defaultPeerMac, type ForwardMode, vhostPortMac } from "../../../src/engine/forward/modes.js";
import type { Job } from "../../../src/engine/loop/job.js";
import { PktgenError } from "../../../src/errors.js";
import { RingFault } from "../../../src/ring/index.js";
import { Space, Wire, type WireOptions } from "../../support/forward-wire.js";

const hex = (frame: Uint8Array): string => Buffer.from(frame).toString("hex");

/** A frame of 60 bytes that says who it is. */
function frame(id: number, bytes = 60): Uint8Array {
  const made = new Uint8Array(bytes).map((_, i) => (i * 7 + id) & 0xff);
  made.set([0x00, 0x11, 0x22, 0x33, 0x44, 0x10, 0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x08, 0x00]);
  new DataView(made.buffer).setUint32(bytes - 4, id);
  return made;
}

const frames = (from: number, count: number, bytes = 60): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => frame(from + i, bytes));

interface LabOptions {
  readonly mode?: ForwardMode;
  readonly faults?: FaultSpec | null;
  readonly formats?: readonly WireOptions["format"][];
  readonly queues?: number;
  readonly size?: number;
  readonly bufferBytes?: number;
}

/** A forwarder with its ports' peers in the test's hands, on a clock of the test's own. */
class Lab {
  readonly space = new Space(64 * 1024 * 1024);
  readonly wires: readonly Wire[];
  readonly job: Job;
  readonly counters: Float64Array;
  readonly queues: number;
  nowNs = 1_000_000_000;

  constructor(part: "host" | "container", options: LabOptions = {}) {
    const { mode = "io", faults = null, queues = 1, size = 64 } = options;
    const formats = options.formats ?? (part === "host" ? ["packed", "split"] : ["packed"]);
    this.queues = queues;
    const wire = { queues, size, ...(options.bufferBytes === undefined ? {} : { bufferBytes: options.bufferBytes }) };
    const role = part === "host" ? "device" : "driver";
    this.wires = formats.map((format) => new Wire(this.space, role, { ...wire, format }));
    this.counters = new Float64Array(forwardCounterSlots(formats.length, queues));
    const jobOptions: ForwardJobOptions = {
      ports: formats.map((_, id) => ({ mac: vhostPortMac(id), peerMac: defaultPeerMac(id) })),
      queues,
      mode,
      faults: faults === null ? null : this.storage(faults, formats.length * queues),
      seed: 1,
    };
    const { memory } = this.space;
    const context = {
      memory,
      options: jobOptions,
      counters: this.counters,
      sleeps: () => 0,
      inUse: { port: 0 },
      busy: false,
    };
    this.job = createForwarder({ ...context, nowNs: () => this.nowNs, post: () => {} });
    this.wires.forEach((each, index) => {
      this.job.attach(index, each.port());
    });
  }

  /** Steps until nothing moves. */
  settle(): void {
    while (this.job.step() > 0) this.nowNs += 1000;
  }

  read(port: number, queue = 0) {
    const { rxPackets, rxBytes, txPackets, txBytes, dropped, duplicated, inside } = readForwardCounters(
      this.counters,
      port,
      queue,
      this.queues,
    );
    return { rx: [rxPackets, rxBytes], tx: [txPackets, txBytes], dropped, duplicated, inside };
  }

  private storage(spec: FaultSpec, count: number): ForwardJobOptions["faults"] {
    const bytes = faultStorageBytes(spec, 2048);
    const storage = Array.from({ length: count }, () => ({ offset: this.space.take(bytes), bytes }));
    return { spec, maxBufferBytes: 2048, storage };
  }
}

const formats = ["split", "packed"] as const;
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

describe("modes", () => {
  const sent = frame(0x5a);
  const body = hex(sent).slice(24);

  it("mac: to the peer's address, from the sending port's", () => {
    const lab = new Lab("host", { mode: "mac" });
    lab.wires[0]!.send(0, [sent]);
    lab.wires[1]!.send(0, [sent]);
    lab.settle();
    expect(lab.wires[1]!.receive(0).map(hex)).toEqual([`02000000000156484f535401${body}`]);
    expect(lab.wires[0]!.receive(0).map(hex)).toEqual([`02000000000056484f535400${body}`]);
  });

  it("macswap: both addresses swapped", () => {
    const lab = new Lab("host", { mode: "macswap" });
    lab.wires[0]!.send(0, [sent]);
    lab.settle();
    expect(lab.wires[1]!.receive(0).map(hex)).toEqual([`02aabbccddee001122334410${body}`]);
  });

  it("rxonly: counted, discarded, nothing sent", () => {
    const lab = new Lab("container", { mode: "rxonly" });
    lab.wires[0]!.send(0, frames(0, 33));
    lab.settle();
    expect(lab.wires[0]!.receive(0)).toEqual([]);
    expect(lab.read(0)).toEqual({ rx: [33, 1980], tx: [0, 0], dropped: 33, duplicated: 0, inside: 0 });
  });

  const txonly = `02000000000056484f535400080045000032000000004011ee93c6120001c612000200090009001e0000${"00".repeat(22)}`;

  it.each(formats)("txonly over %s: testpmd's frame, as fast as the ring takes it", (format) => {
    const lab = new Lab("container", { mode: "txonly", formats: [format] });
    for (let round = 0; round < 4; round++) {
      lab.settle();
      expect(lab.wires[0]!.receive(0).map(hex)).toEqual(Array.from({ length: 64 }, () => txonly));
    }
    expect(lab.read(0)).toEqual({ rx: [0, 0], tx: [256, 16_384], dropped: 0, duplicated: 0, inside: 0 });
  });

  it("can be changed, and txonly's buffers are filled anew", () => {
    const lab = new Lab("container", { mode: "txonly" });
    lab.settle();
    lab.wires[0]!.receive(0);
    lab.job.command({ kind: "mode", mode: "io" });
    lab.wires[0]!.send(0, frames(0, 40));
    lab.settle();
    expect(lab.wires[0]!.receive(0).map(hex)).toEqual(frames(0, 40).map(hex));
    lab.job.command({ kind: "mode", mode: "txonly" });
    lab.settle();
    expect(new Set(lab.wires[0]!.receive(0).map(hex))).toEqual(new Set([txonly]));
  });

  it("refuses a mode that there is none of", () => {
    const lab = new Lab("container");
    expect(() => lab.job.command({ kind: "mode", mode: "csum" })).toThrow(PktgenError);
  });

  it("leaves a runt without addresses alone", () => {
    const lab = new Lab("host", { mode: "mac" });
    lab.wires[0]!.send(0, [sent.slice(0, 10)]);
    lab.settle();
    expect(lab.wires[1]!.receive(0).map(hex)).toEqual([hex(sent.slice(0, 10))]);
  });
});

describe("faults", () => {
  const injected = (lab: Lab): Injected => lab.job.command({ kind: "injected" }) as Injected;

  /** `count` frames through the container, 16 at a time; what came back. */
  function through(lab: Lab, count: number, queues = 1): Uint8Array[] {
    const back: Uint8Array[] = [];
    for (let sent = 0; sent < count; sent += 16) {
      lab.wires[0]!.send((sent / 16) % queues, frames(sent, Math.min(16, count - sent)));
      lab.settle();
      for (let queue = 0; queue < queues; queue++) back.push(...lab.wires[0]!.receive(queue));
    }
    lab.nowNs += 10_000_000_000;
    lab.settle();
    for (let queue = 0; queue < queues; queue++) back.push(...lab.wires[0]!.receive(queue));
    return back;
  }

  it("the counters close: rx + duplicated = tx + dropped + inside, and the report is what came back", () => {
    const faults: FaultSpec = {
      ...noFaults,
      loss: { kind: "ratio", ratio: 0.05 },
      duplicate: { kind: "ratio", ratio: 0.05 },
      reorder: { kind: "ratio", ratio: 0.05 },
      corrupt: { kind: "count", frames: 10 },
      delayNs: 20_000,
    };
    const lab = new Lab("container", { faults });
    const back = through(lab, 3200);
    const did = injected(lab);
    const { rx, tx, dropped, duplicated, inside } = lab.read(0);
    expect(rx[0]).toBe(3200);
    expect(inside).toBe(0);
    expect([dropped, duplicated]).toEqual([did.lost, did.duplicated]);
    expect(did.lost * did.duplicated * did.reordered).toBeGreaterThan(0);
    expect(tx[0]).toBe(back.length);
    expect(tx[0]).toBe(3200 + duplicated - dropped);
    const originals = new Set(frames(0, 3200).map(hex));
    expect(back.filter((each) => !originals.has(hex(each)))).toHaveLength(10);
  });

  it("shares a number of frames among the queues", () => {
    const lab = new Lab("container", { faults: { ...noFaults, loss: { kind: "count", frames: 25 } }, queues: 3 });
    expect(through(lab, 3200, 3)).toHaveLength(3175);
    expect([0, 1, 2].map((queue) => lab.read(0, queue).dropped)).toEqual([9, 8, 8]);
  });

  it("a reset does the same again with the same seed, and not with another", () => {
    const lost = (lab: Lab, seed: number): number[] => {
      lab.job.command({ kind: "reset", seed });
      const seen = new Set(through(lab, 960).map((each) => new DataView(each.buffer).getUint32(56)));
      return Array.from({ length: 960 }, (_, i) => i).filter((i) => !seen.has(i));
    };
    const lab = new Lab("container", { faults: { ...noFaults, loss: { kind: "ratio", ratio: 0.05 } } });
    const first = lost(lab, 7);
    expect(lost(lab, 8)).not.toEqual(first);
    expect(lost(lab, 7)).toEqual(first);
    expect(injected(lab).lost).toBe(first.length);
  });

  it("holds frames for the delay, awake while they are due soon", () => {
    const lab = new Lab("container", { faults: { ...noFaults, delayNs: 50_000 } });
    lab.wires[0]!.send(0, frames(0, 5));
    lab.job.step();
    expect(lab.read(0)).toMatchObject({ tx: [0, 0], inside: 5 });
    lab.nowNs += 49_999;
    expect(lab.job.step()).toBeGreaterThan(0);
    expect(lab.wires[0]!.receive(0)).toEqual([]);
    lab.nowNs += 1;
    lab.job.step();
    expect(lab.wires[0]!.receive(0)).toHaveLength(5);
    expect(lab.read(0)).toMatchObject({ tx: [5, 300], inside: 0 });
  });

  it("freezes once, after exactly a thousand frames", () => {
    const lab = new Lab("container", { faults: { ...noFaults, freezeNs: 50_000_000 }, size: 2048 });
    lab.wires[0]!.send(0, frames(0, 256));
    for (let i = 1; i < 5; i++) {
      lab.job.step();
      lab.wires[0]!.send(0, frames(256 * i, 256));
    }
    for (let i = 0; i < 100; i++) lab.job.step();
    expect(lab.read(0).rx[0]).toBe(1000);
    lab.nowNs += 50_000_000;
    lab.settle();
    expect(lab.read(0).rx[0]).toBe(1280);
    expect(injected(lab).frozenNs).toBe(50_000_000);
    expect(lab.wires[0]!.receive(0)).toHaveLength(1280);
  });

  it("waits in the ring when its storage is full, and loses nothing", () => {
    const spec: FaultSpec = { ...noFaults, delayNs: 1_000_000 };
    const lab = new Lab("container", { faults: spec, size: 16_384, bufferBytes: 128 });
    let sent = 0;
    for (let i = 0; i < 64; i++) sent += lab.wires[0]!.send(0, frames(sent, 256));
    for (let i = 0; i < 300; i++) lab.job.step();
    const { inside } = lab.read(0);
    expect(inside).toBeLessThan(sent);
    expect(lab.read(0)).toMatchObject({ rx: [inside, 60 * inside], dropped: 0 });
    lab.nowNs += 1_000_000;
    const back: Uint8Array[] = [];
    for (let i = 0; i < 2000; i++) {
      lab.nowNs += 20_000;
      lab.job.step();
      back.push(...lab.wires[0]!.receive(0));
    }
    expect(back.map(hex)).toEqual(frames(0, sent).map(hex));
  });

  it("drops what is due for a peer that is gone", () => {
    const lab = new Lab("container", { faults: { ...noFaults, delayNs: 5000 } });
    lab.wires[0]!.send(0, frames(0, 5));
    lab.job.step();
    lab.job.attach(0, null);
    lab.nowNs += 5000;
    lab.job.step();
    expect(lab.read(0)).toEqual({ rx: [5, 300], tx: [0, 0], dropped: 5, duplicated: 0, inside: 0 });
  });
});
