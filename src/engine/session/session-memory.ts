/**
 * The memory that a session's loops and their owner share. The owner writes commands and the rows of flows that are not in
 * use; loops write everything else, and their counters are the account itself. So a look at them costs a loop nothing.
 * A double is read and written at once, and each cell has one writer. Of several loops, a flow's row is of the one that
 * has its port. Each has rows of its own for what comes in (arrivals.ts), and lanes.
 */
import { sequenceCell } from "../../stats/sequence-cells.js";
import { smallHistogramBytes } from "../../stats/small-histograms.js";
import { orderField } from "../../stream/frames/frame-maker.js";
import { laneRowCell } from "./lanes.js";

/** Int32 words. `written` and `done` count commands; they wrap round. */
export const headerWord = { written: 0, done: 1, words: 16 } as const;
/** Doubles of a loop as a whole. */
export const loopCell = {
  nowNs: 0,
  longestTurnNs: 1,
  late: 2,
  sleeps: 3,
  /**
   * Peers that went: the first counts before anything is noted of what was gone with one, the second when all is. What was
   * read of that between is whole if the first is now what the second was before it.
   */
  lossesBegun: 4,
  losses: 5,
  /** Flows that it sends. */
  running: 6,
  /** While it sends any: when all other parts are awake to see what comes of them. */
  awakeNs: 7,
  count: 16,
} as const;

export const flowState = { none: 0, stopped: 1, running: 2, paused: 3 } as const;

/** Doubles of a flow. The first cache line has what every frame touches. Times are session times; −1: it never happened. */
export const flowCell = {
  published: 0,
  /** Its transmit queue: its place in `senderPorts`. */
  sender: 1,
  lastSentNs: 2,
  firstSentNs: 3,
  startedNs: 4,
  /** A frame that leaves later than this after its time is late. */
  toleranceNs: 5,
  /** Published frames after which it ends: those asked for, and those that were gone. Infinity: it does not. */
  limit: 6,
  /** Its port; −1: another session sends it (awaited-flows.ts), and `published` is how many were seen to be sent. */
  from: 7,
  state: 8,
  /** Starts that are complete. What was read since this was read is of one generation if `begun` is the same after it. */
  generation: 9,
  /** Starts that have begun: written before a start changes anything. */
  begun: 10,
  late: 11,
  blocked: 12,
  missed: 13,
  stoppedNs: 14,
  /** 1: by itself. */
  endedItself: 15,
  /** Frames, and their bufferBytes, that lay in a ring whose peer went away. */
  gone: 16,
  goneBytes: 17,
  /** `pps` of when it ran last, until it was paused, stopped, or set to another rate. */
  ranAtPps: 18,
  /** Infinity: max. */
  pps: 25,
  /** From the start to the first slot; −1: its phase among those started with it. */
  delayNs: 26,
  /** The VLAN tags of its frames, and how many sizes they have. */
  tags: 27,
  variants: 28,
  doubles: 32,
} as const;

/** Doubles of what came in of a flow, if a frame is not just the next one, for each loop that has ports. */
export const arrivalCell = {
  /** Of which start it is. */
  generation: 0,
  corrupt: 1,
  stale: 2,
  elsewhere: 3,
  /** bufferBytes of accepted frames beyond `sizeOf` each. */
  moreBytes: 4,
  /** Frames without signature that were recognised, and when the first and the last of them came. */
  recognised: 5,
  recognisedFirstNs: 6,
  recognisedLastNs: 7,
  doubles: 8,
} as const;

/** Doubles of a port. Bytes are bufferBytes. */
export const portCell = {
  published: 0,
  bytes: 1,
  /** Of the published ones: taken by the peer, or gone with it. */
  taken: 2,
  gone: 3,
  goneBytes: 4,
  blocked: 5,
  beside: 6,
  besideBytes: 7,
  answered: 8,
  rxFrames: 9,
  rxBytes: 10,
  test: 11,
  stale: 12,
  foreign: 13,
  corrupt: 14,
  /** 1: it has rings. */
  attached: 15,
  captureSeen: 16,
  captureKept: 17,
  /** 1: it captures. */
  capturing: 18,
  captureMissed: 19,
  /** 1: the owner reads the slots, and nothing is written there. The owner's cell. */
  captureHeld: 20,
  count: 32,
} as const;

