/**
 * One direction of a trial: it sends on one port and receives on another, and numbers its frames by itself. A trial has
 * one direction, or two that run against each other. The generator's thread steps them in turn.
 */
import { usageError } from "../../errors.js";
import type { RingMemory } from "../../memory.js";
import { isSimple, streamPps, timelinesOf } from "../../stream/departures/loads.js";
import { compileTraffic } from "../../stream/frames/compile.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import type { EachFrame } from "../../stream/program/frame.js";
import { rateOfShare, SharedTimeline, wholeShare } from "../../stream/share.js";
import type { TrafficSpec } from "../../stream/spec/traffic.js";
import {
  KeyedLags,
  LagWindow,
  type OpenPort,
  type ReceiveReport,
  type SenderTotal,
  type TransmitReport,
  type TransmitWindow,
  type TrialClock,
  type TrialSpec,
  type WindowArrivals,
} from "../loop/index.js";
import {
  type FlowReceiver,
  type ForeignFrames,
  type ReceiveHalf,
  Receiver,
  type StrayBoxes,
  StrayFinder,
  StreamsReceiver,
} from "../receive/index.js";
import {
  LiveSender,
  QueueSender,
  type Sender,
  SilentTransmitter,
  StreamsSender,
  StreamsTransmitter,
  type TransmitHalf,
  type TransmitQueue,
  Transmitter,
  windowNs,
} from "../transmit/index.js";
import { flowReceiver } from "./flow-halves.js";

export interface DirectionStart {
  readonly spec: TrialSpec;
  /** Indices of the job's ports. */
  readonly txPort: number;
  readonly rxPort: number;
  /** Differs from trial to trial; see SenderStart. */
  readonly generation: number;
  /** Sees the frames that come in on the receiving port and are not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** The kernel makes the frames (tx=live of the sending port). */
  readonly live: boolean;
  /** 0: forward, 1: reverse. */
  readonly direction: number;
  /** Where other workers learn of their frames; null: there are none, or they are out of reach. */
  readonly strays: StrayBoxes | null;
  /** By stream: its loaded program, where it is one. */
  readonly programs?: readonly (EachFrame | null)[];
  /** Where latencies are recorded, of `histogramSlots`; absent: in the receiver's own memory. */
  readonly latency?: Float64Array | undefined;
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
  /** The receiver, where frames come from other hosts; null: they do not. */
  readonly flow: FlowReceiver | null;
  /** The receive window, without the delay; null: frames are still being sent. */
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
    const { flow } = spec;
    this.transmitter = flow?.sends === false ? new SilentTransmitter(spec, clock) : halves.transmitter;
    this.flow = flow === undefined ? null : flowReceiver({ ...start, programs: compiled, memory, clock });
    this.receiver = this.flow ?? halves.receiver;
  }

  /** Every sender has ended: what has not come by now comes late. */
  totals(totals: readonly SenderTotal[], nowNs: number): void {
    this.flow?.totals(totals);
    if (this.spec.flow?.sends !== false || this.transmitter.account.ended) return;
    this.transmitter.account.end(nowNs, null);
    this.#noteEnd();
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

  /** Ends the sending at once. */
  end(nowNs: number, why: "stopped" | "peer gone" | "short"): void {
    const { account } = this.transmitter;
    if (account.ended) return;
    account.end(nowNs, why);
    this.#noteEnd();
  }

  /** The transmit window is known now. Overdue frames that left after its end make the receive window longer. */
  #noteEnd(): void {
    const window = this.transmitter.window();
    this.#window = { ...window, toNs: Math.max(window.toNs, this.transmitter.account.lastNs) };
  }

  /** Counts what came within the receive window once it is over. Call this before each look at new arrivals. */
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

  /** After the last frame: kicks again for frames that were handed over and not taken. */
  nudge(): void {
    const { queues } = this.transmitter;
    for (let q = 0; q < queues.length; q++) queues[q].nudge?.();
  }

  /** The sender that fills the port's first transmit ring; null: nothing is sent. */
  get firstSender(): TransmitQueue | null {
    return this.transmitter.queues[0] ?? null;
  }

  /** Every frame was taken and came back whole. A whole copy of a damaged frame may still come. */
  isComplete(): boolean {
    let sent = 0;
    for (const sender of this.transmitter.queues) {
      if (sender.outstanding() > 0) return false;
      sent += sender.published;
    }
    return this.receiver.isComplete?.(sent) ?? this.receiver.account.accepted >= sent;
  }

  report(): { transmit: TransmitReport; receive: ReceiveReport } {
    const transmit = this.transmitter.report(this.receiver.acceptedByQueue());
    const sentByQueue = transmit.queues.map(({ published, outstanding }) => published - outstanding);
    // A trial may be over before its receive window. Then everything came within it.
    const inWindow = this.#inWindow ?? this.#arrivals(this.#window ?? this.transmitter.window());
    return { transmit, receive: this.receiver.report(sentByQueue, inWindow) };
  }
}

/** null: one generator has the trial alone. */
function straysOf(memory: RingMemory, { spec, direction, strays: boxes }: DirectionStart): StrayFinder | null {
  if (spec.share === undefined) return null;
  return new StrayFinder({ spec, memory, streams: spec.stream.streams.length, direction, boxes });
}

/** The only stream's own rate is the trial's rate. */
function withOwnRate(spec: TrialSpec, traffic: TrafficSpec): TrialSpec {
  if (spec.load.kind !== "own") return spec;
  return { ...spec, load: { kind: "paced", pps: streamPps(traffic, spec.size, spec.load)[0]! } };
}

/** One stream that sends without a break: the fastest way. */
function oneStream(memory: RingMemory, clock: TrialClock, start: DirectionStart, program: FrameProgram): Halves {
  const { spec, generation, foreignFrames } = start;
  const { queues, trial, startSequence, firstStream = 0, share = wholeShare } = spec;
  const shared = { memory, program, queues, trial, firstStream, startSequence, share };
  const senders: Sender[] = start.live
    ? [new LiveSender(shared)]
    : Array.from({ length: queues }, (_, queue) => new QueueSender({ ...shared, queue, generation }));
  const lag = spec.load.kind === "max" ? null : new LagWindow();
  const published = (queue: number): number => senders[queue]!.published;
  return {
    transmitter: new Transmitter(spec, senders, clock, lag),
    receiver: new Receiver({
      spec,
      program,
      memory,
      clock,
      lag,
      published,
      foreignFrames,
      strays: straysOf(memory, start),
      latency: start.latency,
    }),
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
  const { queues, trial, startSequence, firstStream = 0, share = wholeShare, size, load } = spec;
  const senders = Array.from(
    { length: queues },
    (_, queue) => new StreamsSender({ memory, programs, queue, queues, trial, firstStream, startSequence, share }),
  );
  const lags = load.kind === "max" ? null : new KeyedLags();
  const whole = timelinesOf(traffic, size, load);
  const timelines = share.of === 1 ? whole : whole.map((timeline) => new SharedTimeline(timeline, share));
  const totalPps = rateOfShare(
    streamPps(traffic, size, load).reduce((sum, pps) => sum + pps, 0),
    share,
  );
  return {
    transmitter: new StreamsTransmitter({ spec, senders, timelines, totalPps, clock, lags }),
    receiver: new StreamsReceiver({
      ...{ spec, programs, memory, clock, lags, senders, foreignFrames, latency: start.latency },
      strays: straysOf(memory, start),
    }),
  };
}
