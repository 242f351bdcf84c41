/**
 * Sends what is due, of all flows on all ports, in the order of their departures. What account.ts of the transmit room
 * says of late, blocked and catching up holds here, too. A slot that is overdue by more than a tenth of a second is
 * missed: a session has no end that would cut its backlog.
 */
import { high16, low32 } from "../../stream/frames/signature.js";
import { FineWait, type TrialClock, wakefulNs } from "../loop/index.js";
import { ringPace } from "../transmit/index.js";
import type { FlowControl } from "./flow-control.js";
import type { PortSender } from "./port-sender.js";
import { flowCell, loopCell, portCell, type SessionMemory } from "./session-memory.js";

const { catchUpFrames, singleFramePps } = ringPace;
const catchUpRate = 1.1;
const mostLagNs = 100_000_000;
/**
 * A flow that is further behind goes on from here. It is well before: else a rate that nobody can send would leave all
 * flows just behind, and every turn would be spent on leaving out a frame of each.
 */
const caughtUpLagNs = 50_000_000;

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = { tokens: 0, tokensAtNs: 1, count: 2 } as const;

export class SessionTransmitter {
  readonly #memory: SessionMemory;
  readonly #clock: TrialClock;
  readonly #control: FlowControl;
  readonly #senders: readonly PortSender[];
  readonly #inUse: { port: number };
  readonly #wait: FineWait;
  readonly #cells = new Float64Array(cell.count);

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
    this.#cells[cell.tokens] = catchUpFrames;
  }

  /** The next departure is so near that the thread should stay awake for it. */
  get isWakeful(): boolean {
    return this.#control.departures.nextNs - this.#clock.nowNs < wakefulNs;
  }

  /** One turn at the clock's time, which may move on in it. Returns the frames published. */
  step(): number {
    const clock = this.#clock;
    const { nextNs } = this.#control.departures;
    if (clock.nowNs < nextNs) {
      if (nextNs - clock.nowNs > this.#wait.spinNs) return 0;
      this.#wait.until(nextNs);
    }
    this.#refill();
    return this.#sendDue();
  }

  #refill(): void {
    const cells = this.#cells;
    const { nowNs } = this.#clock;
    const gained = ((nowNs - cells[cell.tokensAtNs]) * this.#control.totalPps * catchUpRate) / 1e9;
    cells[cell.tokens] = Math.min(catchUpFrames, cells[cell.tokens] + gained);
    cells[cell.tokensAtNs] = nowNs;
  }

  /** A burst at most: each stamped and handed over on its own at low rates, all together at high ones. */
  #sendDue(): number {
    const control = this.#control;
    const { departures } = control;
    const clock = this.#clock;
    const { flows } = this.#memory;
    const isSingle = control.totalPps <= singleFramePps;
    let moved = 0;
    for (let tries = 0; tries < catchUpFrames; tries++) {
      const { nextNs, stream: flow } = departures;
      if (clock.nowNs < nextNs || this.#cells[cell.tokens] < 1) break;
      const lagNs = clock.nowNs - nextNs;
      if (lagNs > mostLagNs) {
        this.#skip(flow);
        continue;
      }
      const sender = this.#senders[flows[flow * flowCell.doubles + flowCell.from]];
      this.#inUse.port = sender.port;
      const isPlaced = sender.place(flow, clock.nowNs, low32(clock.nowNs) | 0, high16(clock.nowNs));
      if (isPlaced) {
        this.#cells[cell.tokens] -= 1;
        this.#noteSent(flow, lagNs);
        moved++;
      } else this.#noteBlocked(flow, sender.port);
      departures.advance();
      this.#endWhereOver(flow);
      if (isSingle) {
        sender.publish();
        sender.kick();
        if (clock.nowNs >= departures.nextNs) clock.read();
      }
    }
    if (!isSingle) this.#handOver();
    return moved;
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
  }

  #noteSent(flow: number, lagNs: number): void {
    const { flows, loop } = this.#memory;
    const at = flow * flowCell.doubles;
    if (flows[at + flowCell.firstSentNs] < 0) flows[at + flowCell.firstSentNs] = this.#clock.nowNs;
    if (lagNs <= this.#control.toleranceNs[flow]) return;
    flows[at + flowCell.late] += 1;
    loop[loopCell.late] += 1;
  }

  #noteBlocked(flow: number, port: number): void {
    this.#memory.flows[flow * flowCell.doubles + flowCell.blocked] += 1;
    this.#memory.ports[port * portCell.count + portCell.blocked] += 1;
  }

  #endWhereOver(flow: number): void {
    const { flows } = this.#memory;
    const at = flow * flowCell.doubles;
    if (flows[at + flowCell.published] >= flows[at + flowCell.limit] || this.#control.isOver(flow)) {
      this.#control.endItself(flow);
    }
  }

  /** Overdue slots of the first flow that are too old. */
  #skip(flow: number): void {
    const { departures } = this.#control;
    const skipped = departures.skipFirst(this.#clock.nowNs - caughtUpLagNs);
    this.#memory.flows[flow * flowCell.doubles + flowCell.missed] += skipped;
    if (this.#control.isOver(flow)) this.#control.endItself(flow);
  }
}
