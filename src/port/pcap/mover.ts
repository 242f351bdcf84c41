/**
 * Frames into and out of capture files. A burst is in the file, as far as the operating system says, when `move`
 * returns, so that a frame counts as sent only when it is there.
 */
import { PktgenError } from "../../errors.js";
import type { RingMemory } from "../../memory.js";
import type { FrameBatch } from "../../pcap/capture.js";
import { captureFaultError } from "../../pcap/file.js";
import { CaptureReader } from "../../pcap/file-reader.js";
import { CaptureWriter } from "../../pcap/file-writer.js";
import { linkTypeEthernet, linkTypeName } from "../../pcap/link-types.js";
import type { FrameMover } from "../../ring/kernel/slot-ring.js";
import type { MoverOrder } from "../../ring/ring.js";
import { monotonicClock } from "../../sys/clock.js";

/** Into a capture file, stamped as they are handed over. */
export interface CaptureWriterOrder extends MoverOrder {
  readonly kind: "capture writer";
  readonly path: string;
  /** Open for appending, and behind a header. */
  readonly fd: number;
  /** How far the time of day is ahead of the clock that loops read: seconds + ns / 1e9. */
  readonly aheadSeconds: number;
  readonly aheadNs: number;
}

/** Out of a capture file, as fast as they are taken. */
export interface CaptureReaderOrder extends MoverOrder {
  readonly kind: "capture reader";
  readonly path: string;
  readonly fd: number;
}

const EIO = 5;
const EAGAIN = 11;

export function captureWriter(memory: RingMemory, order: CaptureWriterOrder): FrameMover {
  const writer = CaptureWriter.append(order.path, order.fd);
  const { nowNs } = monotonicClock();
  let why = "";
  return {
    move(n, offsets, lengths, results) {
      const before = writer.framesWritten;
      const now = nowNs();
      const whole = Math.floor(now / 1e9);
      const ns = now - whole * 1e9 + order.aheadNs;
      const carry = Math.floor(ns / 1e9);
      const seconds = whole + order.aheadSeconds + carry;
      try {
        for (let k = 0; k < n; k++) {
          writer.frame(memory.u8, offsets[k], lengths[k], lengths[k], seconds, Math.floor(ns - carry * 1e9));
        }
        writer.flush();
      } catch (error) {
        if (!(error instanceof PktgenError)) throw error;
        why = error.toLine();
      }
      const taken = writer.framesWritten - before;
      for (let k = 0; k < n; k++) results[k] = k < taken ? lengths[k] : -EIO;
    },
    trouble: () => why,
  };
}

export function captureReader(memory: RingMemory, { path, fd }: CaptureReaderOrder): FrameMover {
  const reader = CaptureReader.openNow(path, fd);
  let batch: FrameBatch | null = null;
  let next = 0;
  let why = "";

  /** A frame of the batch is there to be taken. */
  const hasFrame = (): boolean => {
    if (batch !== null && next < batch.count) return true;
    if (why !== "") return false;
    batch = reader.nextNow();
    next = 0;
    if (batch !== null) return true;
    if (reader.fault !== null) why = captureFaultError(path, reader.fault, reader.frames).toLine();
    return false;
  };

  /** Its bytes, or −errno. */
  const take = (from: FrameBatch, to: number, room: number): number => {
    const bytes = from.captured[next];
    const { linkType } = reader.interfaces[from.interfaces[next]] ?? { linkType: linkTypeEthernet };
    const number = from.first + next + 1;
    if (linkType !== linkTypeEthernet) why = `${path}: frame ${number} is ${linkTypeName(linkType)}, not Ethernet`;
    else if (bytes === 0) why = `${path}: frame ${number} is empty`;
    else if (bytes > room) why = `${path}: frame ${number} has ${bytes} bytes, and at most ${room} fit`;
    if (why !== "") return -EIO;
    const start = from.starts[next++];
    const { u8 } = memory;
    for (let i = 0; i < bytes; i++) u8[to + i] = from.bytes[start + i];
    return bytes;
  };

  return {
    move(n, offsets, lengths, results) {
      for (let k = 0; k < n; k++) {
        if (!hasFrame()) results[k] = why === "" ? -EAGAIN : -EIO;
        else results[k] = take(batch!, offsets[k], lengths[k]);
      }
    },
    trouble: () => why,
  };
}
