/** From a capture file to a frame pipe: which frames, to which port, with what changes. Runs in the reader's thread. */
import { usageError } from "../../errors.js";
import type { RingMemory } from "../../memory.js";
import { parseFilter } from "../../packet/filter.js";
import { flowNumber } from "../../packet/flow-number.js";
import { Outline, outline } from "../../packet/outline.js";
import { type RewriteRules, Rewriter, rewriteGrowth } from "../../packet/rewrite.js";
import { mostCapturedBytes } from "../../pcap/capture.js";
import { CaptureReader, captureFaultError, type FrameBatch, linkTypeEthernet, linkTypeName } from "../../pcap/index.js";
import { CaptureFilter } from "./capture-filter.js";
import { type PipeLayout, PipeWriter } from "./frame-pipe.js";

/** Which of two ports a frame leaves by. */
export type Split =
  | { readonly kind: "none" }
  /** Interface 0 is the first port, every other one the second. */
  | { readonly kind: "interface" }
  /** Frames from these source addresses leave by the first port. */
  | { readonly kind: "mac"; readonly macs: readonly Uint8Array[] }
  /** Frames of clients leave by the first port. */
  | { readonly kind: "client" };

export interface FeederOptions {
  readonly path: string;
  /** A filter expression, already checked; null: all frames. */
  readonly filter: string | null;
  /** Frame numbers from 1, in order; empty: all. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  readonly split: Split;
  /** What chooses between a port's queues: the frame's flow, or its turn. None: there is one queue. */
  readonly spread: "none" | "flow" | "turn";
  readonly rewrite: RewriteRules;
  /** Frames that the capture cut. */
  readonly cut: "refuse" | "pad" | "skip";
  /** Frames that are not Ethernet are left out; else they end the replay. */
  readonly skipsOthers: boolean;
  /** Infinity: for ever. */
  readonly loops: number;
  /** Times do not matter: files without them can be sent. */
  readonly timeless: boolean;
}

/** What became of the file's frames, over all loops that were read. */
export interface FeederReport {
  read: number;
  filtered: number;
  /** Frames that are not Ethernet, and were left out. */
  notEthernet: number;
  /** Cut frames that were left out, and that were padded with zeros. */
  cutSkipped: number;
  cutPadded: number;
  /** Frames with less than an Ethernet header. */
  tooShort: number;
  /** Frames to be padded that the file says to be longer than any frame is. */
  tooLong: number;
  fed: number;
  /** Steps back in time. Such a frame leaves with the frame before it. */
  backwards: number;
  loops: number;
  /** Frames of the file, and its time from first to last, of what is sent. */
  perLoop: number;
  spanNs: number;
  /** Why the file ended early; null: it did not. */
  fault: string | null;
}

const publishEvery = 64;
/** Least common multiple of 1 to 8. */
const turns = 840;

export class CaptureFeeder {
  readonly report: FeederReport = {
    read: 0,
    filtered: 0,
    notEthernet: 0,
    cutSkipped: 0,
    cutPadded: 0,
    tooShort: 0,
    tooLong: 0,
    fed: 0,
    backwards: 0,
    loops: 0,
    perLoop: 0,
    spanNs: 0,
    fault: null,
  };
  readonly #options: FeederOptions;
  readonly #memory: RingMemory;
  readonly #writer: PipeWriter;
  readonly #rewriter: Rewriter;
  readonly #filter: CaptureFilter | null;
  readonly #outline = new Outline();
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Not only the filter needs to know what is in a frame. */
  readonly #looksInside: boolean;
  /** Of each port: whose turn it is. */
  readonly #turns = [-1, -1];
  #waited = false;
  /** Time of the first frame that is sent. */
  #firstSeconds = Number.NaN;
  #firstNanoseconds = 0;
  #lastNs = 0;

  constructor(memory: RingMemory, layout: PipeLayout, options: FeederOptions) {
    this.#options = options;
    this.#memory = memory;
    this.#writer = new PipeWriter(memory, layout);
    this.#rewriter = new Rewriter(options.rewrite);
    this.#filter = options.filter === null ? null : new CaptureFilter(parseFilter(options.filter, "--filter"));
    this.#looksInside = options.split.kind === "client" || options.spread === "flow";
  }

