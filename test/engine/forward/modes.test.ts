/** The forwarding job in its modes and with faults. */
import { describe, expect, it } from "vitest";
import { type FaultSpec, type Injected, noFaults } from "../../../src/engine/forward/fault-spec.js";
import { PktgenError } from "../../../src/errors.js";
import { formats, frame, frames, hex, Lab } from "./forwarding-lab.js";

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
