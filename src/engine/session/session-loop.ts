/**
 * The traffic of a session, or of a part of one, in one thread: any number of ports, and flows from each to any. Ports of
 * other parts are numbered here, too, and never attached.
 */
import { FrameMaker } from "../../stream/frames/frame-maker.js";
import { trialHighOf } from "../../stream/frames/signature.js";
import {
  type CreateJob,
  countersEveryNs,
  type JobContext,
  type OpenPort,
  type Traffic,
  TrialClock,
} from "../loop/index.js";
import { HostTable } from "../neighbour/index.js";
import { AwaitedFlows } from "./awaited-flows.js";
import { CommandReader, commandKind } from "./commands.js";
import { LiveCursors } from "./cursors.js";
import { FlowControl } from "./flow-control.js";
import { SessionInspector } from "./inspector.js";
import { LaneBook } from "./lane-book.js";
import { MaxSender } from "./max-sender.js";
import { marksFrom, type SessionCommand, type SessionOrder } from "./orders.js";
import { PortCapture } from "./port-capture.js";
import { PortReceiver } from "./port-receiver.js";
import { PortSender, type SenderPlace } from "./port-sender.js";
import { rehearseSession } from "./rehearsal.js";
import { RestingParts } from "./resting-parts.js";
import {
  commandCell,
  flowCell,
  loopCell,
  portCell,
  type SessionBuffers,
  SessionMemory,
  type SessionShape,
  senderPorts,
} from "./session-memory.js";
import { SplitBook } from "./split-book.js";
import { SessionTransmitter } from "./transmitter.js";

/** A turn takes at most so many commands: each takes about a microsecond. */
const commandsATurn = 8;
/** After the last frame was sent, the loop stays awake for those on their way. */
const awakeAfterNs = 100_000_000;

export interface SessionOptions {
  readonly session: SessionBuffers;
  /** Which part of the session this thread is; absent: 0. */
  readonly part?: number;
}

export class SessionLoop implements Traffic {
  readonly clock: TrialClock;
  readonly #context: JobContext;
  readonly #createJob: CreateJob;
  readonly #ports: (OpenPort | null)[];
  readonly #memory: SessionMemory;
  readonly #commands: CommandReader;
  readonly #cursors: LiveCursors;
  readonly #lanes: LaneBook;
  readonly #control: FlowControl;
  readonly #awaited: AwaitedFlows;
  readonly #transmitter: SessionTransmitter;
  readonly #maxSender: MaxSender;
  readonly #senders: readonly PortSender[];
  readonly #receivers: readonly PortReceiver[];
  readonly #hosts: readonly HostTable[];
  readonly #inspector: SessionInspector;
  readonly #splits: SplitBook;
  readonly #parts: RestingParts;
  /** By port: it is of this part. And those that are, with the places of their transmit queues. */
  readonly #isOwn: readonly boolean[];
  readonly #ownPorts: readonly number[];
  readonly #ownSenders: readonly PortSender[];
  /** Doubles in a typed array; trial-clock.ts says why: when ports are looked at next, and when a frame was sent last. */
  readonly #times = new Float64Array(2);

