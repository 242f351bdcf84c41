/**
 * Fills and publishes the transmit ring of one port with frames of many flows, in the transmitter's order. It remembers
 * which flow each of the last frames was of. So what still lies in the ring can be told of each flow.
 */
import type { RingMemory } from "../../memory.js";
import type { TxRing } from "../../ring/ring.js";
import type { FrameMaker } from "../../stream/frames/frame-maker.js";
import type { OpenPort } from "../loop/index.js";
import { RingAccount } from "../transmit/index.js";
import type { FrameWatcher } from "./port-receiver.js";
import { flowCell, portCell, recentFrames, type SessionMemory } from "./session-memory.js";

export class PortSender {
  readonly port: number;
  /** null: the port does not capture what it sends. */
  watcher: FrameWatcher | null = null;
  readonly #ringMemory: RingMemory;
  readonly #memory: SessionMemory;
  readonly #frames: FrameMaker;
  readonly #account: RingAccount;
  /** Where the port's cells and recent frames begin. */
  readonly #cellsAt: number;
  readonly #recentAt: number;
  /** Per buffer of the ring: what was rendered into it. It is new with each attachment. */
  #primed: Int32Array = new Int32Array(0);
  #ring: TxRing | null = null;
  /** Published frames that rings took along when their peers went. */
  #lost = 0;
  #isKickDue = false;
  /** Placed and not yet published. */
  #placed = 0;
  #placedBytes = 0;
  /** Free slots at the last look, minus the frames placed since. */
  #room = 0;

  constructor(port: number, ringMemory: RingMemory, memory: SessionMemory, frames: FrameMaker) {
    this.port = port;
    this.#ringMemory = ringMemory;
    this.#memory = memory;
    this.#frames = frames;
    this.#cellsAt = port * portCell.count;
    this.#recentAt = port * recentFrames;
    this.#account = new RingAccount(() => memory.ports[this.#cellsAt + portCell.published]);
  }

  /** The port's rings now. What lay in the ring before will never be taken. */
  attach(port: OpenPort | null): void {
    const open = port?.queues[0] ?? null;
    if (open === this.#account.open) return;
    const { ports } = this.#memory;
    // Frames that were placed when the ring broke will never be taken either.
    ports[this.#cellsAt + portCell.published] += this.#placed;
    ports[this.#cellsAt + portCell.bytes] += this.#placedBytes;
    this.#account.lose(this.#placed);
    this.#placed = 0;
    this.#placedBytes = 0;
    this.#isKickDue = false;
    this.#account.attach(open);
    this.#noteLost(this.#account.outstanding() - this.#lost);
    this.#ring = open?.tx ?? null;
    this.#primed = new Int32Array(this.#ring?.slots ?? 0);
    ports[this.#cellsAt + portCell.attached] = open === null ? 0 : 1;
  }

  noteBeside(slot: number): void {
    if (slot >= 0) this.#primed[slot] = 0;
    this.#account.noteBeside();
  }

  /** Places and stamps the flow's next frame; false: there is no room. `publish` hands it over. */
  place(flow: number, nowNs: number, timeLow32: number, timeHigh16: number): boolean {
    const ring = this.#ring;
    if (ring === null || this.#roomNow() <= 0) return false;
    const frames = this.#frames;
    const bytes = frames.bytesOf(frames.nextSize(flow));
    const at = ring.place(this.#placed, bytes);
    if (at <= 0) return false;
    const slot = ring.slotOf(this.#placed);
    const primed = slot < 0 ? 0 : this.#primed[slot];
    const made = frames.make(this.#ringMemory, flow, at, primed, timeLow32, timeHigh16);
    if (slot >= 0) this.#primed[slot] = made;
    this.watcher?.note(at, bytes, nowNs);
    const { flows, heads, ports } = this.#memory;
    const recent = this.#recentAt + ((ports[this.#cellsAt + portCell.published] + this.#placed) & (recentFrames - 1));
    this.#memory.recents[recent] = heads[flow];
    this.#memory.recentBytes[recent] = bytes;
    const cells = flow * flowCell.doubles;
    flows[cells + flowCell.published] += 1;
    flows[cells + flowCell.bytes] += bytes;
    flows[cells + flowCell.lastSentNs] = nowNs;
    this.#placed++;
    this.#placedBytes += bytes;
    this.#room--;
    return true;
  }

  /** Hands over what was placed. `kick` is called afterwards: it may find the peer gone. */
  publish(): void {
    if (this.#placed === 0 || this.#ring === null) return;
    const { ports } = this.#memory;
    this.#ring.publish(this.#placed);
    ports[this.#cellsAt + portCell.published] += this.#placed;
    ports[this.#cellsAt + portCell.bytes] += this.#placedBytes;
    this.#placed = 0;
    this.#placedBytes = 0;
    this.#isKickDue = true;
  }

  kick(): void {
    if (!this.#isKickDue) return;
    this.#isKickDue = false;
    this.#account.notify();
  }

  /** Now and then: kicks again what had no room, and notes what the peer has taken. */
  look(): void {
    this.#account.nudge();
    const { ports } = this.#memory;
    const left = this.#account.outstanding() - this.#lost;
    ports[this.#cellsAt + portCell.taken] = ports[this.#cellsAt + portCell.published] - left;
  }

  #roomNow(): number {
    if (this.#placed === 0) {
      if (this.#ring!.kickAgain !== undefined) this.#account.nudge();
      this.#room = this.#ring!.reclaim();
    }
    return this.#room;
  }

  /** The last `frames` published ones are gone. */
  #noteLost(frames: number): void {
    const { ports, flows, heads, recents, recentBytes, shape } = this.#memory;
    const published = ports[this.#cellsAt + portCell.published];
    for (let back = 1; back <= Math.min(frames, recentFrames); back++) {
      const at = this.#recentAt + ((published - back) & (recentFrames - 1));
      const flow = (recents[at] >>> 8) & (shape.capacity - 1);
      ports[this.#cellsAt + portCell.goneBytes] += recentBytes[at];
      if (heads[flow] !== recents[at]) continue;
      flows[flow * flowCell.doubles + flowCell.gone] += 1;
      flows[flow * flowCell.doubles + flowCell.goneBytes] += recentBytes[at];
    }
    this.#lost += frames;
    ports[this.#cellsAt + portCell.gone] += frames;
    ports[this.#cellsAt + portCell.taken] = published;
  }
}
