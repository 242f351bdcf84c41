/** A fault stage on a clock that the test moves, and what comes out of it. */
import { type FaultSpec, noFaults } from "../../../src/engine/forward/fault-spec.js";
import { FaultStage } from "../../../src/engine/forward/faults.js";
import { faultStorageBytes } from "../../../src/engine/forward/storage.js";
import { type RingMemory, ringMemory } from "../../../src/memory.js";
import {
  checkSignature,
  fixedTrial,
  readTrial,
  signatureHead,
  trialHighOf,
  writeSignature,
} from "../../../src/stream/frames/signature.js";

export const frameBytes = 60;

export const trial = fixedTrial(1);

export const maxBufferBytes = 128;

export interface Out {
  readonly sequence: number;
  readonly bytes: number;
  readonly valid: boolean;
  readonly copy: boolean;
  readonly atNs: number;
  readonly content: string;
}

/** A stage with signed frames going in, on a clock of the test's own. */
export class FaultMeter {
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
    this.stage = new FaultStage({
      spec: full,
      memory: this.memory,
      storage: { offset: 64, bytes },
      maxBufferBytes,
      queue,
      queues,
      direction: 0,
    });
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
