/**
 * Sends frames of flows at max: what a port's ring has room for, in turn. A part of the ring stays free, and nothing is
 * placed while another flow's frame is due. So frames with departures, and answers, leave as they would without them.
 * Where frames are due without end, because nobody can send their rates, flows at max still have a small share.
 */
import { high16, low32 } from "../../stream/frames/signature.js";
import type { TrialClock } from "../loop/index.js";
import type { FlowControl } from "./flow-control.js";
import type { PortSender } from "./port-sender.js";
import { flowCell, type SessionMemory } from "./session-memory.js";

/** Frames of a port before the next departure is looked at again. */
const mostAtOnce = 32;
/** Slots that stay free, or this share of a small ring. */
const mostReserve = 64;
const reserveShare = 4;
/** One ring is filled after so much time, whatever is due. */
const mostWaitNs = 1_000_000;

export class MaxSender {
  readonly #memory: SessionMemory;
  readonly #clock: TrialClock;
  readonly #control: FlowControl;
  readonly #senders: readonly PortSender[];
  readonly #inUse: { port: number };
  /** By queue: the most room that its ring ever told of, which may be less than its slots. */
  readonly #mostRoom: Int32Array;
  /** By queue: whose turn it is. */
  readonly #turns: Int32Array;
  #first = 0;
  /** When a ring was filled last. A double in a typed array; trial-clock.ts says why. */
  readonly #filledNs = new Float64Array(1);

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
    this.#turns = new Int32Array(senders.length);
    this.#mostRoom = new Int32Array(senders.length);
  }

  /** One turn. Returns the frames published. */
  step(): number {
    if (this.#control.max.count === 0) return 0;
    const { length } = this.#senders;
    let moved = 0;
    for (let k = 0; k < length; k++) {
      const place = this.#first;
      const hasFlows = this.#control.max.of(this.#senders[place].port).length > 0;
      // The next turn begins with the queue that this one did not come to.
      if (hasFlows && this.#mustWait()) break;
      this.#first = place + 1 < length ? place + 1 : 0;
      if (!hasFlows) continue;
      this.#filledNs[0] = this.#clock.nowNs;
      moved += this.#fill(place);
    }
    return moved;
  }

  /** Another flow's frame is due. Flows whose time is over end all the same. */
  #mustWait(): boolean {
    const { nowNs } = this.#clock;
    if (this.#control.departures.nextNs > nowNs) return false;
    for (let k = 0; k < this.#senders.length; k++) this.#endThoseOver(this.#senders[k].port);
    return nowNs - this.#filledNs[0] < mostWaitNs;
  }

  #fill(place: number): number {
    const sender = this.#senders[place];
    this.#endThoseOver(sender.port);
    const flows = this.#control.max.of(sender.port);
    this.#inUse.port = sender.port;
    const room = sender.room();
    this.#mostRoom[place] = Math.max(this.#mostRoom[place], room);
    const whole = Math.min(sender.slots, this.#mostRoom[place]);
    const wanted = Math.min(mostAtOnce, room - Math.min(mostReserve, Math.ceil(whole / reserveShare)));
    const { nowNs } = this.#clock;
    const [low, high] = [low32(nowNs) | 0, high16(nowNs)];
    const each = Math.ceil(mostAtOnce / flows.length);
    let placed = 0;
    for (let tried = 0; tried < flows.length && placed < wanted; tried++) {
      const flow = flows[this.#turns[place] % flows.length];
      this.#turns[place] = (this.#turns[place] + 1) % flows.length;
      if (this.#memory.flows[flow * flowCell.doubles + flowCell.sender] !== place) continue;
      const n = Math.min(each, wanted - placed, this.#leftOf(flow));
      if (n > 0) placed += sender.place(flow, n, low, high);
      this.#noteSent(flow);
    }
    if (placed === 0) return 0;
    sender.publish();
    sender.kick();
    this.#clock.read();
    this.#endThoseOver(sender.port);
    return placed;
  }

  /** Frames that it may send now. */
  #leftOf(flow: number): number {
    if (this.#clock.nowNs < this.#control.beginNsOf(flow)) return 0;
    const { flows } = this.#memory;
    const at = flow * flowCell.doubles;
    return flows[at + flowCell.limit] - flows[at + flowCell.published];
  }

  #noteSent(flow: number): void {
    const { flows } = this.#memory;
    const at = flow * flowCell.doubles;
    const hasSent = flows[at + flowCell.published] > 0;
    if (hasSent && flows[at + flowCell.firstSentNs] < 0) flows[at + flowCell.firstSentNs] = this.#clock.nowNs;
  }

  #endThoseOver(port: number): void {
    const flows = this.#control.max.of(port);
    for (let k = flows.length - 1; k >= 0; k--) {
      if (this.#control.isDoneAtMax(flows[k], this.#clock.nowNs)) this.#control.endItself(flows[k]);
    }
  }
}
