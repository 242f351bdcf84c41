/** pcapng (draft-ietf-opsawg-pcapng), block by block over windows of bytes: sections of both byte orders, frames in batches. */
import {
  type CaptureDecoder,
  type CaptureFault,
  type CaptureInterface,
  type FrameBatch,
  mostCapturedBytes,
} from "./capture.js";
import {
  blockType,
  type CaptureBlock,
  optionCode,
  optionText,
  readBlockOptions,
  readInterfaceBlock,
  readNames,
} from "./pcapng-blocks.js";
import { TickConverter } from "./timestamp.js";

/** A block that says more is damaged: this is Wireshark's limit. It bounds the window that a reader has to keep. */
export const mostBlockBytes = 16 * 1024 * 1024;
/** No real capture has more. It bounds the memory that a file can make us use. */
const mostInterfaces = 65_536;

const sectionType = blockType.section;
const enhancedType = blockType.enhanced;
const mostBytes = mostCapturedBytes;
const byteOrderMagic = 0x1a2b3c4d;

/** The shortest body of each type that is read, without type and lengths. */
const leastBody: Readonly<Record<number, number>> = {
  [blockType.section]: 16,
  [blockType.interface]: 8,
  [blockType.packet]: 20,
  [blockType.simple]: 4,
  [blockType.statistics]: 12,
  [blockType.enhanced]: 20,
  [blockType.custom]: 4,
  [blockType.customNotCopied]: 4,
};

/** Where a frame's block says what. */
interface FramePlace {
  readonly iface: number;
  readonly captured: number;
  readonly original: number;
  readonly data: number;
}

export class PcapngDecoder implements CaptureDecoder {
  readonly format = "pcapng";
  readonly interfaces: CaptureInterface[] = [];
  frames = 0;
  untimed = 0;
  contradictory = 0;
  fault: CaptureFault | null = null;
  wanted = 28;
  readonly #clocks: TickConverter[] = [];
  readonly #onBlock: ((block: CaptureBlock) => void) | null;
  #little = true;
  #inSection = false;
  /** Interfaces of earlier sections: each section counts from 0. */
  #base = 0;
  #offset = 0;
  #seconds = 0;
  #nanoseconds = 0;

  /** `onBlock` is called with every block that is no frame. It may keep the block. */
  constructor(onBlock: ((block: CaptureBlock) => void) | null = null) {
    this.#onBlock = onBlock;
  }

