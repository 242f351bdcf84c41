/** The captures of a session: memory for each, what the loop is told, and files made of what is there. */
import {
  type CaptureOrder,
  captureSlot,
  captureSlotBytes,
  portCell,
  type SessionMemory,
} from "../engine/session/index.js";
import type { RingMemory } from "../memory.js";
import { parseFilter } from "../packet/filter.js";
import { encodeCapture } from "../pcap/index.js";
import { arena, arenaMemory } from "../sys/arena.js";
import { SessionError } from "./session-error.js";
import type { CapturedFile, CaptureSpec } from "./types.js";

const usualFrames = 10_000;
const mostFrames = 1_000_000;
const mostBytes = 2 ** 30;

/** Since 1970; nanoseconds since then do not fit into a double. */
export interface WallTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** So many ns before now. */
export function wallTimeBefore(sinceNs: number): WallTime {
  const nowMs = Date.now();
  const nanoseconds = (nowMs % 1000) * 1e6 - sinceNs;
  const borrowed = Math.floor(nanoseconds / 1e9);
  return { seconds: Math.floor(nowMs / 1000) + borrowed, nanoseconds: nanoseconds - borrowed * 1e9 };
}

interface OpenCapture {
  readonly order: CaptureOrder;
  readonly bytes: number;
}

export class Captures {
  readonly #memory: SessionMemory;
  readonly #epoch: () => WallTime;
  readonly #open = new Map<number, OpenCapture>();
  /** By port: the loop is being told of another capture, or of none. */
  readonly #changes = new Map<number, Promise<void>>();
  /** Memory that the loop may have been told of. */
  readonly #abandoned: number[] = [];
  /** A view of all of it costs much to make. */
  #ringMemory: RingMemory | null = null;

  constructor(memory: SessionMemory, epoch: () => WallTime) {
    this.#memory = memory;
    this.#epoch = epoch;
  }

  has(port: number): boolean {
    return this.#open.has(port);
  }

