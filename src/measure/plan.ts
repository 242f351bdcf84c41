/** A run, decided: everything that was asked for, validated, before anything is opened. Plain data. */
import { withRingSize } from "../dut/embedded/options.js";
import type { ExternalSide, HopSpec } from "../dut/external/index.js";
import type { StartedDut } from "../dut/start.js";
import type { PortSpec } from "../port/kinds.js";
import type { ThresholdSpec } from "../profile/threshold.js";
import type { Progress } from "../report/progress.js";
import type { Trial } from "../result/run-result.js";
import type { HistogramSummary } from "../stats/histogram.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import type { Tolerances } from "../tolerances.js";
import type { FrameSize, Rate } from "../units.js";
import type { RecordPlan } from "./recorder.js";
import type { RunControl } from "./run-control.js";

/** The device that the frames go through. External: ports of this program, whose peers were started elsewhere. */
export type DutChoice =
  | Exclude<StartedDut, { readonly kind: "testpmd" }>
  /** `ports`: null where the device brings the generator's port, too. */
  | (Extract<StartedDut, { readonly kind: "testpmd" }> & { readonly ports: GeneratorPorts | null })
  | ExternalChoice;

/** A device that this program did not start. */
export interface ExternalChoice extends GeneratorPorts {
  readonly kind: "external";
  /** How the sending and the receiving port appear to their neighbours. null: they have no addresses. */
  readonly sides: readonly [ExternalSide, ExternalSide] | null;
  /**
   * Addresses that the user gave to plain traffic, and that no side changes. Streams know theirs. The sending port
   * answers with `srcMac`, too.
   */
  readonly keeps: {
    readonly srcMac: string | null;
    readonly dstMac: boolean;
    readonly srcAddress: boolean;
    readonly dstAddress: boolean;
  };
  /** MAC addresses of the sending and the receiving port where no interface says them. Absent: the usual ones. */
  readonly usualMacs?: readonly [tx: string, rx: string];
  /** Hops that count, in the frame's order, in each direction. Empty: no counters. */
  readonly hops: readonly HopSpec[];
  readonly reverseHops: readonly HopSpec[];
}

/** Ports of this program that are connected to the device elsewhere. */
export interface GeneratorPorts {
  readonly tx: PortSpec;
  /** null: the port of `tx` does both. */
  readonly rx: PortSpec | null;
}

/** The device with rings that fit loads at max, or loads that are set, where the user gave no ring size. */
export const withRings = (dut: DutChoice, use: "atMax" | "atSetRate"): DutChoice =>
  dut.kind === "embedded" ? { ...dut, options: withRingSize(dut.options, use) } : dut;

/** The trials of each size: two trials by default, or the one that was asked for. */
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
  /** Both directions at once, each with the whole rate and count. Only for external devices behind two ports. */
  readonly bidirectional: boolean;
  /** The receiving port sends learning frames. Absent: it does not. */
  readonly learns?: boolean;
  /** What comes in at the receiving port, from other hosts: learning frames have its addresses. Absent: what is sent. */
  readonly incoming?: TrafficSpec;
  /** Send also on an interface that carries the default route or an SSH connection. */
  readonly yesThisInterface: boolean;
  /** A command that resets the device. Absent: this program restarts the device that it started. */
  readonly resetCommand?: string;
  /** Captures of what the generator sends and receives; absent: none. */
  readonly record?: RecordPlan;
  /** How long to wait for the peers of ports. Absent: the usual time. */
  readonly waitPeerNs?: number;
  /** Queue pairs in use, 1 … 8. */
  readonly queues: number;
  /** Threads of the generator, each with some of the queues; a divisor of `queues`. Absent: one. */
  readonly workers?: number;
  /** What is sent. The sizes are those of the plan. */
  readonly stream: TrafficSpec;
  /** The streams leave at their own rates. The rate of `trials` is then their sum at the first size. */
  readonly ownRates?: boolean;
  readonly trials: TrialChoice;
  readonly seed: number;
  /**
   * The id of the run's first trial in signatures, 0 … 2^24 − 1. Every run has another, unless it is to be repeated
   * byte for byte.
   */
  readonly runId: number;
  /** How long the generator's code runs before the first trial (warm-up.ts). */
  readonly warmupNs: number;
  /** A trial ends when nothing has arrived for this long. null: what suits the DUT. */
  readonly settleNs: number | null;
  /** A trial waits that long although every frame is back (RFC 2544 §23). Absent: it does not. */
  readonly settlesWhole?: boolean;
  /** Trials of each kind and size, ≥ 1. */
  readonly repeat: number;
  /** CPUs for the polling threads in the order generator's threads, DUT's parts; null: the scheduler decides. */
  readonly cores: readonly number[] | null;
  /** Labs that this process has open at the same time, as many as it has generators. Absent: one. */
  readonly labs?: number;
  /** Never give a CPU back while idle. */
  readonly busy: boolean;
  /** Compare every payload byte. */
  readonly integrity: boolean;
  /** Bits per second on layer 1; null: the ports' own, where they have one. */
  readonly lineRateBps: number | null;
  /** Tolerated lost ÷ sent; null: 0 at a set rate, undecided at max. */
  readonly lossLimit: number | null;
  /** Loss is a figure, which the method judges. Absent: `lossLimit` decides. */
  readonly measuresLoss?: boolean;
  /** Tolerances of the load, and of when frames leave. Absent: the usual ones. */
  readonly tolerances?: Tolerances;
  /** Least forwarded frames per second that pass, over all queues. */
  readonly minRatePps: number | null;
  /** What options could not do as they were given, in sentences for the result. Absent: nothing. */
  readonly notes?: readonly string[];
  /** What a run of the profile must reach. Absent: nothing. */
  readonly thresholds?: readonly ThresholdSpec[];
  /** Number of each stream's first frame. */
  readonly startSequence: number;
  /** As typed, for the result. */
  readonly commandLine: string;
}

/** The state of a running trial, once a second. Counts are of the trial until now, rates of the interval. */
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
  /** Missing until now, frames in flight included. */
  readonly lost: number;
  readonly txPps: number;
  readonly rxPps: number;
}

/** The counters of a running trial, about ten times a second. Counts are of the trial until now. */
export interface TrialSample {
  /** 0 … of the run. */
  readonly index: number;
  readonly meanFrameBytes: number;
  /** The load asked for now; null: max. */
  readonly pps: number | null;
  readonly settling: boolean;
  readonly elapsedNs: number;
  readonly sent: number;
  readonly received: number;
  readonly accepted: number;
  readonly corrupt: number;
  /** Missing until now, frames in flight included. */
  readonly missing: number;
  readonly late: number;
  /** Of all frames until now; null: nothing was measured yet. */
  readonly latencyNs: HistogramSummary | null;
  /** CPU time that the machine's hypervisor took since the trial began. */
  readonly stealMs: number;
  /** All of the load is paused. */
  readonly paused: boolean;
}

/** How the caller follows a run and stops it. */
export interface RunHooks {
  /** Aborted: the open trial becomes invalid with the reason `interrupted`, and the run resolves with what it has. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onTrial?: (trial: Trial) => void;
  readonly onInterval?: (interval: Interval) => void;
  readonly onSample?: (sample: TrialSample) => void;
  /** What changes the load of the trial that runs. Absent: nobody does. */
  readonly control?: RunControl;
}