  /** `createJob`: makes another job of its kind, to rehearse with. */
  constructor(context: JobContext, { session, part = 0 }: SessionOptions, createJob: CreateJob) {
    const memory = new SessionMemory(session, part);
    const { memory: ringMemory, nowNs, inUse } = context;
    this.#context = context;
    this.#createJob = createJob;
    this.#ports = Array.from({ length: session.shape.ports }, () => null);
    this.#memory = memory;
    this.clock = new TrialClock(nowNs);
    this.clock.begin();
    this.#commands = new CommandReader(memory);
    this.#cursors = new LiveCursors(memory);
    this.#splits = new SplitBook(memory, ringMemory);
    const lanes = new LaneBook(memory, this.#splits);
    this.#lanes = lanes;
    this.#parts = new RestingParts(memory);
    this.#control = new FlowControl(memory, this.clock, this.#cursors, lanes, this.#parts);
    this.#awaited = new AwaitedFlows(memory, lanes);
    const frames = framesOf(memory, this.#cursors);
    const ports = Array.from({ length: memory.shape.ports }, (_, port) => port);
    this.#isOwn = ports.map((port) => (memory.shape.partOf?.[port] ?? 0) === part);
    this.#ownPorts = ports.filter((port) => this.#isOwn[port]);
    this.#senders = senderPlaces(memory.shape).map(
      (place) => new PortSender(place, ringMemory, memory, this.clock, frames),
    );
    this.#ownSenders = this.#senders.filter(({ port }) => this.#isOwn[port]);
    this.#transmitter = new SessionTransmitter(memory, this.clock, this.#control, this.#senders, inUse);
    this.#maxSender = new MaxSender(memory, this.clock, this.#control, this.#senders, inUse);
    this.#inspector = new SessionInspector(memory, ringMemory, lanes);
    this.#hosts = this.#senders
      .slice(0, ports.length)
      .map((sender) => new HostTable(ringMemory, sender, context.post, nowNs));
    const { clock } = this;
    const shared = { memory, ringMemory, clock, lanes, inspector: this.#inspector, splits: this.#splits };
    this.#receivers = ports.map((port) => new PortReceiver({ ...shared, port, foreignFrames: this.#hosts[port] }));
  }

  attach(index: number, port: OpenPort | null): void {
    if (!this.#isOwn[index]) return;
    this.#ports[index] = port;
    const isOpen: number[] = [];
    for (const [place, sender] of this.#senders.entries()) {
      if (sender.port !== index) continue;
      sender.attach(port);
      if (sender.isOpen) isOpen.push(place);
    }
    this.#control.deal(index, isOpen.length === 0 ? [index] : isOpen);
    this.#receivers[index].attach(port);
    this.#hosts[index].attach(port);
  }

  /** Nothing runs, in no part, and nothing is on its way. */
  get mayRest(): boolean {
    this.#heedOthers();
    if (this.#awaited.areExpected) return false;
    return this.#control.running === 0 && this.clock.nowNs - this.#times[1] > awakeAfterNs;
  }

  /** Nothing waits in a ring for a call or for room, and nobody is to be told when the last of it left. */
  mayRestLong(): boolean {
    for (const sender of this.#ownSenders) {
      this.#context.inUse.port = sender.port;
      if (!sender.isEmpty) return false;
    }
    return this.#ownPorts.every((port) => this.#hosts[port].queue.isEmpty);
  }

  command(message: unknown): unknown {
    const command = message as SessionCommand;
    switch (command.kind) {
      case "rehearse":
        return rehearseSession(this.#createJob, this.#context, this.#openOnes(), command.buffers, command.mostNs);
      case "isRunning":
        return this.#control.running > 0 || this.#commands.isWaiting;
      case "begin":
        if (command.epochNs === undefined) this.clock.begin(-command.atNs);
        else this.clock.beginAt(command.epochNs);
        return this.clock.epochNs;
    }
  }

  /** Ports are open from the first turn to the last. */
  isOpen(): boolean {
    return true;
  }

  stepBeside(): number {
    return 0;
  }

  beginTurn(): void {
    this.clock.turn();
  }

  takeCommands(): number {
    return this.#commands.isWaiting ? this.#takeCommands() : 0;
  }

  send(): number {
    const sent = this.#transmitter.step() + this.#maxSender.step();
    if (sent > 0) this.#times[1] = this.clock.nowNs;
    return sent;
  }

  receive(): number {
    let moved = 0;
    for (let k = 0; k < this.#ownPorts.length; k++) {
      const p = this.#ownPorts[k];
      this.#context.inUse.port = p;
      moved += this.#receivers[p].step();
    }
    return moved;
  }

  answer(): number {
    let moved = 0;
    for (let k = 0; k < this.#ownPorts.length; k++) {
      const p = this.#ownPorts[k];
      const { queue } = this.#hosts[p];
      if (queue.isEmpty) continue;
      this.#context.inUse.port = p;
      moved += queue.flush();
    }
    return moved;
  }

  endTurn(): void {
    if (this.clock.nowNs >= this.#times[0]) this.#look();
  }

  get isWakeful(): boolean {
    return this.#control.running > 0 && this.#transmitter.isWakeful;
  }

  /** What only now and then changes, or is only now and then asked for. */
  #look(): void {
    const { loop, ports } = this.#memory;
    this.#times[0] = this.clock.nowNs + countersEveryNs;
    for (const sender of this.#ownSenders) {
      this.#context.inUse.port = sender.port;
      sender.look();
    }
    this.#lanes.look();
    for (const p of this.#ownPorts) {
      const { queue } = this.#hosts[p];
      ports[p * portCell.count + portCell.beside] = queue.sent;
      ports[p * portCell.count + portCell.besideBytes] = queue.sentBytes;
      ports[p * portCell.count + portCell.answered] = queue.answered;
    }
    loop[loopCell.longestTurnNs] = this.clock.stoodStillNs;
    loop[loopCell.sleeps] = this.#context.sleeps();
    loop[loopCell.nowNs] = this.clock.nowNs;
    loop[loopCell.running] = this.#control.running;
    this.#heedOthers();
  }

  /** Their frames may be on their way to here. */
  #heedOthers(): void {
    if (this.#parts.othersRun) this.#times[1] = this.clock.nowNs;
  }

  #openOnes(): readonly (OpenPort | null)[] {
    return this.#ownPorts.map((port) => this.#ports[port]);
  }

  #takeCommands(): number {
    let taken = 0;
    for (; taken < commandsATurn && this.#commands.isWaiting; taken++) {
      this.#take(this.#commands.at);
      this.#commands.advance();
    }
    this.#memory.loop[loopCell.running] = this.#control.running;
    this.clock.read();
    return taken;
  }

  #take(at: number): void {
    const { commands } = this.#memory;
    const control = this.#control;
    // A whole number to V8, too: lists of flows are of one kind then.
    const flow = commands[at + commandCell.slot] | 0;
    const value = commands[at + commandCell.value];
    const batch = commands[at + commandCell.batch];
    switch (commands[at + commandCell.kind]) {
      case commandKind.start:
        this.#inspector.learn(flow);
        control.start(flow, batch, value, commands[at + commandCell.length], commands[at + commandCell.at]);
        break;
      case commandKind.expect:
        this.#inspector.learn(flow);
        this.#awaited.expect(flow, batch, value);
        break;
      case commandKind.rest:
        this.#awaited.rest(flow);
        break;
      case commandKind.stop:
        control.stop(flow);
        break;
      case commandKind.pause:
        control.pause(flow);
        break;
      case commandKind.resume:
        this.#inspector.learn(flow);
        control.resume(flow, batch, value, commands[at + commandCell.length]);
        break;
      case commandKind.rate:
        control.setRate(flow, value);
        break;
      case commandKind.remove:
        this.#inspector.forget(flow);
        this.#awaited.rest(flow);
        control.remove(flow);
        break;
      case commandKind.learn:
        this.#inspector.learn(flow);
        break;
      case commandKind.forget:
        this.#inspector.forget(flow);
        this.#lanes.restart(flow, 0);
        break;
      case commandKind.order:
        this.#obey(this.#commands.json(commands[at + commandCell.at], commands[at + commandCell.length]));
    }
  }

  #sends(flow: number): boolean {
    return this.#isOwn[this.#memory.flows[flow * flowCell.doubles + flowCell.from]];
  }

  #receives(flow: number): boolean {
    const { laneOf, shape } = this.#memory;
    return this.#ownPorts.some((port) => laneOf[flow * shape.ports + port] >= 0);
  }