  /** Feeds all loops. A capture that fits into the pipe is fed once, and the other side repeats it. */
  async run(): Promise<FeederReport> {
    const { loops, rewrite } = this.#options;
    for (let loop = 0; loop < loops && !this.#writer.stopped; loop++) {
      try {
        await this.#once(loop);
      } catch (error) {
        // The owner that stopped us waits for no file any more: a missing one is no error.
        if (!this.#writer.stopped) throw error;
      }
      this.report.loops++;
      if (this.report.fed === 0 || this.report.fault !== null) break;
      if (loop === 0 && !this.#waited && !rewrite.uniquePerLoop) break;
    }
    this.#writer.end();
    return this.report;
  }

  async #once(loop: number): Promise<void> {
    const { report } = this;
    using reader = await CaptureReader.open(this.#options.path, { isStopped: () => this.#writer.stopped });
    if (loop > 0 && reader.fileBytes === null) {
      const what = "a pipe is read once, and what came out of it does not fit into memory for another loop";
      throw usageError(what, { where: reader.path, accepted: "a file, for --loops" });
    }
    this.#firstSeconds = Number.NaN;
    this.#lastNs = 0;
    const fedBefore = report.fed;
    const last = this.#options.ranges.at(-1)?.to ?? Number.POSITIVE_INFINITY;
    for await (const batch of reader.batches()) {
      if (this.#writer.stopped || batch.first >= last) break;
      this.#batch(batch, reader, loop);
    }
    if (reader.untimed > 0 && !this.#options.timeless) {
      const what = `${reader.untimed} frames have no time of their own`;
      throw usageError(what, { where: reader.path, accepted: "--rate or --top-speed for such a file" });
    }
    if (reader.fault !== null) report.fault = captureFaultError(reader.path, reader.fault, reader.frames).toLine();
    if (loop > 0) return;
    report.perLoop = report.fed - fedBefore;
    report.spanNs = this.#lastNs;
  }

  #batch(batch: FrameBatch, reader: CaptureReader, loop: number): void {
    if (this.#view.buffer !== batch.bytes.buffer) this.#view = new DataView(batch.bytes.buffer);
    const { interfaces } = reader;
    this.#filter?.begin(batch);
    for (let i = 0; i < batch.count; i++) {
      if (i % publishEvery === 0) {
        if (this.#writer.stopped) return;
        this.#writer.publish();
      }
      this.report.read++;
      const iface = interfaces[batch.interfaces[i]];
      if (iface.linkType !== linkTypeEthernet) {
        this.#other(reader.path, batch.first + i + 1, iface.linkType);
        continue;
      }
      if (this.#looksInside) {
        outline(this.#view, batch.bytes.byteOffset + batch.starts[i], batch.captured[i], this.#outline);
      }
      if (!this.#isWanted(batch, i, reader.format)) {
        this.report.filtered++;
        continue;
      }
      this.#frame(batch, i, iface.fcsBytes ?? 0, loop);
    }
    this.#writer.publish();
  }

  #other(where: string, number: number, linkType: number): void {
    if (!this.#options.skipsOthers) {
      throw usageError(`frame ${number} is ${linkTypeName(linkType)}, which cannot be sent as Ethernet`, {
        where,
        accepted: "captures of Ethernet",
        hint: "--not-ethernet skip leaves such frames out, and counts them",
      });
    }
    this.report.notEthernet++;
  }

  #isWanted(batch: FrameBatch, i: number, format: "pcap" | "pcapng"): boolean {
    const number = batch.first + i + 1;
    const { ranges } = this.#options;
    if (ranges.length > 0 && !ranges.some(({ from, to }) => number >= from && number <= to)) return false;
    return this.#filter === null || this.#filter.passes(batch, i, format);
  }

  #frame(batch: FrameBatch, i: number, fcsBytes: number, loop: number): void {
    const { report } = this;
    // An FCS in the file is not sent: interfaces with a line make it anew.
    const wire = Math.max(0, batch.original[i] - fcsBytes);
    const captured = Math.min(batch.captured[i], wire);
    let length = captured;
    if (captured < wire) {
      if (this.#options.cut === "skip") {
        report.cutSkipped++;
        return;
      }
      if (this.#options.cut === "refuse") {
        const what = `frame ${batch.first + i + 1} was cut at ${captured} of ${wire} bytes`;
        const accepted = "whole frames; --cut pad sends the rest as zeros, --cut skip leaves it out";
        throw usageError(what, { where: this.#options.path, accepted });
      }
      // The file may say anything up to 4 GiB here. Nothing is placed, or written, for what no frame can be.
      if (wire > mostCapturedBytes) {
        report.tooLong++;
        return;
      }
      report.cutPadded++;
      length = wire;
    }
    if (length < 14) {
      report.tooShort++;
      return;
    }
    const to = this.#place(length + rewriteGrowth);
    if (to === 0) return;
    const { u8, view } = this.#memory;
    copyInto(this.#memory, to, this.#view, batch.bytes.byteOffset + batch.starts[i], captured);
    if (length > captured) u8.fill(0, to + captured, to + length);
    const port = this.#portOf(batch, i);
    if (this.#rewriter.changes) length = this.#rewriter.apply(u8, view, to, length, loop);
    this.#writer.commit(this.#timeOf(batch, i), length, port, loop, this.#spreadOf(batch, i, port));
    report.fed++;
  }

  /** 0: it was told to stop. A frame of at most `mostCapturedBytes` fits into every pipe at some time. */
  #place(bytes: number): number {
    let at = this.#writer.place(bytes);
    while (at === 0) {
      if (this.#writer.stopped) return 0;
      this.#waited = true;
      this.#writer.waitForRoom();
      at = this.#writer.place(bytes);
    }
    if (at < 0) throw new Error(`a frame of ${bytes} bytes is more than half of the pipe`);
    return at;
  }

  /** ns since the loop's first frame, never less than the frame before. */
  #timeOf(batch: FrameBatch, i: number): number {
    if (Number.isNaN(this.#firstSeconds)) {
      this.#firstSeconds = batch.seconds[i];
      this.#firstNanoseconds = batch.nanoseconds[i];
    }
    const timeNs = (batch.seconds[i] - this.#firstSeconds) * 1e9 + (batch.nanoseconds[i] - this.#firstNanoseconds);
    if (timeNs < this.#lastNs) this.report.backwards++;
    else this.#lastNs = timeNs;
    return this.#lastNs;
  }

  #spreadOf(batch: FrameBatch, i: number, port: number): number {
    const { spread } = this.#options;
    if (spread === "none") return 0;
    if (spread === "flow") return flowNumber(this.#view, batch.bytes.byteOffset + batch.starts[i], this.#outline);
    // A multiple of all numbers of queues that there can be.
    this.#turns[port] = (this.#turns[port] + 1) % turns;
    return this.#turns[port];
  }

  #portOf(batch: FrameBatch, i: number): number {
    const { split } = this.#options;
    switch (split.kind) {
      case "none":
        return 0;
      case "interface":
        return batch.interfaces[i] === 0 ? 0 : 1;
      case "mac": {
        const at = batch.starts[i] + 6;
        return split.macs.some((mac) => mac.every((byte, k) => batch.bytes[at + k] === byte)) ? 0 : 1;
      }
      case "client":
        return this.#isFromClient(batch.bytes.byteOffset + batch.starts[i]) ? 0 : 1;
    }
  }

  /** A SYN is a client's, a SYN with ACK a server's; otherwise the lower port is the server's. Without ports: a client's. */
  #isFromClient(start: number): boolean {
    const { ipProtocol, l4, bytes } = this.#outline;
    if ((ipProtocol !== 6 && ipProtocol !== 17) || l4 < 0 || bytes < l4 + 4) return true;
    if (ipProtocol === 6 && bytes >= l4 + 14) {
      const flags = this.#view.getUint8(start + l4 + 13);
      if ((flags & 0x02) !== 0) return (flags & 0x10) === 0;
    }
    return this.#view.getUint16(start + l4) >= this.#view.getUint16(start + l4 + 2);
  }
}

/** Up to here a loop over words is faster than a view and its copy. */
const shortBytes = 192;

/** `to` is a multiple of four, as places in a pipe are; `start` may be anything. */
function copyInto({ u8, u32 }: RingMemory, to: number, from: DataView, start: number, length: number): void {
  if (length > shortBytes) {
    u8.set(new Uint8Array(from.buffer, start, length), to);
    return;
  }
  const words = length >>> 2;
  const first = to >>> 2;
  for (let w = 0; w < words; w++) u32[first + w] = from.getUint32(start + w * 4, true);
  for (let i = words * 4; i < length; i++) u8[to + i] = from.getUint8(start + i);
}
