/**
 * Sends frames that the kernel makes: an XDP program (port/xdp/program.ts) numbers, stamps and balances each, and
 * BPF_PROG_TEST_RUN runs it once a frame. The program counts what it really sent, so that the count is right even where
 * a signal ended a call in the middle.
 *
 * A call costs 8 µs before its first frame, so frames leave in portions. A portion takes less than 1 ms, so that its
 * thread can be ended.
 */
import { usageError } from "../../errors.js";
import type { RingMemory } from "../../memory.js";
import type { LiveTransmit } from "../../port/port.js";
import { liveTemplateBytes, xdpPage } from "../../port/xdp/program.js";
import { RingFault } from "../../ring/ring.js";
import { frameAt } from "../../stream/frames/frame.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import { signatureBase, signatureBytes, signatureHead, trialHighOf } from "../../stream/frames/signature.js";
import { errnoName, errnoNumber } from "../../sys/libc.js";
import { LiveFrames } from "../../sys/xdp/bpf.js";
import type { OpenQueue } from "../loop/index.js";
import type { Sender, SenderPace } from "./sender.js";

/** A call for each frame would reach 100 kpps at most. Above a tenth of that, one call sends all that is due. */
const livePace: SenderPace = {
  singleFramePps: 10_000,
  burstFrames: 256,
  catchUpFrames: 256,
  lateToleranceNs: 200_000,
};
/** How often a call that a signal ended is made again for the rest. */
const interruptions = 100;
const interrupted = errnoNumber("EINTR");
const twoTo32 = 2 ** 32;

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = { published: 0, epochNs: 1, count: 2 } as const;

export interface LiveSenderStart {
  readonly memory: RingMemory;
  readonly program: FrameProgram;
  readonly queues: number;
  /** The trial's id. */
  readonly trial: number;
  readonly firstStream: number;
  readonly startSequence: number;
}

export class LiveSender implements Sender {
  readonly queue = 0;
  readonly pace = livePace;
  readonly #start: LiveSenderStart;
  readonly #frame: Uint8Array;
  readonly #cells = new Float64Array(cell.count);
  #open: OpenQueue | null = null;
  #live: LiveTransmit | null = null;
  #frames: LiveFrames | null = null;

  /** @throws PktgenError (2): traffic that the program cannot make. */
  constructor(start: LiveSenderStart) {
    const { program, queues, trial, firstStream } = start;
    if (program.variants.length !== 1 || program.changes || program.seals) {
      throw usageError("tx=live sends frames that differ in nothing but their number and time", {
        where: "xdp:",
        accepted: "one flow, one size at a time, no checksum over the whole frame",
        hint: "tx=ring sends any traffic",
      });
    }
    if (queues !== 1) throw usageError("tx=live sends on one queue", { where: "--queues", accepted: "1" });
    this.#start = start;
    this.#frame = frameAt(program, 0, { trial, stream: firstStream, sequence: 0, timeNs: 0 });
  }

  start(epochNs: number): void {
    this.#cells[cell.epochNs] = epochNs;
    if (this.#live !== null) this.#write64(this.#live.page + xdpPage.epoch, epochNs);
  }

  attach(open: OpenQueue | null): void {
    if (open === this.#open) return;
    this.#open = open;
    this.#live = open?.live ?? null;
    this.#frames = null;
    if (this.#live === null) return;
    const { program, page, batch } = this.#live;
    const { memory, trial, firstStream, startSequence } = this.#start;
    const { signed } = this.#start.program;
    memory.u8.fill(0, page + xdpPage.template, page + xdpPage.template + liveTemplateBytes);
    memory.u8.set(this.#frame.subarray(0, liveTemplateBytes), page + xdpPage.template);
    memory.view.setUint32(page + xdpPage.signatureAt, signed ? this.#frame.length - signatureBytes : 0, true);
    const sum = signatureBase(trialHighOf(trial), signatureHead(trial, firstStream), 0, 0);
    memory.view.setUint32(page + xdpPage.signatureSum, sum, true);
    this.#write64(page + xdpPage.sequence, startSequence + this.published);
    this.#write64(page + xdpPage.epoch, this.#cells[cell.epochNs]);
    this.#frames = new LiveFrames(program, this.#frame, batch);
  }

  #write64(offset: number, value: number): void {
    const { view } = this.#start.memory;
    view.setUint32(offset, value % twoTo32, true);
    view.setUint32(offset + 4, value / twoTo32, true);
  }

  get published(): number {
    return this.#cells[cell.published];
  }

  get bytes(): number {
    return this.published * this.#frame.length;
  }

  bytesOfLast(n: number): number {
    return n * this.#frame.length;
  }

  get halfRing(): number {
    return livePace.burstFrames;
  }

  room(): number {
    return this.#frames === null ? 0 : livePace.catchUpFrames;
  }

  /** The program stamps each frame itself. */
  send(n: number): number {
    const frames = this.#frames;
    if (frames === null) return 0;
    let sent = 0;
    for (let left = interruptions; left > 0 && sent < n; left--) {
      const before = this.#sequence();
      const code = frames.run(n - sent);
      const more = (this.#sequence() - before) | 0;
      sent += more;
      this.#cells[cell.published] += more;
      if (code === interrupted) continue;
      if (code !== 0) throw this.#fault(`the kernel makes no frames (${errnoName(code)})`);
      if (sent < n) throw this.#fault(`interface ${this.#live!.name} was removed`);
    }
    return sent;
  }

  /** The low half of the next frame's number. */
  #sequence(): number {
    return this.#start.memory.view.getInt32(this.#live!.page + xdpPage.sequence, true);
  }

  #fault(what: string): RingFault {
    return new RingFault("BPF_PROG_TEST_RUN", what);
  }

  /** The interface has sent what it was given, or has dropped and counted it. */
  outstanding(): number {
    return 0;
  }

  carried(): number {
    return 0;
  }
}
