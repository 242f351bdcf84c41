/**
 * Sends what is due, of all flows on all ports, in the order of their departures. What account.ts of the transmit room
 * says of late, blocked and catching up holds here, too. A slot that is overdue by more than a tenth of a second is
 * missed: a session has no end that would cut its backlog.
 */
import { high16, low32 } from "../../stream/frames/signature.js";
import { FineWait, type TrialClock, wakefulNs } from "../loop/index.js";
import { CatchUp, ringPace } from "../transmit/index.js";
import type { FlowControl } from "./flow-control.js";
import type { PortSender } from "./port-sender.js";
import { flowCell, loopCell, portCell, type SessionMemory } from "./session-memory.js";

const { catchUpFrames, singleFramePps } = ringPace;
/**
 * A thread without a CPU is back within milliseconds, on a machine where threads take turns. What came due in so much time
 * leaves at once then. At 1.1 × the rate, 4 ms took 40 to make good, and all frames left late until then. A longer time
 * ends at 1.1 ×, and so does a burst that leaves a ring little room: a peer that cannot keep up is not flooded, and no
 * slot is blocked for our own catching up. A trial keeps to one burst (transmit/account.ts).
 *
 * What may leave is counted in time: of a schedule that is behind, 1.1 s pass in a second. So every flow catches up at 1.1 ×
 * the rate that its overdue frames were due at, whatever its law, and its peaks are nobody's measure.
 */
const gatheredNs = 10_000_000;
/** What comes due in a second: a second of the schedule. */
const nsPerSecond = 1e9;
const mostLagNs = 100_000_000;
/**
 * A flow that is further behind goes on from here. It is well before: else a rate that nobody can send would leave all
 * flows just behind, and every turn would be spent on leaving out a frame of each.
 */
const caughtUpLagNs = 50_000_000;

export class SessionTransmitter {
  readonly #memory: SessionMemory;
  readonly #clock: TrialClock;
  readonly #control: FlowControl;
  readonly #senders: readonly PortSender[];
  readonly #inUse: { port: number };
  readonly #wait: FineWait;
  /** In ns of the schedule. */
  readonly #catchUp = new CatchUp(gatheredNs);
  /** Frames may be placed and not handed over, or kicks be due: a ring that breaks ends its turn at once. */
  #isOwed = false;

  constructor(
    memory: SessionMemory,
    clock: TrialClock,
    control: FlowControl,
    senders: readonly PortSender[],
    inUse: { port: number },
  ) {
    this.#memory = memory;
    this.#clock = clock;
    this.#control = control;
    this.#senders = senders;
    this.#inUse = inUse;
    this.#wait = new FineWait(clock);
  }

  /** The next departure is so near that the thread should stay awake for it. */
  get isWakeful(): boolean {
    return this.#control.departures.nextNs - this.#clock.nowNs < wakefulNs;
  }