  /** @throws SessionError bad-spec, full */
  make(port: number, spec: CaptureSpec, longestBytes: number): CaptureOrder {
    const { direction = "rx", filter = null, frames = usualFrames, overwrite = true } = spec;
    const snapBytes = Math.min(spec.snapBytes ?? longestBytes, longestBytes);
    const where = `capture of port "${spec.port}"`;
    if (!Number.isInteger(frames) || frames < 1 || frames > mostFrames) {
      throw new SessionError("bad-spec", `a capture has no room for ${frames} frames`, {
        where,
        accepted: `1 to ${mostFrames}`,
      });
    }
    if (!Number.isInteger(snapBytes) || snapBytes < 1) {
      throw new SessionError("bad-spec", `a capture cannot keep ${snapBytes} bytes of a frame`, {
        where,
        accepted: "from 1",
      });
    }
    if (filter !== null) parseFilter(filter, `${where} filter`);
    const bytes = frames * captureSlotBytes(snapBytes);
    const taken = [...this.#open].reduce((sum, [at, { bytes: used }]) => sum + (at === port ? 0 : used), 0);
    if (taken + bytes > mostBytes) {
      throw new SessionError(
        "full",
        `captures have ${mostBytes - taken} bytes of memory left, and this one asks for ${bytes}`,
        {
          where,
          hint: "fewer frames, or fewer bytes of each (snapBytes)",
        },
      );
    }
    const { offset } = arena().mapAnonymous(bytes);
    return { direction, filter, offset, frames, snapBytes, overwrite };
  }

  /** `tell` tells the loop of this order. What was captured before goes when the loop does not write there any more. */
  replace(port: number, order: CaptureOrder, tell: () => Promise<void>): Promise<void> {
    return this.change(port, async () => {
      try {
        await tell();
      } catch (error) {
        // Where there was no room for the order, the loop knows nothing of it.
        if (error instanceof SessionError && error.code === "full") arena().release(order.offset);
        else this.#abandoned.push(order.offset);
        throw error;
      }
      this.#release(port);
      this.#open.set(port, { order, bytes: order.frames * captureSlotBytes(order.snapBytes) });
    });
  }

  /** `tell` tells the loop not to capture there any more. */
  remove(port: number, tell: () => Promise<void>): Promise<void> {
    return this.change(port, async () => {
      await tell();
      this.#release(port);
    });
  }

  /** One change of a port's capture after the other. */
  change(port: number, act: () => Promise<void>): Promise<void> {
    const before = this.#changes.get(port);
    const changed = before === undefined ? act() : before.then(act);
    const isOver = (): void => {
      if (this.#changes.get(port) === over) this.#changes.delete(port);
    };
    const over = changed.then(isOver, isOver);
    this.#changes.set(port, over);
    return changed;
  }

  closeAll(): void {
    for (const port of [...this.#open.keys()]) this.#release(port);
    for (const offset of this.#abandoned.splice(0)) arena().release(offset);
  }

  /** While a capture takes another's place, the counts and the memory are not of one capture. */
  async fetch(port: number, format: "pcap" | "pcapng"): Promise<CapturedFile> {
    while (this.#changes.has(port)) await this.#changes.get(port);
    const capture = this.#open.get(port);
    if (capture === undefined) throw new SessionError("unknown-capture", "the port has no capture");
    const read = this.#copies(port, capture.order);
    const valid = read.isMostlyLost ? this.#heldCopies(port, capture.order) : read.valid;
    const seen = Math.max(this.#cell(port, portCell.captureSeen), valid.length);
    return { format, file: encodeCapture(valid, format), frames: valid.length, seen, missed: seen - valid.length };
  }

  /** What was written over while it was copied is left out; the slot that is written now may be, too. */
  #copies(port: number, order: CaptureOrder) {
    const kept = this.#cell(port, portCell.captureKept);
    const first = Math.max(0, kept - order.frames);
    const copies = Array.from({ length: kept - first }, (_, k) => this.#copy(order, first + k));
    const isRunning = this.#cell(port, portCell.capturing) === 1;
    const overwritten = this.#cell(port, portCell.captureKept) - order.frames + (isRunning ? 1 : 0);
    const valid = order.overwrite ? copies.slice(Math.max(0, overwritten - first)) : copies;
    return { valid, isMostlyLost: valid.length < copies.length / 2 };
  }

  /** The loop writes nothing there meanwhile: what comes then is missed. */
  #heldCopies(port: number, order: CaptureOrder) {
    const held = port * portCell.count + portCell.captureHeld;
    this.#memory.ports[held] = 1;
    try {
      return this.#copies(port, order).valid;
    } finally {
      this.#memory.ports[held] = 0;
    }
  }

  #copy({ offset, frames, snapBytes }: CaptureOrder, number: number) {
    this.#ringMemory ??= arenaMemory(arena().address, arena().bytes);
    const memory = this.#ringMemory;
    const slot = offset + (number % frames) * captureSlotBytes(snapBytes);
    const { seconds, nanoseconds } = this.#epoch();
    const sinceNs = nanoseconds + memory.view.getFloat64(slot + captureSlot.timeNs, true);
    const keptBytes = Math.min(snapBytes, memory.view.getUint32(slot + captureSlot.keptBytes, true));
    const at = slot + captureSlot.header;
    return {
      seconds: seconds + Math.floor(sinceNs / 1e9),
      nanoseconds: Math.floor(sinceNs % 1e9),
      originalBytes: memory.view.getUint32(slot + captureSlot.wireBytes, true),
      bytes: memory.u8.slice(at, at + keptBytes),
    };
  }

  #release(port: number): void {
    const capture = this.#open.get(port);
    if (capture === undefined) return;
    this.#open.delete(port);
    arena().release(capture.order.offset);
  }

  #cell(port: number, which: number): number {
    return this.#memory.ports[port * portCell.count + which]!;
  }
}
