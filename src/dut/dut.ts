/**
 * A device under test as the methods see it: something to connect to, with counters or without. A method cannot tell
 * a simulated one from a real one.
 */
import type { Injected } from "../engine/forward/fault-spec.js";

/** One queue of one hop. Absolute counts; only differences of two readings mean anything. */
export interface DeviceHopQueueCounters {
  readonly queue: number;
  readonly rxPackets: number;
  readonly txPackets: number;
  /** Without FCS, as it lies in the rings. */
  readonly rxBytes: number;
  readonly txBytes: number;
  /** Received and not sent on. testpmd: fwd_dropped. */
  readonly dropped: number;
  /** Sent once more than received; 0 for any real device. */
  readonly duplicated: number;
  /** Frames held at this moment; not a counter. */
  readonly inside: number;
  /** Frames in the ring before the hop, seen and not taken yet, at this moment; null where the hop cannot tell. */
  readonly waiting: number | null;
}

/**
 * One hop: from a receiving to a sending port. Its residual per queue is
 * `rx + duplicated − tx − dropped − inside` of the differences; that of the link before it
 * `tx of the hop before − rx − waiting`.
 */
export interface DeviceHopCounters {
  /** In the frame's order: `host>`, `container`, `host<`. */
  readonly name: string;
  /** Port ids of the device, as its own tools show them. */
  readonly rxPort: number;
  readonly txPort: number;
  readonly queues: readonly DeviceHopQueueCounters[];
}

/** For the report. */
export interface DutFacts {
  readonly kind: string;
  readonly version: string | null;
  /** The way of a frame, in one line. */
  readonly topology: string;
  readonly queues: number;
  /** What was asked of it: `rate=40kpps`, `delay=50us` … */
  readonly options: readonly string[];
  /** What its programs were started with: engine, version, image. */
  readonly launcher?: string;
  /** The programs' whole command lines. */
  readonly commands?: readonly string[];
}

/** What a device's program was told and what it said, from beginning to end. */
export interface DutEvidence {
  /** Good for a file's name: `host-testpmd`. */
  readonly name: string;
  readonly text: string;
}

/** Absolute counts of the port that faces the generator. */
export interface DutSample {
  /** performance.now() × 1e6, in the middle between question and answer. */
  readonly atNs: number;
  /** Frames that it took from the generator, and that it gave back. */
  readonly rxPackets: number;
  readonly txPackets: number;
}

export interface Dut extends AsyncDisposable {
  readonly kind: string;
  /** Port specs that the generator opens: one that sends and receives, or first the sending, then the receiving one. */
  readonly generatorPorts: readonly string[];
  /** So long after the last frame came back, none comes any more (RFC 2544 §23 asks for 2 s of a device it knows nothing of). */
  readonly settleNs: number;
  /** Frames may come back longer by so many bytes: the generator's buffers need room for them. */
  readonly growthBytes: number;
  /** Threads of its own that poll, and so take a CPU each. */
  readonly pollers: number;
  /** None of these is ever on the generator's CPU, however few there are. */
  readonly leavesGenerator: boolean;
  describe(): DutFacts;
  /** Before a trial's first frame: whatever is random in the device begins anew from this seed. */
  resetForTrial(seed: number): Promise<void>;
  /** All hops in the frame's order; null where the device has no counters. Not while frames are in flight. */
  readHops(): Promise<readonly DeviceHopCounters[] | null>;
  /** What the device did wrong on purpose since the last reset; null where it does not say. */
  injected(): Promise<Injected | null>;
  /**
   * The device's own count at the generator's side while frames are in flight, for its own rate beside ours; null:
   * it has no way to tell without being disturbed. Absent: it never has.
   */
  sample?(): Promise<DutSample | null>;
  /** null: it lives. Else why it does not. */
  alive(): string | null;
  /**
   * Ends it and starts it anew at the same ports, as they are in a run: their peer goes away and comes back. Rejects with
   * a PktgenError where it does not start again. Absent: it cannot be.
   */
  restart?(): Promise<void>;
  /** To be kept with the result; empty where the device is part of this program. */
  evidence(): readonly DutEvidence[];
}
