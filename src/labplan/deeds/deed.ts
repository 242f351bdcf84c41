/** What a deed is: what one step of a test plan does. Each file in this folder ends in one entry of deeds/index.ts. */

import type { Launcher } from "../../dut/testpmd/launcher.js";
import type { TrialNumbers } from "../../measure/trial-numbers.js";
import type { Trial } from "../../result/run-result.js";
import type { Reason } from "../../stats/cause.js";
import type { CaseDevices } from "../case-devices.js";
import type { ResultsFolder } from "../evidence.js";
import type { LabFacts } from "../order.js";
import type { PlannedDeed } from "../planned.js";
import type { PlannedCase, PlannedStep } from "../steps.js";
import type { OpenTrial, PlanGenerator, PlanRecording } from "../traffic.js";

/** What a case is run with. */
export interface CaseSetup {
  readonly planned: PlannedCase;
  readonly facts: LabFacts;
  /** Starts programs outside of containers. */
  readonly plain: Launcher;
  readonly folder: ResultsFolder;
  readonly maxFrameBytes: number;
  readonly lineRateBps: number | null;
  readonly yesThisInterface: boolean;
  readonly cooperative: boolean;
  readonly warmUpNs: number;
  readonly recording: PlanRecording | null;
  /** The whole run's. */
  readonly numbers: TrialNumbers;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Mounts them once per run. Returns what was done, in sentences. */
  readonly mountHugepages: () => readonly string[];
  /** Trials of the cases before: steps refer to trials of the whole run. */
  readonly trialsBefore: number;
}

/** What the deeds of one case share. */
export interface CaseLab {
  readonly setup: CaseSetup;
  readonly devices: CaseDevices;
  readonly generator: PlanGenerator;
  /** The trial that `start traffic` began. null: none is open. */
  open: OpenTrial | null;
  /** Keeps a trial for the result, and as a file; `word` names it. Returns the trial. */
  keepTrial(step: PlannedStep, trial: Trial, word: string): Trial;
}

/** What a step showed. Absent: nothing of that kind. */
export interface Shown {
  /** Why the step fails. */
  readonly reasons?: readonly Reason[];
  readonly notes?: readonly string[];
  /** A file of the results folder. */
  readonly output?: string;
  readonly trials?: readonly Trial[];
  readonly commandLine?: string;
  readonly literal?: string;
}

export type Verb = PlannedDeed["do"];

export type DeedOf<V extends Verb> = Extract<PlannedDeed, { readonly do: V }>;

/** Does what the step says. Throws a PktgenError where it cannot, which makes the step invalid and ends the case. */
export type Deed<V extends Verb> = (lab: CaseLab, deed: DeedOf<V>, step: PlannedStep) => Promise<Shown> | Shown;

/** Folder of the case's files. */
export const caseFolder = ({ planned }: CaseSetup): string => `case-${planned.case.number}`;
