/**
 * One direction of a trial: what sends on one port and receives on another, with a sequence space of its own. A trial
 * has one, or two that go against each other; the generator's thread steps them in turn.
 */
import { usageError } from "../../errors.js";
import type { RingMemory } from "../../memory.js";
import { isSimple, streamPps, timelinesOf } from "../../stream/departures/loads.js";
import { compileTraffic } from "../../stream/frames/compile.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import type { EachFrame } from "../../stream/program/frame.js";
import type { TrafficSpec } from "../../stream/spec/traffic.js";
import type { OpenPort } from "../loop/job.js";
import { KeyedLags } from "../loop/keyed-lags.js";
import { LagWindow } from "../loop/lag-window.js";
import type { TrialClock } from "../loop/trial-clock.js";
import type { ReceiveReport, TransmitReport, WindowArrivals } from "../loop/trial-report.js";
import type { TrialSpec } from "../loop/trial-spec.js";
import type { ForeignFrames } from "../receive/frame-inspector.js";
import type { ReceiveHalf } from "../receive/half.js";
import { Receiver } from "../receive/receiver.js";
import { StreamsReceiver } from "../receive/streams-receiver.js";
import { type TransmitWindow, windowNs } from "../transmit/account.js";
import type { TransmitHalf } from "../transmit/half.js";
import { LiveSender } from "../transmit/live-sender.js";
import { QueueSender } from "../transmit/queue-sender.js";
import type { Sender, TransmitQueue } from "../transmit/sender.js";
import { StreamsSender } from "../transmit/streams-sender.js";
import { StreamsTransmitter } from "../transmit/streams-transmitter.js";
import { Transmitter } from "../transmit/transmitter.js";

export interface DirectionStart {
  readonly spec: TrialSpec;
  /** Indices of the job's ports. */
  readonly txPort: number;
  readonly rxPort: number;
  /** As SenderStart has it; differs from trial to trial. */
  readonly generation: number;
  /** Is shown the frames that come in on the receiving port and are not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** The kernel makes the frames (tx=live of the sending port). */
  readonly live: boolean;
  /** Of streams that are programs. */
  readonly programs?: readonly (EachFrame | null)[];
}

interface Halves {
  readonly transmitter: TransmitHalf;
  readonly receiver: ReceiveHalf;
}

export class Direction {
  readonly spec: TrialSpec;
  /** Indices of the job's ports. */
  readonly txPort: number;
  readonly rxPort: number;
  readonly transmitter: TransmitHalf;
  readonly receiver: ReceiveHalf;
  /** Since when and until when the receive window lasts but for the delay; null: frames are still being sent. */
  #window: TransmitWindow | null = null;
  /** What came back within the receive window; null: it is still open. */
  #inWindow: WindowArrivals | null = null;

  constructor(memory: RingMemory, clock: TrialClock, start: DirectionStart) {
    const { spec } = start;
    this.spec = spec;
    this.txPort = start.txPort;
    this.rxPort = start.rxPort;
    const traffic = spec.stream;
    const compiled = compileTraffic(spec.stream, spec.size, start.programs);
    const halves = isSimple(traffic)
      ? oneStream(memory, clock, { ...start, spec: withOwnRate(spec, traffic) }, compiled[0]!)
      : manyStreams(memory, clock, start, traffic, compiled);
    this.transmitter = halves.transmitter;
    this.receiver = halves.receiver;
  }

  attach(ports: readonly (OpenPort | null)[]): void {
    this.transmitter.attach(ports[this.txPort]?.queues ?? []);
    this.receiver.attach(ports[this.rxPort]?.queues ?? []);
  }

  /** Sends what is due; returns the frames sent. */
  send(): number {
    const { account } = this.transmitter;
    if (account.ended) return 0;
    const moved = this.transmitter.step();
    if (account.ended) this.#noteEnd();
    return moved;
  }

  /** Ends at once: told to, or the peer is gone. */
  end(nowNs: number, why: "stopped" | "peer gone" | "short"): void {
    const { account } = this.transmitter;
    if (account.ended) return;
    account.end(nowNs, why);
    this.#noteEnd();
  }

