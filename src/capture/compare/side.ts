/** Reads one of two captures frame by frame, with what the comparison needs to know about each frame. */

import { CaptureFilter } from "../../engine/pipe/capture-filter.js";
import { usageError } from "../../errors.js";
import type { FrameFilter } from "../../packet/filter.js";
import { FrameHash, FrameMask } from "../../packet/mask.js";
import { Outline, outline } from "../../packet/outline.js";
import { type CaptureReader, type FrameBatch, linkTypeEthernet, linkTypeName } from "../../pcap/index.js";
import {
  isSignature,
  readSequence,
  readTrialHigh,
  readTrialStream,
  signatureBytes,
} from "../../stream/frames/signature.js";
import { withoutTags } from "./changes.js";
import type { FrameEntry } from "./entry.js";

const changedByDevices = ["macs", "vlan", "ttl", "dscp", "addresses", "ports", "checksums"];

export interface SideOptions {
  readonly by: "content" | "signature";
  readonly masks: readonly string[];
  readonly filter: FrameFilter | null;
  /** Frames that are not Ethernet are left out. Otherwise they end the comparison. */
  readonly skipsOthers: boolean;
}

/** One capture, and the frame that the comparison has reached in it. */
export class ComparedSide {
  readonly reader: CaptureReader;
  /** The present frame, as in FrameEntry. */
  number = 0;
  key = 0;
  content = 0;
  flow = 0;
  timeNs = 0;
  beforeNs = 0;
  frames = 0;
  filtered = 0;
  /** Frames that were left out since they are not Ethernet, and frames that the capture cut. */
  notEthernet = 0;
  cut = 0;
  /** Bytes of the present frame that the capture cut. */
  cutBytes = 0;
  /** Bytes of the present frame. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  length = 0;
  readonly #options: SideOptions;
  readonly #mask: FrameMask;
  readonly #hash = new FrameHash();
  readonly #rest = new FrameMask(changedByDevices);
  readonly #outline = new Outline();
  #batch: FrameBatch | null = null;
  #at = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Time of the first frame that is compared. */
  #firstSeconds = Number.NaN;
  #firstNanoseconds = 0;
  readonly #filter: CaptureFilter | null;

  constructor(reader: CaptureReader, options: SideOptions) {
    this.reader = reader;
    this.#options = options;
    this.#mask = new FrameMask(options.masks);
    this.#filter = options.filter === null ? null : new CaptureFilter(options.filter);
  }

