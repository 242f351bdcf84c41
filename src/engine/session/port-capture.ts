/**
 * Captures frames of one port into slots of equal size. Either the oldest go, or it ends when all are full. The owner reads
 * the slots at any time: a slot that was written anew meanwhile is known by the count. Where too many are, the owner holds the
 * capture while it reads; frames that come then are missed.
 */
import type { RingMemory } from "../../memory.js";
import { type FrameFacts, type FrameFilter, parseFilter } from "../../packet/filter.js";
import { FoundHeaders } from "../../packet/found-headers.js";
import { walkHeaders } from "../../packet/header-walk.js";
import { copyFrame } from "../../ring/copy.js";
import type { FrameWatcher } from "./port-receiver.js";
import { portCell, type SessionMemory } from "./session-memory.js";

/** Before a frame's bytes in its slot: session time (a double), and as words what it had and what is kept of it. */
export const captureSlot = { timeNs: 0, wireBytes: 8, keptBytes: 12, header: 16 } as const;

export interface CaptureOrder {
  readonly direction: "rx" | "tx" | "both";
  readonly filter: string | null;
  /** Where its slots begin in the memory of rings, how many there are, and what each keeps of a frame at most. */
  readonly offset: number;
  readonly frames: number;
  readonly snapBytes: number;
  readonly overwrite: boolean;
}

export const captureSlotBytes = (snapBytes: number): number => captureSlot.header + Math.ceil(snapBytes / 8) * 8;

export class PortCapture implements FrameWatcher {
  readonly #order: CaptureOrder;
  readonly #ringMemory: RingMemory;
  readonly #ports: Float64Array;
  readonly #cellsAt: number;
  readonly #slotBytes: number;
  readonly #filter: FrameFilter | null;
  readonly #facts: { -readonly [key in keyof FrameFacts]: FrameFacts[key] };
  #firstNs = -1;
  #seen = 0;

  constructor(order: CaptureOrder, port: number, ringMemory: RingMemory, memory: SessionMemory) {
    this.#order = order;
    this.#ringMemory = ringMemory;
    this.#ports = memory.ports;
    this.#cellsAt = port * portCell.count;
    this.#slotBytes = captureSlotBytes(order.snapBytes);
    this.#filter = order.filter === null ? null : parseFilter(order.filter, "filter");
    this.#facts = {
      view: ringMemory.view,
      headers: new FoundHeaders(),
      number: 0,
      wireBytes: 0,
      capturedBytes: 0,
      relativeNs: 0,
      interfaceId: -1,
    };
    for (const each of [portCell.captureSeen, portCell.captureKept, portCell.captureMissed]) {
      this.#ports[this.#cellsAt + each] = 0;
    }
  }

  /** `bytes`: without FCS. */
  note(offset: number, bytes: number, atNs: number): void {
    if (this.#firstNs < 0) this.#firstNs = atNs;
    this.#seen++;
    if (this.#filter !== null && !this.#passes(this.#filter, offset, bytes, atNs)) return;
    const ports = this.#ports;
    const at = this.#cellsAt;
    ports[at + portCell.captureSeen] += 1;
    const { frames, snapBytes, overwrite, offset: slots } = this.#order;
    const kept = ports[at + portCell.captureKept];
    if (ports[at + portCell.captureHeld] === 1) {
      ports[at + portCell.captureMissed] += 1;
      return;
    }
    if (!overwrite && kept >= frames) {
      ports[at + portCell.captureMissed] += 1;
      ports[at + portCell.capturing] = 0;
      return;
    }
    const slot = slots + (kept % frames) * this.#slotBytes;
    const keptBytes = Math.min(bytes, snapBytes);
    const { view } = this.#ringMemory;
    view.setFloat64(slot + captureSlot.timeNs, atNs, true);
    view.setUint32(slot + captureSlot.wireBytes, bytes, true);
    view.setUint32(slot + captureSlot.keptBytes, keptBytes, true);
    copyFrame(this.#ringMemory, slot + captureSlot.header, offset, keptBytes);
    ports[at + portCell.captureKept] = kept + 1;
  }

  #passes(filter: FrameFilter, offset: number, bytes: number, atNs: number): boolean {
    const facts = this.#facts;
    facts.number = this.#seen;
    facts.wireBytes = bytes;
    facts.capturedBytes = bytes;
    facts.relativeNs = atNs - this.#firstNs;
    walkHeaders(facts.headers, facts.view, offset, bytes, bytes);
    return filter(facts);
  }
}
