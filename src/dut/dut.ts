/**
 * A device under test as the methods see it: it has ports to connect to, and may have counters. A method cannot tell a
 * simulated device from a real one.
 */
import type { Injected } from "../engine/forward/fault-spec.js";

/** One queue of one hop. The counts are absolute. Only differences of two readings mean anything. */
export interface DeviceHopQueueCounters {
  readonly queue: number;
  readonly rxPackets: number;
  readonly txPackets: number;
  /** Bytes without FCS, as frames lie in the rings. */
  readonly rxBytes: number;
  readonly txBytes: number;
  /** Frames received and not sent on. testpmd calls it fwd_dropped. */
  readonly dropped: number;
  /** Frames sent once more than received. It is 0 for any real device. */
  readonly duplicated: number;
  /** Frames held at this moment. This is not a counter. */
  readonly inside: number;
  /** Frames in the ring before the hop at this moment; null: the hop cannot tell. */
  readonly waiting: number | null;
}

/**
 * One hop: from a receiving to a sending port. Its residual per queue is
 * `rx + duplicated − tx − dropped − inside` of the differences; that of the link before it
 * `tx of the hop before − rx − waiting`.
 */
export interface DeviceHopCounters {
  /** `host>`, `container`, `host<`: a frame passes them in this order. */
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
  /** The path of a frame, in one line. */
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
  /**
   * So long after the last frame came back, none comes any more (RFC 2544 §23 asks for 2 s of a device it knows nothing
   * of).
   */
  readonly settleNs: number;
  /** Frames may come back this many bytes longer. The generator's buffers need room for them. */
  readonly growthBytes: number;
  /** Polling threads of the device. Each takes a CPU. */
  readonly pollers: number;
  /** None of these threads is ever on the generator's CPU, however few CPUs there are. */
  readonly leavesGenerator: boolean;
  describe(): DutFacts;
  /** Called before a trial's first frame. Whatever is random in the device begins anew from this seed. */
  resetForTrial(seed: number): Promise<void>;
  /** All hops in a frame's order; null: the device has no counters. Not to be called while frames are in flight. */
  readHops(): Promise<readonly DeviceHopCounters[] | null>;
  /** What the device did wrong on purpose since the last reset; null: it does not say. */
  injected(): Promise<Injected | null>;
  /**
   * The device's count at the generator's side while frames are in flight. From it comes the device's rate. null: it
   * cannot tell now without being disturbed. Absent: it never can.
   */
  sample?(): Promise<DutSample | null>;
  /** null: the device lives. Otherwise why it does not. */
  alive(): string | null;
  /**
   * Ends the device and starts it again at the same ports during a run: their peer goes away and comes back. Rejects
   * with a PktgenError if it does not start again. Absent: the device cannot be restarted.
   */
  restart?(): Promise<void>;
  /** What is kept with the result. Empty if the device is part of this program. */
  evidence(): readonly DutEvidence[];
}