  /** Now the transmit window is known. Overdue frames that left behind its end make the receive window longer. */
  #noteEnd(): void {
    const { fromNs, toNs } = this.transmitter.window();
    this.#window = { fromNs, toNs: Math.max(toNs, this.transmitter.account.lastNs) };
  }

  /** Before what has arrived by now is looked at: when the receive window is over, what came within it is counted. */
  closeWindow(nowNs: number): void {
    if (this.#window === null || this.#inWindow !== null) return;
    const { firstArrivalNs } = this.receiver.account;
    const delayNs = firstArrivalNs - this.transmitter.account.firstNs;
    if (firstArrivalNs >= 0 && nowNs >= this.#window.toNs + delayNs) this.#inWindow = this.#arrivals(this.#window);
  }

  #arrivals(window: TransmitWindow): WindowArrivals {
    const { received: frames, receivedBytes: bytes } = this.receiver.account;
    return { frames, bytes, windowNs: windowNs(window) };
  }

  /** After the last frame: what was handed over and not taken is tried again. */
  nudge(): void {
    const { queues } = this.transmitter;
    for (let q = 0; q < queues.length; q++) queues[q].nudge?.();
  }

  /** Who fills the port's first transmit ring. */
  get firstSender(): TransmitQueue {
    return this.transmitter.queues[0]!;
  }

  /** Every frame was taken and has come back whole; for a damaged one its whole copy may still come. */
  isComplete(): boolean {
    let sent = 0;
    for (const sender of this.transmitter.queues) {
      if (sender.outstanding() > 0) return false;
      sent += sender.published;
    }
    return this.receiver.account.accepted >= sent;
  }

  report(): { transmit: TransmitReport; receive: ReceiveReport } {
    const transmit = this.transmitter.report(this.receiver.acceptedByQueue());
    const sentByQueue = transmit.queues.map(({ published, outstanding }) => published - outstanding);
    // A trial may be over before its receive window is: then all of it came within.
    const inWindow = this.#inWindow ?? this.#arrivals(this.#window ?? this.transmitter.window());
    return { transmit, receive: this.receiver.report(sentByQueue, inWindow) };
  }
}

/** A stream's own rate is that of the trial. */
function withOwnRate(spec: TrialSpec, traffic: TrafficSpec): TrialSpec {
  if (spec.load.kind !== "own") return spec;
  return { ...spec, load: { kind: "paced", pps: streamPps(traffic, spec.size, spec.load)[0]! } };
}

/** One stream that sends without a break: the fastest way. */
function oneStream(memory: RingMemory, clock: TrialClock, start: DirectionStart, program: FrameProgram): Halves {
  const { spec, generation, foreignFrames } = start;
  const { queues, trial, startSequence, firstStream = 0 } = spec;
  const shared = { memory, program, queues, trial, firstStream, startSequence };
  const senders: Sender[] = start.live
    ? [new LiveSender(shared)]
    : Array.from({ length: queues }, (_, queue) => new QueueSender({ ...shared, queue, generation }));
  const lag = spec.load.kind === "max" ? null : new LagWindow();
  const published = (queue: number): number => senders[queue]!.published;
  return {
    transmitter: new Transmitter(spec, senders, clock, lag),
    receiver: new Receiver({ spec, program, memory, clock, lag, published, foreignFrames }),
  };
}

/** Many streams, or one with a schedule. */
function manyStreams(
  memory: RingMemory,
  clock: TrialClock,
  start: DirectionStart,
  traffic: TrafficSpec,
  programs: readonly FrameProgram[],
): Halves {
  const { spec, foreignFrames } = start;
  if (start.live) {
    throw usageError("the kernel makes frames of one stream without a schedule only", {
      where: "tx=live",
      accepted: "plain traffic, or another tx=",
    });
  }
  const { queues, trial, startSequence, firstStream = 0, size, load } = spec;
  const senders = Array.from(
    { length: queues },
    (_, queue) => new StreamsSender({ memory, programs, queue, queues, trial, firstStream, startSequence }),
  );
  const lags = load.kind === "max" ? null : new KeyedLags();
  const timelines = timelinesOf(traffic, size, load);
  const totalPps = streamPps(traffic, size, load).reduce((sum, pps) => sum + pps, 0);
  return {
    transmitter: new StreamsTransmitter({ spec, senders, timelines, totalPps, clock, lags }),
    receiver: new StreamsReceiver({ spec, programs, memory, clock, lags, senders, foreignFrames }),
  };
}
