/** The fault stage of a forwarder drops, damages, doubles, delays and reorders as asked. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FaultSpec, noFaults } from "../../../src/engine/forward/fault-spec.js";
import { FaultStage, faultStorageBytes, reorderPatienceNs } from "../../../src/engine/forward/faults.js";
import { FreezeGate, freezeAfterFrames } from "../../../src/engine/forward/freeze.js";
import { type RingMemory, ringMemory } from "../../../src/memory.js";
import {
  checkSignature,
  fixedTrial,
  readTrial,
  signatureHead,
  trialHighOf,
  writeSignature,
} from "../../../src/stream/frames/signature.js";

const frameBytes = 60;
const trial = fixedTrial(1);
const maxBufferBytes = 128;

interface Out {
  readonly sequence: number;
  readonly bytes: number;
  readonly valid: boolean;
  readonly copy: boolean;
  readonly atNs: number;
  readonly content: string;
}

/** A stage with signed frames going in, on a clock of the test's own. */
class Measurer {
  readonly memory: RingMemory;
  readonly stage: FaultStage;
  readonly out: Out[] = [];
  taken = 0;
  dropped = 0;
  refused = 0;
  copies = 0;
  nowNs = 1_000_000;
  private readonly inAt: number;

  constructor(spec: Partial<FaultSpec>, seed = 1, queue = 0, queues = 1) {
    const full = { ...noFaults, ...spec };
    const bytes = faultStorageBytes(full, maxBufferBytes);
    this.inAt = 64 + bytes;
    this.memory = ringMemory(new ArrayBuffer(this.inAt + 256));
    this.stage = new FaultStage(full, this.memory, { offset: 64, bytes }, maxBufferBytes, queue, queues);
    this.stage.reset(seed);
  }

  /** Frames come in at once, as one poll at the present time. */
  in(frames: number, pending = 0): void {
    this.stage.burst(frames, pending, this.nowNs);
    for (let i = 0; i < frames; i++) {
      this.memory.u8.fill(0x5a, this.inAt, this.inAt + frameBytes);
      const [high, head] = [trialHighOf(trial), signatureHead(trial, 2)];
      writeSignature(this.memory.view, this.inAt + frameBytes, high, head, this.taken, 7, 0);
      this.taken++;
      if (!this.stage.take(this.inAt, frameBytes, this.nowNs)) this.dropped++;
    }
  }

  /** Sends what is due; `accepts` says for each whether there is room for it. */
  send(accepts: () => boolean = () => true): void {
    for (let bytes = this.stage.next(this.nowNs); bytes > 0; bytes = this.stage.next(this.nowNs)) {
      if (!accepts()) {
        if (!this.stage.refused()) this.refused++;
        continue;
      }
      const from = this.stage.frameOffset;
      const end = from + frameBytes;
      const { view, u8 } = this.memory;
      const valid = readTrial(view, end) === trial && checkSignature(view, end);
      const content = Buffer.from(u8.slice(from, from + bytes)).toString("hex");
      const copy = this.stage.left();
      if (copy) this.copies++;
      const sequence = view.getUint32(end - 12, true);
      this.out.push({ sequence, bytes, valid, copy, atNs: this.nowNs, content });
    }
  }

  /** `frames` one by one, then all time they need. */
  run(frames: number, gapNs = 1000): this {
    for (let i = 0; i < frames; i++) {
      this.nowNs += gapNs;
      this.in(1);
      this.send();
    }
    return this.drain();
  }

  /** Sends each frame when it is due, until `nowNs` is reached. */
  drainUntil(nowNs: number): void {
    for (let due = this.stage.nextDueNs(); due <= nowNs; due = this.stage.nextDueNs()) {
      this.nowNs = Math.max(this.nowNs, due);
      this.send();
    }
    this.nowNs = nowNs;
  }

  drain(): this {
    for (let due = this.stage.nextDueNs(); due < Number.POSITIVE_INFINITY; due = this.stage.nextDueNs()) {
      this.nowNs = Math.max(this.nowNs, due);
      this.send();
    }
    return this;
  }

  sequences(): number[] {
    return this.out.map(({ sequence }) => sequence);
  }
}

/** Frames that arrive behind a later one (RFC 4737 §3.3), copies and damaged frames aside. */
function reorderedAt(receiver: readonly Out[]): number[] {
  let next = 0;
  const late: number[] = [];
  for (const { sequence, copy, valid } of receiver) {
    if (copy || !valid) continue;
    if (sequence < next) late.push(sequence);
    else next = sequence + 1;
  }
  return late;
}

