/** A run, decided: everything that `run` was asked for, validated, before anything is opened. Plain data. */
import { withRingSize } from "../dut/embedded/options.js";
import type { ExternalSide, HopSpec } from "../dut/external/index.js";
import type { StartedDut } from "../dut/start.js";
import type { PortSpec } from "../port/kinds.js";
import type { ThresholdSpec } from "../profile/threshold.js";
import type { Progress } from "../report/progress.js";
import type { Trial } from "../result/run-result.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import type { Tolerances } from "../tolerances.js";
import type { FrameSize, Rate } from "../units.js";
import type { RecordPlan } from "./recorder.js";

/** Whom the frames go through. External: ports of ours, whose peers somebody else started. */
export type DutChoice =
  | Exclude<StartedDut, { readonly kind: "testpmd" }>
  /** `ports`: null where the device brings the generator's port as well. */
  | (Extract<StartedDut, { readonly kind: "testpmd" }> & { readonly ports: GeneratorPorts | null })
  | ExternalChoice;

/** A device that somebody else started. */
export interface ExternalChoice extends GeneratorPorts {
  readonly kind: "external";
  /** What the ports are to their neighbours: of the sending, of the receiving one; null: nothing but ports. */
  readonly sides: readonly [ExternalSide, ExternalSide] | null;
  /**
   * What plain traffic was given by itself, and no side changes; streams know their own. `srcMac` is also what the
   * sending port answers with.
   */
  readonly keeps: {
    readonly srcMac: string | null;
    readonly dstMac: boolean;
    readonly srcAddress: boolean;
    readonly dstAddress: boolean;
  };
  /** In the frame's order, each way; empty: nobody counts there. */
  readonly hops: readonly HopSpec[];
  readonly reverseHops: readonly HopSpec[];
}

/** Ports of ours that somebody else connects to the device. */
export interface GeneratorPorts {
  readonly tx: PortSpec;
  /** null: the port of `tx` does both. */
  readonly rx: PortSpec | null;
}

/** The device with rings for loads that are set, or that are all there is, where nobody said how large they are. */
export const withRings = (dut: DutChoice, use: "atMax" | "atSetRate"): DutChoice =>
  dut.kind === "embedded" ? { ...dut, options: withRingSize(dut.options, use) } : dut;

/** What each size gets: two trials as cli.md has them by default, or the one that was asked for. */
export type TrialChoice =
  | "default"
  | {
      readonly rate: Rate;
      /** null: until `count` is sent. Infinity: until the run is interrupted. */
      readonly durationNs: number | null;
      /** Frames over all queues. One of the two is null. */
      readonly count: number | null;
    };

export interface RunPlan {
  /** In order; each has its trials. */
  readonly sizes: readonly FrameSize[];
  readonly dut: DutChoice;
  /** Both ways at once, each with the whole rate and count; external devices behind two ports only. */
  readonly bidirectional: boolean;
  /** The receiving port sends as well: learning frames. Absent: it does not. */
  readonly learns?: boolean;
  /** Send also on an interface that carries the default route or an SSH connection. */
  readonly yesThisInterface: boolean;
  /** A command that resets the device, where it is somebody else's or is to be reset otherwise; absent: none. */
  readonly resetCommand?: string;
  /** Captures of what the generator sends and receives; absent: none. */
  readonly record?: RecordPlan;
  /** How long the peers of ports may take to be there; absent: what is usual. */
  readonly waitPeerNs?: number;
  /** Queue pairs in use, 1 … 8. */
  readonly queues: number;
  /** What is sent, but for its size. */
  readonly stream: TrafficSpec;
  /** The streams leave at their own rates: of each size at what they come to together, and not at the rate of `trials`. */
  readonly ownRates?: boolean;
  readonly trials: TrialChoice;
  readonly seed: number;
  /** The id of the run's first trial in signatures, 0 … 2^24 − 1: another for every run, unless it is to be repeated byte for byte. */
  readonly runId: number;
  /** The generator's code runs so long before the first trial (warm-up.ts). */
  readonly warmupNs: number;
  /** A trial ends when nothing has arrived for so long; null: what suits the DUT. */
  readonly settleNs: number | null;
  /** A trial waits so long for residual frames also where every frame is back (RFC 2544 §23). Absent: it does not. */
  readonly settlesWhole?: boolean;
  /** Trials of each kind and size, ≥ 1. */
  readonly repeat: number;
  /** CPUs for the polling threads in the order generator, DUT's parts; null: the scheduler decides. */
  readonly cores: readonly number[] | null;
  /** Never give a CPU back while idle. */
  readonly busy: boolean;
  /** Compare every payload byte. */
  readonly integrity: boolean;
  /** Bits per second on layer 1; null: the ports' own, where they have one. */
  readonly lineRateBps: number | null;
  /** Tolerated lost ÷ sent; null: 0 at a set rate, undecided at max. */
  readonly lossLimit: number | null;
  /** Loss is a figure of a method, which judges it itself; absent: `lossLimit` does. */
  readonly measuresLoss?: boolean;
  /** Of the load and of when frames leave; absent: the usual ones. */
  readonly tolerances?: Tolerances;
  /** Least forwarded frames per second that pass, over all queues. */
  readonly minRatePps: number | null;
  /** What options could not do as they were given, in sentences for the result; absent: nothing. */
  readonly notes?: readonly string[];
  /** What the profile says that a run must reach; absent: nothing. */
  readonly thresholds?: readonly ThresholdSpec[];
  /** Number of each stream's first frame. */
  readonly startSequence: number;
  /** As typed, for the result. */
  readonly commandLine: string;
}

/** How a running trial stands, once a second. Counts are of the trial so far, rates of the interval. */
export interface Interval {
  /** 1 … trials of the run. */
  readonly trial: number;
  /** With FCS, or the name of a mix. */
  readonly frameBytes: number | string;
  readonly phase: string;
  /** Since the trial's start. */
  readonly elapsedNs: number;
  readonly sent: number;
  readonly received: number;
  /** Missing so far, frames in flight included. */
  readonly lost: number;
  readonly txPps: number;
  readonly rxPps: number;
}

/** How the outside follows a run and stops it. */
export interface RunHooks {
  /** Aborted: the open trial becomes invalid with the reason `interrupted`, and the run resolves with what it has. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onTrial?: (trial: Trial) => void;
  readonly onInterval?: (interval: Interval) => void;
}