  decode(bytes: Uint8Array, view: DataView, start: number, end: number, batch: FrameBatch): number {
    if (this.fault !== null) return start;
    let at = start;
    while (batch.count < batch.capacity) {
      if (end - at < 12) {
        this.wanted = 12;
        break;
      }
      const type = view.getUint32(at, this.#little);
      // The section's type is the same in both byte orders. The byte order is needed to read its length.
      if (type === sectionType && !this.#setByteOrder(view, at, at - start)) break;
      const length = this.#lengthOf(view, at, type, at - start);
      if (length === 0) break;
      if (end - at < length) {
        this.wanted = length;
        break;
      }
      if (view.getUint32(at + length - 4, this.#little) !== length) {
        const what = `a block says at its end that it has ${view.getUint32(at + length - 4, this.#little)} bytes, but ${length} at its start`;
        this.#fail("length", at + length - 4 - start, what);
        break;
      }
      const isRead =
        type === enhancedType
          ? this.#enhanced(bytes, view, at, length, start, batch)
          : this.#block(bytes, view, at, length, start, type, batch);
      if (!isRead) break;
      at += length;
    }
    this.#offset += at - start;
    return at;
  }

  finish(rest: number): void {
    if (this.fault !== null || rest === 0) return;
    const missing = rest < 12 ? "" : `${this.wanted - rest} bytes before the end of`;
    const what = rest < 12 ? "inside the head of" : missing;
    this.fault = {
      kind: "cut",
      offset: this.#offset + rest,
      what: `the file ends ${what} the block at byte ${this.#offset}`,
    };
  }

  #fail(kind: CaptureFault["kind"], at: number, what: string): false {
    this.fault = { kind, offset: this.#offset + at, what };
    return false;
  }

  #setByteOrder(view: DataView, at: number, place: number): boolean {
    const magic = view.getUint32(at + 8, true);
    if (magic === byteOrderMagic) this.#little = true;
    else if (view.getUint32(at + 8) === byteOrderMagic) this.#little = false;
    else return this.#fail("block", place + 8, `a section's byte order is 0x${magic.toString(16)}, which is neither`);
    return true;
  }

  /** 0: the length is impossible, and `fault` is set. */
  #lengthOf(view: DataView, at: number, type: number, place: number): number {
    const length = view.getUint32(at + 4, this.#little);
    const least = 12 + (leastBody[type] ?? 0);
    if (!this.#inSection && type !== sectionType) {
      this.#fail("block", place, "the file does not begin with a section header block");
    } else if (length < least || length % 4 !== 0) {
      const what = `a block of type ${type} says it has ${length} bytes, but it needs ${least} at least, in steps of 4`;
      this.#fail("length", place + 4, what);
    } else if (length > mostBlockBytes) {
      this.#fail(
        "length",
        place + 4,
        `a block says it has ${length} bytes, but ${mostBlockBytes} are the most there are`,
      );
    } else return length;
    return 0;
  }

  #enhanced(bytes: Uint8Array, view: DataView, at: number, length: number, start: number, batch: FrameBatch): boolean {
    const little = this.#little;
    const captured = view.getUint32(at + 20, little);
    const original = view.getUint32(at + 24, little);
    const iface = this.#base + view.getUint32(at + 8, little);
    if (!this.#checks(iface, captured, original, length - 32, at + 20 - start)) return false;
    const clock = this.#clocks[iface];
    clock.set(view.getUint32(at + 12, little), view.getUint32(at + 16, little));
    this.#seconds = clock.seconds;
    this.#nanoseconds = clock.nanoseconds;
    const i = batch.count++;
    batch.starts[i] = at + 28;
    batch.captured[i] = captured;
    batch.original[i] = captured > original ? captured : original;
    batch.seconds[i] = clock.seconds;
    batch.nanoseconds[i] = clock.nanoseconds;
    batch.interfaces[i] = iface;
    batch.flags[i] = 0;
    this.frames++;
    const options = 28 + ((captured + 3) & ~3);
    if (length - options > 8) this.#frameOptions(bytes, view, at + options, at + length - 4, batch, i);
    return true;
  }

  #frameOptions(bytes: Uint8Array, view: DataView, from: number, to: number, batch: FrameBatch, i: number): void {
    const comments: string[] = [];
    for (const found of readBlockOptions(bytes, view, from, to, this.#little)) {
      if (found.code === optionCode.comment) comments.push(optionText(found));
      else if (found.code === optionCode.enhanced.flags && found.value.length === 4) {
        batch.flags[i] = new DataView(found.value.buffer).getUint32(0, this.#little);
      }
    }
    if (comments.length > 0) batch.comments.set(i, comments);
  }

  #checks(iface: number, captured: number, original: number, room: number, place: number): boolean {
    if (iface >= this.interfaces.length || iface < this.#base) {
      const what = `a frame names interface ${iface - this.#base}, but its section has ${this.interfaces.length - this.#base} by then`;
      return this.#fail("block", place - 12, what);
    }
    if (captured <= room && captured <= mostBytes) {
      if (captured > original) this.contradictory++;
      return true;
    }
    const bound = captured > room ? `its block has room for ${room}` : `at most ${mostBytes} can be`;
    return this.#fail("length", place, `a block says ${captured} bytes were captured, but ${bound}`);
  }

  /** Everything but the usual; returns false where that was a fault. */
  #block(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    length: number,
    start: number,
    type: number,
    batch: FrameBatch,
  ): boolean {
    const little = this.#little;
    const body = at + 8;
    const end = at + length - 4;
    switch (type) {
      case blockType.section: {
        const version = `${view.getUint16(at + 12, little)}.${view.getUint16(at + 14, little)}`;
        // 1.2 was written for a time and is the same (§4.1).
        if (version !== "1.0" && version !== "1.2") {
          return this.#fail("version", at + 12 - start, `pcapng version ${version}, expected 1.0`);
        }
        this.#inSection = true;
        this.#base = this.interfaces.length;
        this.#onBlock?.({
          kind: "section",
          byteOrder: little ? "little" : "big",
          options: readBlockOptions(bytes, view, body + 16, end, little),
        });
        return true;
      }
      case blockType.interface: {
        if (this.interfaces.length >= mostInterfaces) {
          return this.#fail("block", at - start, `more than ${mostInterfaces} interfaces`);
        }
        const { iface, options } = readInterfaceBlock(bytes, view, body, end, little);
        this.interfaces.push(iface);
        this.#clocks.push(new TickConverter(iface.ticksPerSecond, iface.offsetSeconds));
        this.#onBlock?.({ kind: "interface", iface, options });
        return true;
      }
      case blockType.simple:
        return this.#simple(view, at, length, start, batch);
      case blockType.packet:
        return this.#packet(bytes, view, at, length, start, batch);
      default:
        if (this.#onBlock !== null) this.#onBlock(this.#otherBlock(bytes, view, body, end, type));
        return true;
    }
  }

  #otherBlock(bytes: Uint8Array, view: DataView, body: number, end: number, type: number): CaptureBlock {
    const little = this.#little;
    switch (type) {
      case blockType.names:
        return { kind: "names", ...readNames(bytes, view, body, end, little) };
      case blockType.statistics:
        return {
          kind: "statistics",
          iface: this.#base + view.getUint32(body, little),
          high: view.getUint32(body + 4, little),
          low: view.getUint32(body + 8, little),
          options: readBlockOptions(bytes, view, body + 12, end, little),
        };
      case blockType.custom:
      case blockType.customNotCopied:
        return {
          kind: "custom",
          copied: type === blockType.custom,
          enterprise: view.getUint32(body, little),
          data: bytes.slice(body + 4, end),
        };
      default:
        return { kind: "other", type, body: bytes.slice(body, end) };
    }
  }

  /** A simple packet block (§4.4) is of interface 0 and has neither time nor captured length. */
  #simple(view: DataView, at: number, length: number, start: number, batch: FrameBatch): boolean {
    const original = view.getUint32(at + 8, this.#little);
    const snap = this.interfaces[this.#base]?.snapBytes ?? 0;
    const captured = Math.min(original, length - 16, snap === 0 ? original : snap);
    if (!this.#checks(this.#base, captured, original, length - 16, at + 8 - start)) return false;
    this.untimed++;
    batch.untimed.add(batch.count);
    this.#add({ iface: this.#base, captured, original, data: at + 12 }, batch);
    return true;
  }

  /** The obsolete packet block (appendix A): 16-bit interface and drop count, otherwise as the enhanced block. */
  #packet(bytes: Uint8Array, view: DataView, at: number, length: number, start: number, batch: FrameBatch): boolean {
    const little = this.#little;
    const iface = this.#base + view.getUint16(at + 8, little);
    const captured = view.getUint32(at + 20, little);
    const original = view.getUint32(at + 24, little);
    if (!this.#checks(iface, captured, original, length - 32, at + 20 - start)) return false;
    const clock = this.#clocks[iface];
    clock.set(view.getUint32(at + 12, little), view.getUint32(at + 16, little));
    this.#seconds = clock.seconds;
    this.#nanoseconds = clock.nanoseconds;
    const i = batch.count;
    this.#add({ iface, captured, original, data: at + 28 }, batch);
    const options = 28 + ((captured + 3) & ~3);
    if (length - options > 8) this.#frameOptions(bytes, view, at + options, at + length - 4, batch, i);
    return true;
  }

  #add({ iface, captured, original, data }: FramePlace, batch: FrameBatch): void {
    const i = batch.count++;
    batch.starts[i] = data;
    batch.captured[i] = captured;
    batch.original[i] = captured > original ? captured : original;
    batch.seconds[i] = this.#seconds;
    batch.nanoseconds[i] = this.#nanoseconds;
    batch.interfaces[i] = iface;
    batch.flags[i] = 0;
    this.frames++;
  }
}