export const recentFrames = 32_768;
export const commandRecords = 8192;
/** `slot` and the rest mean what the command's kind says (commands.ts). */
export const commandCell = { kind: 0, slot: 1, value: 2, batch: 3, at: 4, length: 5, doubles: 8 } as const;

export interface SessionShape {
  /** Of flows at once: a power of two. */
  readonly capacity: number;
  /** Sequences that are told apart: one a flow, and one for each further port that is to get every frame. */
  readonly lanes: number;
  readonly ports: number;
  /** The port of each further transmit queue, beyond the first of each; absent: ports have one each. */
  readonly moreQueues?: readonly number[];
  /** By port: its part, which is the thread that has it. Absent: there is one. */
  readonly partOf?: readonly number[];
  /** Its id in signatures. */
  readonly trial: number;
  readonly heapBytes: number;
}

export interface SessionBuffers {
  readonly shape: SessionShape;
  readonly shared: SharedArrayBuffer;
  /** Frames' templates, sequences of sizes, and whatever else commands speak of. */
  readonly heap: SharedArrayBuffer;
}

type Bytes = { readonly [part in Part]: number };
const parts = [
  "header",
  "loop",
  "commands",
  "flows",
  "starts",
  "arrivals",
  "ports",
  "lanes",
  "sequences",
  "receivedAt",
  "orders",
  "heads",
  "sizeOf",
  "laneOf",
  "groupOf",
  "rowOf",
  "recents",
  "recentBytes",
  "histograms",
  "gaps",
] as const;
type Part = (typeof parts)[number];

/**
 * The port of each transmit queue: first queues come first. A queue's row among the cells of ports has what was sent on
 * it, and so on; what comes in, and what is sent beside flows, is in the row of the port's first queue.
 */
export const senderPorts = ({ ports, moreQueues = [] }: SessionShape): readonly number[] => [
  ...Array.from({ length: ports }, (_, port) => port),
  ...moreQueues,
];

/** How many threads share the ports. */
export const partsOf = ({ partOf = [] }: SessionShape): number => 1 + Math.max(0, ...partOf);

function bytesOf(shape: SessionShape): Bytes {
  const { capacity, lanes, ports } = shape;
  const loops = partsOf(shape);
  const senders = senderPorts(shape).length;
  return {
    header: 4 * headerWord.words * loops,
    loop: 8 * loopCell.count * loops,
    commands: 8 * commandRecords * commandCell.doubles * loops,
    flows: 8 * capacity * flowCell.doubles,
    starts: 8 * capacity,
    arrivals: 8 * capacity * arrivalCell.doubles * loops,
    ports: 8 * senders * portCell.count,
    lanes: 8 * lanes * laneRowCell.doubles,
    sequences: 8 * lanes * sequenceCell.count,
    receivedAt: 8 * capacity * ports,
    orders: 4 * capacity * orderField.words,
    heads: 4 * capacity,
    sizeOf: 4 * capacity,
    laneOf: 4 * capacity * ports,
    groupOf: 4 * capacity,
    rowOf: 4 * capacity,
    recents: 4 * senders * recentFrames,
    recentBytes: 4 * senders * recentFrames,
    histograms: smallHistogramBytes(lanes),
    gaps: smallHistogramBytes(capacity),
  };
}

/** Two cache lines: neighbours do not disturb each other. */
const partBytes = 128;

function offsetsOf(shape: SessionShape): { readonly offsets: Record<Part, number>; readonly bytes: number } {
  const bytes = bytesOf(shape);
  const offsets = {} as Record<Part, number>;
  let end = 0;
  for (const part of parts) {
    offsets[part] = end;
    end += Math.ceil(bytes[part] / partBytes) * partBytes;
  }
  return { offsets, bytes: end };
}

/**
 * The C library keeps what is freed for the next one who asks, up to 32 MiB at once, and where it has others beside it, it
 * never gives it back. From there on, each buffer is a mapping of its own that ends with it (mallopt(3), M_MMAP_THRESHOLD).
 * Pages that nobody touches take no memory of the machine.
 */
const leastBytes = 2 ** 25 + 2 ** 20;

const allocate = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(Math.max(bytes, leastBytes));

export function allocateSession(shape: SessionShape): SessionBuffers {
  return { shape, shared: allocate(offsetsOf(shape).bytes), heap: allocate(shape.heapBytes) };
}

