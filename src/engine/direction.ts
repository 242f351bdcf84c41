/**
 * One direction of a trial: what sends on one port and receives on another, with a sequence space of its own. A trial
 * has one, or two that go against each other; the generator's thread steps them in turn.
 */
import { compileStream } from "../stream/compile.js";
import type { ForeignFrames } from "./frame-inspector.js";
import type { JobContext, OpenPort } from "./job.js";
import { LagWindow } from "./lag-window.js";
import { LiveSender } from "./live-sender.js";
import { QueueSender } from "./queue-sender.js";
import { Receiver } from "./receiver.js";
import type { Sender } from "./sender.js";
import { Transmitter } from "./transmitter.js";
import type { ReceiveReport, TransmitReport, TrialOrder } from "./trial-order.js";

export interface DirectionStart {
  readonly order: TrialOrder;
  /** Indices of the job's ports. */
  readonly txPort: number;
  readonly rxPort: number;
  /** As SenderStart has it; differs from trial to trial. */
  readonly generation: number;
  /** Is shown the frames that come in on the receiving port and are not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** The kernel makes the frames (tx=live of the sending port). */
  readonly live: boolean;
}

export class Direction {
  readonly order: TrialOrder;
  /** Indices of the job's ports. */
  readonly txPort: number;
  readonly rxPort: number;
  readonly transmitter: Transmitter;
  readonly receiver: Receiver;
  readonly #senders: readonly Sender[];
  /** What had come back when the last frame was sent. */
  #receivedInWindow = 0;

  constructor(context: JobContext, start: DirectionStart) {
    const { order, generation } = start;
    this.order = order;
    this.txPort = start.txPort;
    this.rxPort = start.rxPort;
    const { memory, nowNs } = context;
    const program = compileStream(order.stream, order.size);
    const { queues, trial, startSequence, firstStream = 0 } = order;
    const shared = { memory, program, queues, trial, firstStream, startSequence };
    const senders: Sender[] = start.live
      ? [new LiveSender(shared)]
      : Array.from({ length: queues }, (_, queue) => new QueueSender({ ...shared, queue, generation }));
    const lag = order.load.kind === "paced" ? new LagWindow() : null;
    this.#senders = senders;
    this.transmitter = new Transmitter(order, senders, nowNs, lag);
    this.receiver = new Receiver(
      order,
      program,
      memory,
      lag,
      (queue) => senders[queue]!.published,
      start.foreignFrames,
    );
  }

  attach(ports: readonly (OpenPort | null)[]): void {
    const transmits = ports[this.txPort];
    for (const sender of this.#senders) sender.attach(transmits?.queues[sender.queue] ?? null);
    this.receiver.attach(ports[this.rxPort]?.queues ?? []);
  }

  /** Sends what is due at `nowNs` (since the epoch); returns the frames sent. */
  send(nowNs: number): number {
    if (this.transmitter.ended) return 0;
    const moved = this.transmitter.step(nowNs);
    if (this.transmitter.ended) this.#receivedInWindow = this.receiver.received;
    return moved;
  }

  /** Ends at once: told to, or the peer is gone. */
  end(nowNs: number, why: "stopped" | "peer gone"): void {
    if (this.transmitter.ended) return;
    this.transmitter.end(nowNs, why);
    this.#receivedInWindow = this.receiver.received;
  }

  /** After the last frame: what was handed over and not taken is tried again. */
  nudge(): void {
    for (let q = 0; q < this.#senders.length; q++) this.#senders[q].nudge?.();
  }

  /** Who fills the port's first transmit ring. */
  get firstSender(): Sender {
    return this.#senders[0]!;
  }

  /** Every frame was taken and has come back. */
  isComplete(): boolean {
    let sent = 0;
    for (const sender of this.#senders) {
      if (sender.outstanding() > 0) return false;
      sent += sender.published;
    }
    return this.receiver.accepted + this.receiver.corrupt >= sent;
  }

  report(): { transmit: TransmitReport; receive: ReceiveReport } {
    const transmit = this.transmitter.report(this.receiver.acceptedByQueue());
    const sentByQueue = transmit.queues.map(({ published, outstanding }) => published - outstanding);
    return { transmit, receive: this.receiver.report(sentByQueue, this.#receivedInWindow) };
  }
}