  /** All parts are told: each does what is of its ports. */
  #obey(order: unknown): void {
    const given = order as SessionOrder;
    if ("port" in given && !this.#isOwn[given.port]) return;
    switch (given.kind) {
      case "group":
        this.#cursors.open(given.group);
        break;
      case "ungroup":
        this.#cursors.close(given.group);
        break;
      case "schedule":
        this.#control.setSchedule(
          given.flows.filter((flow) => this.#sends(flow)),
          given.schedule,
        );
        break;
      case "marks":
        this.#inspector.mark(given.flow, given.marks === null ? null : marksFrom(given.marks));
        break;
      case "split":
        if (given.split === null || this.#receives(given.flow)) this.#splits.set(given.flow, given.split);
        break;
      case "hosts":
        this.#hosts[given.port].setHosts(given.hosts);
        break;
      case "ask":
        this.#hosts[given.port].ask(given.host, given.address);
        break;
      case "ping":
        this.#hosts[given.port].ping(given.host, given.address, given.mac, given.id);
        break;
      case "capture":
        this.#capture(
          given.port,
          new PortCapture(given.capture, given.port, this.#context.memory, this.#memory),
          given.capture.direction,
        );
        break;
      case "captureEnd":
        this.#capture(given.port, null, "both");
    }
  }

  #capture(port: number, capture: PortCapture | null, direction: "rx" | "tx" | "both"): void {
    const { clock } = this;
    this.#receivers[port].watcher = direction === "tx" ? null : capture;
    for (const sender of this.#senders) if (sender.port === port) sender.watcher = direction === "rx" ? null : capture;
    const watches = capture !== null && direction !== "rx";
    this.#hosts[port].queue.watch = watches ? (offset, bytes) => capture.note(offset, bytes, clock.nowNs) : null;
    this.#memory.ports[port * portCell.count + portCell.capturing] = capture === null ? 0 : 1;
  }
}

/** A port's further queues come in their order. */
function senderPlaces(shape: SessionShape): SenderPlace[] {
  const queues = new Map<number, number>();
  return senderPorts(shape).map((port, sender) => {
    const queue = queues.get(port) ?? 0;
    queues.set(port, queue + 1);
    return { sender, port, queue };
  });
}

/** Sizes, sequences of sizes and templates are where the owner wrote them into the heap. */
function framesOf(memory: SessionMemory, cursors: LiveCursors): FrameMaker {
  const { heap, orders, shape } = memory;
  const tables = {
    orders,
    patterns: new Uint16Array(heap),
    sizes: new Int32Array(heap),
    templates: new Uint8Array(heap),
    cursors,
    // Flows that need it are refused.
    seal: () => {},
  };
  return new FrameMaker(tables, trialHighOf(shape.trial), 1);
}