/** The views of one side: of a part, or of the owner. */
export class SessionMemory {
  readonly shape: SessionShape;
  /** Whose `header`, `loop` and `commands` these are, and how many parts there are. */
  readonly part: number;
  readonly parts: number;
  readonly header: Int32Array;
  /** Of all parts, one after the other. */
  readonly headers: Int32Array;
  readonly loop: Float64Array;
  /** Of all parts, one after the other. */
  readonly loops: Float64Array;
  readonly commands: Float64Array;
  readonly flows: Float64Array;
  /** By slot: starts of whichever flow had it. */
  readonly starts: Float64Array;
  /** By part and flow (arrivals.ts). */
  readonly arrivals: Float64Array;
  readonly ports: Float64Array;
  readonly lanes: Float64Array;
  readonly sequences: Float64Array;
  /** By flow and port: accepted frames, where a flow has several ports to come to. */
  readonly receivedAt: Float64Array;
  /** FrameMaker's tables. Sizes, sequences of sizes and templates lie in the heap. */
  readonly orders: Int32Array;
  /** What the signatures of a flow's current generation begin with. */
  readonly heads: Int32Array;
  /** bufferBytes where all frames of a flow have one size; else 0. */
  readonly sizeOf: Int32Array;
  /** By flow and port: the lane; −1: its frames are not to come in there. */
  readonly laneOf: Int32Array;
  /** Which function writes what changes; −1: nothing does. And the flow's row there. */
  readonly groupOf: Int32Array;
  readonly rowOf: Int32Array;
  /** By transmit queue and place: the head of each of the last published frames, and its bufferBytes. */
  readonly recents: Int32Array;
  readonly recentBytes: Int32Array;
  /** By lane: latency. */
  readonly histograms: { readonly buffer: SharedArrayBuffer; readonly offset: number };
  /** By flow: the gaps between its frames as they were published. */
  readonly gaps: { readonly buffer: SharedArrayBuffer; readonly offset: number };
  readonly heap: SharedArrayBuffer;

  constructor({ shape, shared, heap }: SessionBuffers, part = 0) {
    const { offsets } = offsetsOf(shape);
    const bytes = bytesOf(shape);
    const doubles = (part: Part): Float64Array => new Float64Array(shared, offsets[part], bytes[part] / 8);
    const words = (part: Part): Int32Array => new Int32Array(shared, offsets[part], bytes[part] / 4);
    // One that came with a message is of another kind to V8, and so is one without further queues.
    const { capacity, lanes, ports, moreQueues = [], partOf = [], trial, heapBytes } = shape;
    this.shape = { capacity, lanes, ports, moreQueues, partOf, trial, heapBytes };
    this.part = part;
    this.parts = partsOf(shape);
    this.headers = words("header");
    this.header = this.headers.subarray(part * headerWord.words, (part + 1) * headerWord.words);
    this.loops = doubles("loop");
    this.loop = this.loops.subarray(part * loopCell.count, (part + 1) * loopCell.count);
    const records = commandRecords * commandCell.doubles;
    this.commands = doubles("commands").subarray(part * records, (part + 1) * records);
    this.flows = doubles("flows");
    this.starts = doubles("starts");
    this.arrivals = doubles("arrivals");
    this.ports = doubles("ports");
    this.lanes = doubles("lanes");
    this.sequences = doubles("sequences");
    this.receivedAt = doubles("receivedAt");
    this.orders = words("orders");
    this.heads = words("heads");
    this.sizeOf = words("sizeOf");
    this.laneOf = words("laneOf");
    this.groupOf = words("groupOf");
    this.rowOf = words("rowOf");
    this.recents = words("recents");
    this.recentBytes = words("recentBytes");
    this.histograms = { buffer: shared, offset: offsets.histograms };
    this.gaps = { buffer: shared, offset: offsets.gaps };
    this.heap = heap;
  }
}

/** Bits of a stream's number in signatures that say the flow. */
export const slotBitsOf = (capacity: number): number => Math.round(Math.log2(capacity));

/**
 * The stream number of a generation, from 1, of the flow in a slot: the slot in its low bits, the generation above it. No
 * generation has the number 0 there. They come round; the time in a frame's signature tells those apart that have the same.
 */
export function streamNumber(capacity: number, slot: number, generation: number): number {
  const generations = 2 ** (24 - slotBitsOf(capacity)) - 1;
  return (((generation - 1) % generations) + 1) * capacity + slot;
}
