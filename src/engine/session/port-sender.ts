/**
 * Fills and publishes one transmit ring of a port with frames of many flows, in the transmitter's order. It remembers
 * which flow each of the last frames was of. So what still lies in the ring can be told of each flow.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type TxRing } from "../../ring/ring.js";
import { SmallHistograms, smallBucketOf } from "../../stats/small-histograms.js";
import type { FrameMaker } from "../../stream/frames/frame-maker.js";
import type { OpenPort, TrialClock } from "../loop/index.js";
import { RingAccount } from "../transmit/index.js";
import { arrivedInAll, isCurrent } from "./arrivals.js";
import { laneRowCell } from "./lanes.js";
import type { FrameWatcher } from "./port-receiver.js";
import { arrivalCell, flowCell, loopCell, portCell, recentFrames, type SessionMemory } from "./session-memory.js";

/** Which of the session's transmit queues it is, of which port, and which of that port's. */
export interface SenderPlace {
  readonly sender: number;
  readonly port: number;
  readonly queue: number;
}

export class PortSender {
  readonly port: number;
  readonly #queue: number;
  /** Little room: half of the ring's slots. Rings tell of no more than a burst that it has room. */
  halfRoom = 0;
  /** null: the port does not capture what it sends. */
  watcher: FrameWatcher | null = null;
  readonly #ringMemory: RingMemory;
  readonly #memory: SessionMemory;
  readonly #clock: TrialClock;
  readonly #frames: FrameMaker;
  readonly #account: RingAccount;
  readonly #gaps: SmallHistograms;
  /** Where the queue's cells and recent frames begin. */
  readonly #cellsAt: number;
  readonly #recentAt: number;
  /**
   * Where the frames of a burst lie, and in which buffers of the ring; per buffer, what was rendered into it, which is
   * new with each attachment.
   */
  readonly #buffers = {
    offsets: new Uint32Array(burstFrames),
    slots: new Int32Array(burstFrames),
    primed: new Int32Array(0),
  };
  #ring: TxRing | null = null;
  /** Published frames that rings took along when their peers went. */
  #lost = 0;
  #isKickDue = false;
  /** Placed and not yet published. */
  #placed = 0;
  #placedBytes = 0;
  /** What was placed is a burst of its own: nothing else joins it. */
  #isWhole = false;
  /** Free slots at the last look, minus the frames placed since. */
  #room = 0;

  constructor(
    { sender, port, queue }: SenderPlace,
    ringMemory: RingMemory,
    memory: SessionMemory,
    clock: TrialClock,
    frames: FrameMaker,
  ) {
    this.port = port;
    this.#queue = queue;
    this.#clock = clock;
    this.#ringMemory = ringMemory;
    this.#memory = memory;
    this.#frames = frames;
    this.#gaps = new SmallHistograms(memory.shape.capacity, memory.gaps);
    this.#cellsAt = sender * portCell.count;
    this.#recentAt = sender * recentFrames;
    this.#account = new RingAccount(() => memory.ports[this.#cellsAt + portCell.published]);
  }

  /** It has a ring to send from. */
  get isOpen(): boolean {
    return this.#ring !== null;
  }

  /** The port's rings now. What lay in the ring before will never be taken. */
  attach(port: OpenPort | null): void {
    const open = port?.queues[this.#queue] ?? null;
    if (open === this.#account.open) return;
    const { ports } = this.#memory;
    // Frames that were placed when the ring broke will never be taken either.
    ports[this.#cellsAt + portCell.published] += this.#placed;
    ports[this.#cellsAt + portCell.bytes] += this.#placedBytes;
    this.#account.lose(this.#placed);
    this.#placed = 0;
    this.#placedBytes = 0;
    this.#isWhole = false;
    this.#isKickDue = false;
    this.#account.attach(open);
    this.#noteLost(this.#account.outstanding() - this.#lost);
    this.#ring = open?.tx ?? null;
    this.#buffers.primed = new Int32Array(this.#ring?.slots ?? 0);
    this.halfRoom = Math.min(burstFrames, this.#buffers.primed.length) >> 1;
    ports[this.#cellsAt + portCell.attached] = open === null ? 0 : 1;
  }

  /** Its peer has taken all that was published, answers to neighbours included. A ring whose peer broke its rules throws. */
  get isEmpty(): boolean {
    this.#ring?.reclaim();
    return this.#ring === null || this.#ring.outstanding() === 0;
  }

  /** Slots of the ring; 0: there is none. */
  get slots(): number {
    return this.#ring?.slots ?? 0;
  }

  noteBeside(slot: number): void {
    if (slot >= 0) this.#buffers.primed[slot] = 0;
    this.#account.noteBeside();
  }

  /** How many frames have room now. A ring whose peer broke its rules throws. */
  room(): number {
    const ring = this.#ring;
    if (ring === null) return 0;
    if (this.#placed === 0) {
      if (ring.kickAgain !== undefined) this.#account.nudge();
      this.#room = ring.reclaim();
    }
    return this.#room;
  }

  /**
   * Places and stamps the flow's next n frames, which left at the same time; call `room` before. Returns how many have
   * room. `publish` hands them over.
   */
  place(flow: number, n: number, timeLow32: number, timeHigh16: number): number {
    const ring = this.#ring;
    if (ring === null || this.#room <= 0) return 0;
    const { groupOf, sizeOf } = this.#memory;
    const isAlike = n > 1 && sizeOf[flow] > 0 && groupOf[flow] < 0;
    if (this.#isWhole || (isAlike && this.#placed > 0)) this.publish();
    return isAlike
      ? this.#placeAlike(ring, flow, n, timeLow32, timeHigh16)
      : this.#placeEach(ring, flow, n, timeLow32, timeHigh16);
  }

  /** Frames that differ in nothing but their signatures: the whole burst at once. */
  #placeAlike(ring: TxRing, flow: number, n: number, timeLow32: number, timeHigh16: number): number {
    const bytes = this.#memory.sizeOf[flow];
    const buffers = this.#buffers;
    const placed = ring.placeMany(n, bytes, buffers.offsets, buffers.slots);
    if (placed <= 0) return 0;
    this.#frames.makeRun(this.#ringMemory, flow, placed, buffers, timeLow32, timeHigh16);
    if (this.watcher !== null) this.#watch(this.watcher, placed, bytes);
    this.#isWhole = true;
    this.#note(flow, placed, bytes);
    return placed;
  }

  #placeEach(ring: TxRing, flow: number, n: number, timeLow32: number, timeHigh16: number): number {
    const frames = this.#frames;
    const { primed } = this.#buffers;
    let k = 0;
    for (; k < n && this.#room > 0; k++) {
      const bytes = frames.bytesOf(frames.nextSize(flow));
      const at = ring.place(this.#placed, bytes);
      if (at <= 0) break;
      const slot = ring.slotOf(this.#placed);
      const made = frames.make(this.#ringMemory, flow, at, slot < 0 ? 0 : primed[slot], timeLow32, timeHigh16);
      if (slot >= 0) primed[slot] = made;
      this.watcher?.note(at, bytes, this.#clock.nowNs);
      this.#note(flow, 1, bytes);
    }
    return k;
  }

  #watch(watcher: FrameWatcher, n: number, bytes: number): void {
    for (let k = 0; k < n; k++) watcher.note(this.#buffers.offsets[k], bytes, this.#clock.nowNs);
  }

  /** The flow's next n frames were placed, each of `bytes`. */
  #note(flow: number, n: number, bytes: number): void {
    const { flows, heads, ports, recents, recentBytes } = this.#memory;
    const head = heads[flow];
    const first = ports[this.#cellsAt + portCell.published] + this.#placed;
    for (let k = 0; k < n; k++) {
      const recent = this.#recentAt + ((first + k) & (recentFrames - 1));
      recents[recent] = head;
      recentBytes[recent] = bytes;
    }
    const cells = flow * flowCell.doubles;
    // Readers know the gaps by `published`, which comes after them (session/gap-book.ts).
    const { nowNs } = this.#clock;
    const lastNs = flows[cells + flowCell.lastSentNs];
    if (lastNs >= 0) this.#gaps.count(flow, smallBucketOf(nowNs - lastNs));
    if (n > 1) this.#gaps.countMany(flow, 0, n - 1);
    flows[cells + flowCell.published] += n;
    flows[cells + flowCell.lastSentNs] = nowNs;
    this.#placed += n;
    this.#placedBytes += n * bytes;
    this.#room -= n;
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
    this.#isWhole = false;
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

  /**
   * The peer is gone, and has not said of the last `frames` published ones that it took them. It takes them in their order:
   * where one has come in, it had taken that one and all before it. The rest is gone.
   */
  #noteLost(frames: number): void {
    const { loop, ports, flows, heads, recents, recentBytes, shape } = this.#memory;
    loop[loopCell.lossesBegun] += 1;
    const published = ports[this.#cellsAt + portCell.published];
    const back = new Map<number, number>();
    let gone = 0;
    for (; gone < Math.min(frames, recentFrames); gone++) {
      const at = this.#recentAt + ((published - 1 - gone) & (recentFrames - 1));
      const flow = (recents[at] >>> 8) & (shape.capacity - 1);
      const isCurrent = heads[flow] === recents[at];
      const later = back.get(flow) ?? 0;
      const cells = flow * flowCell.doubles;
      if (isCurrent && flows[cells + flowCell.published] - later <= this.#cameIn(flow)) break;
      ports[this.#cellsAt + portCell.goneBytes] += recentBytes[at];
      if (!isCurrent) continue;
      back.set(flow, later + 1);
      flows[cells + flowCell.gone] += 1;
      // A flow that sends a number of frames sends another one instead.
      flows[cells + flowCell.limit] += 1;
      flows[cells + flowCell.goneBytes] += recentBytes[at];
    }
    this.#lost += frames;
    ports[this.#cellsAt + portCell.gone] += frames > recentFrames && gone === recentFrames ? frames : gone;
    ports[this.#cellsAt + portCell.taken] = published;
    loop[loopCell.losses] += 1;
  }

  /** So many of the flow's frames, in their order, have been taken for certain. */
  #cameIn(flow: number): number {
    const { lanes, laneOf, shape } = this.#memory;
    let [most, ways] = [0, 0];
    for (let port = 0; port < shape.ports; port++) {
      const lane = laneOf[flow * shape.ports + port];
      if (lane < 0 || !isCurrent(this.#memory, shape.partOf?.[port] ?? 0, flow)) continue;
      const next = lanes[lane * laneRowCell.doubles + laneRowCell.next];
      most = Math.max(most, next < 0 ? -1 - next : next);
      ways++;
    }
    const recognised = arrivedInAll(this.#memory, flow, arrivalCell.recognised);
    return Math.max(most, Math.ceil(recognised / Math.max(1, ways)));
  }
}