  /** One turn at the clock's time, which may move on in it. Returns the frames published. */
  step(): number {
    if (this.#isOwed) this.#handOver();
    const clock = this.#clock;
    const { nextNs } = this.#control.departures;
    if (clock.nowNs < nextNs) {
      if (nextNs - clock.nowNs > this.#wait.spinNs) return 0;
      this.#wait.until(nextNs);
    }
    // At low rates it is a burst, however long that takes to come due.
    const burstNs = (catchUpFrames * nsPerSecond) / this.#control.peakPps;
    this.#catchUp.refill(clock.nowNs, nsPerSecond, Math.max(gatheredNs, burstNs));
    return this.#sendDue(burstNs);
  }

  /** A burst at most: each stamped and handed over on its own at low rates, all together at high ones. */
  #sendDue(burstNs: number): number {
    const control = this.#control;
    const { departures } = control;
    const clock = this.#clock;
    const catchUp = this.#catchUp;
    const { flows } = this.#memory;
    const isSingle = control.peakPps <= singleFramePps;
    let low = low32(clock.nowNs) | 0;
    let high = high16(clock.nowNs);
    let moved = 0;
    this.#isOwed = !isSingle;
    for (let left = catchUpFrames; left > 0; ) {
      const { nextNs, stream: flow } = departures;
      if (clock.nowNs < nextNs || catchUp.left < 0) break;
      if (clock.nowNs - nextNs > mostLagNs) {
        control.skipFirst(clock.nowNs - caughtUpLagNs);
        left--;
        continue;
      }
      const at = flow * flowCell.doubles;
      const sender = this.#senders[flows[at + flowCell.sender]];
      this.#inUse.port = sender.port;
      const room = sender.room();
      if (room < sender.halfRoom) catchUp.limit(burstNs);
      const most = isSingle ? 1 : Math.min(left, flows[at + flowCell.limit] - flows[at + flowCell.published]);
      const due = departures.runAt(clock.nowNs, most, flows[at + flowCell.toleranceNs]);
      const placed = room > 0 ? this.#place(sender, flow, due, low, high) : 0;
      if (placed > 0) {
        this.#noteSent(at, Math.min(placed, departures.lateInRun));
        moved += placed;
      }
      if (placed < due) this.#noteBlocked(at, sender.port, due - placed);
      departures.advanceRun();
      if (placed > 0) this.#spendSince(nextNs);
      left -= due;
      this.#endWhereOver(flow);
      if (isSingle) {
        sender.publish();
        sender.kick();
        if (clock.nowNs >= departures.nextNs) {
          clock.read();
          low = low32(clock.nowNs) | 0;
          high = high16(clock.nowNs);
        }
      }
    }
    if (!isSingle) this.#handOver();
    return moved;
  }

  /** A ring that breaks in the middle of a run leaves the slots that have no frame yet to the next turn. */
  #place(sender: PortSender, flow: number, due: number, low: number, high: number): number {
    const { flows } = this.#memory;
    const at = flow * flowCell.doubles;
    const before = flows[at + flowCell.published];
    try {
      return sender.place(flow, due, low, high);
    } catch (error) {
      this.#goOn(at, flows[at + flowCell.published] - before);
      throw error;
    }
  }

  /** So many of the run's frames were placed before its ring broke. */
  #goOn(at: number, placed: number): void {
    if (placed === 0) return;
    const { departures } = this.#control;
    const { nextNs } = departures;
    departures.runAt(this.#clock.nowNs, placed, this.#memory.flows[at + flowCell.toleranceNs]);
    this.#noteSent(at, departures.lateInRun);
    departures.advanceRun();
    this.#spendSince(nextNs);
  }

  /** Frames left, of which the first was due at `dueNs`. Time that is still to come is not spent. */
  #spendSince(dueNs: number): void {
    this.#catchUp.spend(Math.min(this.#clock.nowNs, this.#control.departures.nextNs) - dueNs);
  }

  /** All of it is published before the first kick, which may find the peer gone. */
  #handOver(): void {
    for (const sender of this.#senders) {
      this.#inUse.port = sender.port;
      sender.publish();
    }
    for (const sender of this.#senders) {
      this.#inUse.port = sender.port;
      sender.kick();
    }
    this.#isOwed = false;
  }

  #noteSent(at: number, late: number): void {
    const { flows, loop } = this.#memory;
    if (flows[at + flowCell.firstSentNs] < 0) flows[at + flowCell.firstSentNs] = this.#clock.nowNs;
    if (late === 0) return;
    flows[at + flowCell.late] += late;
    loop[loopCell.late] += late;
  }

  #noteBlocked(at: number, port: number, frames: number): void {
    this.#memory.flows[at + flowCell.blocked] += frames;
    this.#memory.ports[port * portCell.count + portCell.blocked] += frames;
  }

  #endWhereOver(flow: number): void {
    const { flows } = this.#memory;
    const at = flow * flowCell.doubles;
    if (flows[at + flowCell.published] >= flows[at + flowCell.limit] || this.#control.isOver(flow)) {
      this.#control.endItself(flow);
    }
  }
}