describe("a stage without faults", () => {
  it("passes frames unchanged, in order and at once", () => {
    const bench = new Measurer({}).run(500);
    expect(bench.sequences()).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(bench.out.every(({ valid, bytes, copy }) => valid && bytes === frameBytes && !copy)).toBe(true);
    expect(bench.stage.inside()).toBe(0);
  });

  it("keeps its storage in a ring that wraps", () => {
    const bench = new Measurer({});
    const slots = bench.stage.room();
    for (let round = 0; round < 5; round++) {
      bench.nowNs += 1000;
      bench.in(slots - 3);
      expect(bench.stage.room()).toBe(3);
      bench.send();
    }
    expect(bench.sequences()).toEqual(Array.from({ length: 5 * (slots - 3) }, (_, i) => i));
  });

  it("drops a frame that its storage cannot hold", () => {
    const bench = new Measurer({});
    bench.stage.burst(1, 0, bench.nowNs);
    expect(bench.stage.take(64, maxBufferBytes + 1, bench.nowNs)).toBe(false);
  });
});

describe("counts", () => {
  it.each([1, 10, 137])("corrupts exactly %i frames, each found by its signature, none taken for foreign", (count) => {
    const bench = new Measurer({ corrupt: { kind: "count", frames: count } }).run(8 * count + 200);
    const damaged = bench.out.filter(({ valid }) => !valid);
    expect(damaged).toHaveLength(count);
    expect(bench.stage.injected().corrupted).toBe(count);
    expect(bench.out.slice(0, 8 * count).filter(({ valid }) => !valid)).toHaveLength(count);
  });

  it("leaves the trial of a damaged frame alone", () => {
    const bench = new Measurer({ corrupt: { kind: "ratio", ratio: 1 } }).run(2000);
    for (const { content, valid } of bench.out) {
      expect(valid).toBe(false);
      expect(content.slice(2 * (frameBytes - 18), 2 * (frameBytes - 15))).toBe("707401");
    }
  });

  it("shares a count among the queues, none lost in the division", () => {
    const corrupted = [0, 1, 2].map((queue) => {
      const bench = new Measurer({ corrupt: { kind: "count", frames: 10 } }, 1, queue, 3).run(500);
      return bench.stage.injected().corrupted;
    });
    expect(corrupted).toEqual([4, 3, 3]);
  });

  it("gives a choice that found no room to the next frame", () => {
    const bench = new Measurer({ corrupt: { kind: "count", frames: 5 }, duplicate: { kind: "count", frames: 5 } });
    let turn = 0;
    for (let i = 0; i < 400; i++) {
      bench.nowNs += 1000;
      bench.in(1);
      bench.send(() => turn++ % 5 < 2);
    }
    expect(bench.out.filter(({ valid }) => !valid)).toHaveLength(5);
    expect(bench.out.filter(({ copy }) => copy)).toHaveLength(5);
    expect(bench.refused).toBeGreaterThan(200);
  });

  it("begins anew with a reset", () => {
    const bench = new Measurer({ corrupt: { kind: "count", frames: 3 } }).run(100);
    bench.stage.reset(2);
    expect(bench.stage.injected().corrupted).toBe(0);
    bench.run(100);
    expect(bench.stage.injected().corrupted).toBe(3);
    expect(bench.out.filter(({ valid }) => !valid)).toHaveLength(6);
  });
});

describe("shares", () => {
  it("loses about that share, and counts each", () => {
    const bench = new Measurer({ loss: { kind: "ratio", ratio: 0.1 } }).run(20_000);
    const { lost } = bench.stage.injected();
    expect(bench.out).toHaveLength(20_000 - lost);
    expect(bench.dropped).toBe(lost);
    expect(lost).toBeGreaterThan(1800);
    expect(lost).toBeLessThan(2200);
  });

  it("loses all of 100 % and none of 0 %", () => {
    expect(new Measurer({ loss: { kind: "ratio", ratio: 1 } }).run(300).out).toHaveLength(0);
    expect(new Measurer({ loss: { kind: "ratio", ratio: 0 } }).run(300).out).toHaveLength(300);
  });

  it("sends a duplicate right behind its original, byte for byte", () => {
    const bench = new Measurer({ duplicate: { kind: "ratio", ratio: 0.2 } }).run(2000);
    expect(bench.copies).toBe(bench.stage.injected().duplicated);
    expect(bench.copies).toBeGreaterThan(300);
    bench.out.forEach((frame, i) => {
      if (frame.copy) expect(frame.content).toBe(bench.out[i - 1]!.content);
    });
  });

  it("choices of one fault do not depend on the others", () => {
    const lostWith = (spec: Partial<FaultSpec>): number[] => {
      const bench = new Measurer({ loss: { kind: "ratio", ratio: 0.05 }, ...spec }).run(1000);
      const seen = new Set(bench.sequences());
      return Array.from({ length: 1000 }, (_, i) => i).filter((i) => !seen.has(i));
    };
    expect(lostWith({ duplicate: { kind: "ratio", ratio: 0.3 }, delayNs: 5000 })).toEqual(lostWith({}));
  });
});

