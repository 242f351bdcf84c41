/** A test plan's run, decided: the plan, what the user asked for, and what the machine has. Plain data. */
import type { ContainerWish } from "../dut/testpmd/containers.js";
import type { Launcher } from "../dut/testpmd/launcher.js";
import type { RecordPlan } from "../measure/recorder.js";
import type { ExpectedThroughput } from "../report/dts.js";
import type { FrameSize, Rate } from "../units.js";
import type { TestPlan } from "./file/index.js";

export interface TestPlanOrder {
  readonly plan: TestPlan;
  /** Numbers of the cases to run; null: all. */
  readonly cases: readonly number[] | null;
  /** null: the plan's own, here and below. */
  readonly sizes: readonly FrameSize[] | null;
  readonly rate: Rate | null;
  readonly count: number | null;
  readonly durationNs: number | null;
  /** Of the generator, each time it has connected. */
  readonly warmUpNs: number;
  readonly container: ContainerWish | null;
  readonly hugepages: boolean | null;
  readonly expected: ExpectedThroughput;
  /** Whether a rate below what is expected fails. */
  readonly judgeExpected: boolean;
  /** A share. */
  readonly tolerance: number;
  readonly lineRateBps: number | null;
  /** Send also on an interface that carries the default route or an SSH connection. */
  readonly yesThisInterface: boolean;
  /** Captures of all trials of all cases. */
  readonly record: RecordPlan;
  /** As RunPlan has it. */
  readonly runId: number;
  readonly program: string;
  readonly commandLine: string;
}

/** What the planned command lines depend on, in addition to the order. */
export interface LabFacts {
  /** CPUs that this process may use. */
  readonly cpus: readonly number[];
  /** The folder of the run's sockets. */
  readonly directory: string;
  /** Of file prefixes and containers: unique on this machine. */
  readonly prefix: string;
  /** For devices in a container; null: there is none to be seen, and only its inside is shown. */
  readonly launcher: Launcher | null;
  /** DPDK's folder for its own sockets; null: its own choice. */
  readonly runtimeDirectory: string | null;
}

/** How long frames of every trial are awaited. (RFC 2544 §23 asks for 2 s with an unknown device.) */
export const planSettleNs = 1e9;