  /**
   * Goes to the next frame of the batch that passes the filter. false: there is none, and `refill` reads the next
   * batch.
   */
  advance(): boolean {
    const batch = this.#batch;
    if (batch === null) return false;
    while (this.#at < batch.count) {
      const i = this.#at++;
      if (!this.#isEthernet(batch, i)) this.notEthernet++;
      else if (this.#look(batch, i)) return true;
      else this.filtered++;
    }
    return false;
  }

  /** Reads the next batch; false: the capture has ended. */
  async refill(): Promise<boolean> {
    this.#batch = await this.reader.next();
    this.#at = 0;
    if (this.#batch === null) return false;
    const { bytes } = this.#batch;
    this.#filter?.begin(this.#batch);
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    return true;
  }

  /** A copy of the present frame that can be kept. */
  entry(): FrameEntry {
    const { number, key, content, flow, timeNs, beforeNs, frames: place, cutBytes } = this;
    const bytes = this.bytes.slice(this.start, this.start + this.length);
    const masked = this.#mask.bytes.slice(0, this.#mask.length);
    const body = withoutTags(masked);
    this.#rest.set(this.bytes, this.start, this.length);
    this.#hash.set(this.#rest.bytes, 0, this.#rest.length);
    const rest = (this.#hash.high & 0x1f_ffff) * 2 ** 32 + this.#hash.low;
    const times = { timeNs, place, beforeNs };
    return { number, key, content, flow, rest, ...times, bytes, masked, body, cutBytes, done: false };
  }

  /** Seconds and nanoseconds of the first frame that was compared. */
  get firstTime(): { readonly seconds: number; readonly nanoseconds: number } {
    return { seconds: this.#firstSeconds, nanoseconds: this.#firstNanoseconds };
  }

  #isEthernet(batch: FrameBatch, i: number): boolean {
    const iface = this.reader.interfaces[batch.interfaces[i]];
    if (iface.linkType === linkTypeEthernet) return true;
    if (this.#options.skipsOthers) return false;
    const what = `frame ${batch.first + i + 1} is ${linkTypeName(iface.linkType)}`;
    throw usageError(what, {
      where: this.reader.path,
      accepted: "captures of Ethernet",
      hint: "--not-ethernet skip leaves such frames out, and counts them",
    });
  }

  #look(batch: FrameBatch, i: number): boolean {
    this.bytes = batch.bytes;
    this.start = batch.starts[i];
    this.length = batch.captured[i];
    this.number = batch.first + i + 1;
    const at = this.bytes.byteOffset + this.start;
    outline(this.#view, at, this.length, this.#outline);
    if (this.#filter !== null && !this.#filter.passes(batch, i, this.reader.format)) return false;
    if (Number.isNaN(this.#firstSeconds)) {
      this.#firstSeconds = batch.seconds[i];
      this.#firstNanoseconds = batch.nanoseconds[i];
    }
    this.beforeNs = this.timeNs;
    this.timeNs = (batch.seconds[i] - this.#firstSeconds) * 1e9 + (batch.nanoseconds[i] - this.#firstNanoseconds);
    this.frames++;
    this.cutBytes = batch.original[i] - this.length;
    if (this.cutBytes > 0) this.cut++;
    this.#setKeys(at);
    return true;
  }

  #setKeys(at: number): void {
    const hash = this.#hash;
    const mask = this.#mask;
    mask.set(this.bytes, this.start, this.length);
    this.#setFlow(at);
    const end = this.#options.by === "signature" ? this.#signatureEnd(at) : -1;
    if (end >= 0) {
      // The sender's time and balance differ from run to run.
      const cut = mask.length - (this.length - end);
      mask.bytes.fill(0, Math.max(0, cut - 8), Math.max(0, cut));
    }
    hash.set(mask.bytes, 0, mask.length);
    // The length of what was cut is all that is known about it, so it counts as content.
    this.content = ((hash.high ^ Math.imul(this.cutBytes, 0x9e37_79b1)) & 0x1f_ffff) * 2 ** 32 + hash.low;
    this.key = end < 0 ? this.content : this.#signatureKey(at + end);
  }

  /** Where the signature ends, counted from the frame's start; −1: it has none. A device may have padded the frame. */
  #signatureEnd(at: number): number {
    for (const end of [this.length, this.#outline.end]) {
      if (end >= signatureBytes && isSignature(this.#view, at + end)) return end;
    }
    return -1;
  }

  /** Run, trial, stream and sequence in one number. 2^53 has room for the sequence and 21 bits of the others. */
  #signatureKey(end: number): number {
    const head = readTrialStream(this.#view, end);
    const mixed = head ^ (head >>> 21) ^ (readTrialHigh(this.#view, end) << 5);
    return -((mixed & 0x1f_ffff) * 2 ** 32 + readSequence(this.#view, end)) - 1;
  }

  /** The kind of frame and its ports make its flow. A changed frame is looked for within its flow. */
  #setFlow(at: number): void {
    const { etherType, ipProtocol, l4, bytes } = this.#outline;
    const hasPorts = (ipProtocol === 6 || ipProtocol === 17) && l4 >= 0 && bytes >= l4 + 4;
    const ports = hasPorts ? this.#view.getUint32(at + l4) : 0;
    this.flow = ports * 2 ** 20 + (etherType & 0xfff) * 256 + (ipProtocol & 0xff);
  }
}