describe("reordering", () => {
  it.each([1, 3, 7])("holds a chosen frame until the next %i have overtaken it", (extent) => {
    const spec: Partial<FaultSpec> = { reorder: { kind: "count", frames: 4 }, reorderExtent: extent };
    const bench = new Measurer(spec).run(200);
    const late = reorderedAt(bench.out);
    expect(late).toHaveLength(4);
    expect(bench.stage.injected().reordered).toBe(4);
    for (const sequence of late) expect(bench.out[sequence + extent]!.sequence).toBe(sequence);
    expect([...bench.sequences()].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("lets a frame go that nobody overtakes, and does not count it", () => {
    const bench = new Measurer({ reorder: { kind: "ratio", ratio: 1 } });
    bench.in(1);
    bench.send();
    expect(bench.out).toHaveLength(0);
    expect(bench.stage.inside()).toBe(1);
    expect(bench.stage.nextDueNs()).toBe(bench.nowNs + reorderPatienceNs);
    bench.drain();
    expect(bench.sequences()).toEqual([0]);
    expect(bench.stage.injected().reordered).toBe(0);
  });
});

describe("time", () => {
  it("delays each frame by exactly so much", () => {
    const bench = new Measurer({ delayNs: 50_000 });
    const arrivals: number[] = [];
    for (let i = 0; i < 300; i++) {
      bench.drainUntil(bench.nowNs + 7_000);
      arrivals.push(bench.nowNs);
      bench.in(1);
    }
    bench.drain();
    expect(bench.out.map(({ atNs }, i) => atNs - arrivals[i]!)).toEqual(arrivals.map(() => 50_000));
  });

  it("spaces frames by the rate, and drops exactly what the queue does not hold", () => {
    const service = { frameNs: 25_000, byteNs: 0, overheadBytes: 0 };
    const bench = new Measurer({ service, queueFrames: 10 });
    bench.in(100);
    bench.drain();
    // One is served at once, ten wait.
    expect(bench.out).toHaveLength(11);
    expect(bench.stage.injected().policed).toBe(89);
    expect(bench.out.map(({ atNs }) => atNs - 1_000_000)).toEqual(Array.from({ length: 11 }, (_, i) => 25_000 * i));
  });

  it("forwards at its rate when more comes", () => {
    const service = { frameNs: 25_000, byteNs: 0, overheadBytes: 0 };
    const bench = new Measurer({ service, queueFrames: 16 }).run(40_000, 12_500);
    expect(bench.out.length).toBeGreaterThanOrEqual(20_000);
    expect(bench.out.length).toBeLessThanOrEqual(20_017);
    expect(bench.stage.injected().policed).toBe(40_000 - bench.out.length);
  });

  it("takes longer for longer frames where the rate is in bits", () => {
    const service = { frameNs: 0, byteNs: 8, overheadBytes: 24 };
    const bench = new Measurer({ service });
    bench.in(3);
    bench.drain();
    expect(bench.out.map(({ atNs }) => atNs - 1_000_000)).toEqual([0, 8 * 84, 16 * 84]);
  });

  it("loses nothing at its own rate when its thread sleeps for longer than the queue lasts", () => {
    const service = { frameNs: 25_000, byteNs: 0, overheadBytes: 0 };
    const bench = new Measurer({ service, queueFrames: 8, delayNs: 0 });
    bench.in(0);
    // 200 frames in 5 ms, seen in two polls.
    bench.nowNs += 5_000_000;
    bench.in(120, 80);
    bench.nowNs += 3000;
    bench.in(80, 0);
    bench.drain();
    expect(bench.out).toHaveLength(200);
    expect(bench.stage.injected().policed).toBe(0);
  });

  it("divides the rate among the queues", () => {
    const service = { frameNs: 1000, byteNs: 0, overheadBytes: 0 };
    const bench = new Measurer({ service }, 1, 0, 4);
    bench.in(5);
    bench.drain();
    expect(bench.out.map(({ atNs }) => atNs - 1_000_000)).toEqual([0, 4000, 8000, 12_000, 16_000]);
  });
});

describe("length", () => {
  it("pads every frame with zeros", () => {
    const bench = new Measurer({ padBytes: 4 }).run(50);
    expect(bench.out.every(({ bytes, content }) => bytes === frameBytes + 4 && content.endsWith("00000000"))).toBe(
      true,
    );
    expect(bench.stage.injected().padded).toBe(50);
  });

  it("trims every frame, but not its Ethernet header", () => {
    expect(new Measurer({ trimBytes: 4 }).run(50).out.every(({ bytes }) => bytes === frameBytes - 4)).toBe(true);
    const bench = new Measurer({ trimBytes: 1000 }).run(1);
    expect(bench.out[0]!.bytes).toBe(14);
    expect(bench.stage.injected().trimmed).toBe(1);
  });
});

describe("all together", () => {
  const share = fc.option(
    fc.oneof(
      fc.record({ kind: fc.constant("count" as const), frames: fc.integer({ min: 0, max: 40 }) }),
      fc.record({ kind: fc.constant("ratio" as const), ratio: fc.double({ min: 0, max: 1, noNaN: true }) }),
    ),
  );
  const spec = fc.record({
    service: fc.option(
      fc.record({ frameNs: fc.integer({ min: 1, max: 5000 }), byteNs: fc.constant(0), overheadBytes: fc.constant(0) }),
    ),
    queueFrames: fc.integer({ min: 1, max: 40 }),
    delayNs: fc.integer({ min: 0, max: 20_000 }),
    loss: share,
    duplicate: share,
    reorder: share,
    reorderExtent: fc.integer({ min: 1, max: 6 }),
    corrupt: share,
    padBytes: fc.integer({ min: 0, max: 8 }),
    trimBytes: fc.constant(0),
    freezeNs: fc.constant(0),
  });
  const schedule = fc.array(
    fc.record({
      gapNs: fc.integer({ min: 0, max: 9000 }),
      frames: fc.integer({ min: 0, max: 40 }),
      room: fc.integer({ min: 0, max: 9 }),
    }),
    { maxLength: 60 },
  );

  function play(
    faults: FaultSpec,
    seed: number,
    steps: readonly { gapNs: number; frames: number; room: number }[],
  ): Measurer {
    const bench = new Measurer(faults, seed);
    for (const { gapNs, frames, room } of steps) {
      bench.nowNs += gapNs;
      bench.in(Math.min(frames, bench.stage.room()));
      let turn = 0;
      bench.send(() => turn++ % 10 < room);
      const inside = bench.taken + bench.copies - bench.out.length - bench.dropped - bench.refused;
      expect(bench.stage.inside()).toBe(inside);
    }
    return bench.drain();
  }

  it("in + duplicated = out + dropped + inside at all times, and nothing stays inside", () => {
    fc.assert(
      fc.property(spec, fc.nat(), schedule, (faults, seed, steps) => {
        const bench = play(faults, seed, steps);
        const { lost, policed, duplicated } = bench.stage.injected();
        expect(bench.stage.inside()).toBe(0);
        expect(bench.taken + duplicated).toBe(bench.out.length + bench.dropped + bench.refused);
        expect(bench.dropped).toBe(lost + policed);
        expect(bench.copies).toBe(duplicated);
      }),
      { numRuns: 300 },
    );
  });

  it("what a receiver finds is what was injected, to the frame", () => {
    fc.assert(
      fc.property(spec, fc.nat(), schedule, (faults, seed, steps) => {
        const bench = play(faults, seed, steps);
        const injected = bench.stage.injected();
        expect(bench.out.filter(({ valid, copy }) => !valid && !copy)).toHaveLength(injected.corrupted);
        expect(bench.out.filter(({ valid, copy }) => !valid && copy)).toHaveLength(0);
        expect(reorderedAt(bench.out)).toHaveLength(injected.reordered);
      }),
      { numRuns: 300 },
    );
  });

  it("the same seed does the same again", () => {
    fc.assert(
      fc.property(spec, fc.nat(), schedule, (faults, seed, steps) => {
        expect(play(faults, seed, steps).out).toEqual(play(faults, seed, steps).out);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a freeze", () => {
  it("lets exactly a thousand frames in, then stands for its time, once", () => {
    const gate = new FreezeGate(50_000);
    gate.took(600, 10);
    expect(gate.allowed()).toBe(freezeAfterFrames - 600);
    expect(gate.stands(11)).toBe(false);
    gate.took(400, 20);
    expect(gate.allowed()).toBe(0);
    expect(gate.stands(20)).toBe(true);
    expect(gate.stands(50_019)).toBe(true);
    expect(gate.stands(50_023)).toBe(false);
    expect(gate.totalNs()).toBe(50_003);
    gate.took(5000, 60_000);
    expect(gate.stands(60_000)).toBe(false);
    gate.reset();
    expect(gate.allowed()).toBe(freezeAfterFrames);
    expect(gate.totalNs()).toBe(0);
  });

  it("without a time never stands", () => {
    const gate = new FreezeGate(0);
    gate.took(5000, 1);
    expect(gate.stands(1)).toBe(false);
    expect(gate.allowed()).toBe(Number.POSITIVE_INFINITY);
  });
});
