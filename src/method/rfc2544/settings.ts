/** What an RFC 2544 run is asked for, and where that leaves the document. */
import { type FrameSize, frameSizeName } from "../../units.js";
import type { Findings } from "../findings.js";
import type { NdrSettings } from "../ndr.js";

export const rfc2544Tests = ["throughput", "latency", "loss", "back-to-back", "recovery", "reset"] as const;
export type Rfc2544Test = (typeof rfc2544Tests)[number];

export interface Rfc2544Settings {
  readonly sizes: readonly FrameSize[];
  readonly tests: readonly Rfc2544Test[];
  /** §26.1, §24; its one goal is throughput. */
  readonly throughput: NdrSettings;
  /** What throughput is where it is not measured: frames per second; null: it is measured. */
  readonly knownPps: ((size: FrameSize) => number) | null;
  readonly latency: { readonly durationNs: number; readonly repeats: number };
  readonly loss: { readonly stepShare: number; readonly durationNs: number };
  readonly backToBack: { readonly longestNs: number; readonly repeats: number };
  /** Has each frame of this size room for a number? Without one, the time of a loss is unknown. */
  readonly isSigned: (size: FrameSize) => boolean;
  readonly recovery: { readonly overloadNs: number; readonly afterNs: number; readonly repeats: number };
  readonly reset: {
    readonly beforeNs: number;
    readonly withinNs: number;
    readonly repeats: number;
    /** What is reset, and how; "" where it is not tested. */
    readonly how: string;
  };
  readonly settleNs: number | null;
  readonly learningFrames: number;
  /** §23: after the learning frames, and between two trials. */
  readonly learningWaitNs: number;
  readonly restabiliseNs: number;
  readonly lineRateBps: number | null;
}

/** What the document asks for. */
export const conforming = {
  trialNs: 60e9,
  latencyNs: 120e9,
  latencyRepeats: 20,
  lossStep: 0.1,
  burstNs: 2e9,
  burstRepeats: 50,
  overloadNs: 60e9,
  recoveryNs: 10e9,
  recoveryRepeats: 5,
  beforeResetNs: 5e9,
  resetWithinNs: 300e9,
  resetRepeats: 3,
  settleNs: 2e9,
  learningFrames: 4,
  learningWaitNs: 2e9,
  restabiliseNs: 5e9,
} as const;

/** And what a quick look takes. */
export const quick = {
  trialNs: 1e9,
  latencyNs: 1e9,
  latencyRepeats: 1,
  lossStep: 0.1,
  burstNs: 0.1e9,
  burstRepeats: 3,
  overloadNs: 1e9,
  recoveryNs: 1e9,
  recoveryRepeats: 1,
  beforeResetNs: 0.5e9,
  resetWithinNs: 30e9,
  resetRepeats: 1,
  settleNs: null,
  learningFrames: 0,
  learningWaitNs: 0,
  restabiliseNs: 0,
} as const;

export const throughputGoal = "throughput";

const seconds = (ns: number): string => `${ns / 1e9} s`;

/** §9.1, for Ethernet. */
const standardSizes: readonly (number | string)[] = [64, 128, 256, 512, 1024, 1280, 1518];

/** What §23 has around a trial. */
function aroundTrials(found: Pick<Rfc2544Settings, "learningFrames" | "learningWaitNs" | "restabiliseNs">): string[] {
  const said: string[] = [];
  if (found.learningFrames === 0) said.push("no learning frames, RFC 2544 §23 asks for some before each trial");
  else if (found.learningWaitNs < conforming.learningWaitNs) {
    said.push(`${seconds(found.learningWaitNs)} after the learning frames, RFC 2544 §23 asks for 2 s`);
  }
  if (found.restabiliseNs === 0) {
    said.push("no wait for residual frames where every frame is back, RFC 2544 §23 asks for 2 s");
  }
  if (found.restabiliseNs < conforming.restabiliseNs) {
    said.push(`${seconds(found.restabiliseNs)} between trials, RFC 2544 §23 asks for 5 s to restabilise`);
  }
  return said;
}

/** What RFC 9971 asks to say of a search's trials: where they are not those of RFC 2544. `settleNs`: what is waited. */
export function searchDeviations({ goals, lineRateBps }: NdrSettings, settleNs: number): string[] {
  const trialNs = Math.min(...goals.map((goal) => goal.trialNs));
  return [
    ...(trialNs < conforming.trialNs ? [`trials of ${seconds(trialNs)}, RFC 2544 §24 asks for 60 s`] : []),
    ...(settleNs < conforming.settleNs ? [`a settle time of ${seconds(settleNs)}, RFC 2544 §23 asks for 2 s`] : []),
    ...aroundTrials(quick),
    ...(lineRateBps === null ? [noLine] : []),
  ];
}

const noLine = "no line's maximum rate to compare with: a virtual port has none (--line-rate)";

/**
 * A sentence for each thing that is not as RFC 2544 asks; empty: it conforms. `settleNs`: what is really waited;
 * `findings`: what came out, where it is known.
 */
export function deviationsOf(
  settings: Rfc2544Settings,
  settleNs: number,
  { backToBack = [] }: Pick<Findings, "backToBack"> = {},
): string[] {
  const said: string[] = [];
  const less = (what: string, found: number, wanted: number, section: string, unit: (n: number) => string): void => {
    if (found < wanted) said.push(`${what} ${unit(found)}, RFC 2544 ${section} asks for ${unit(wanted)}`);
  };
  const has = (test: Rfc2544Test): boolean => settings.tests.includes(test);
  const times = (n: number): string => `${n}`;
  const goalTrial = settings.throughput.goals[0]?.trialNs ?? 0;
  if (has("throughput")) less("trials of", goalTrial, conforming.trialNs, "§24", seconds);
  if (has("latency")) {
    less("latency trials of", settings.latency.durationNs, conforming.latencyNs, "§26.2", seconds);
    less("latency repetitions:", settings.latency.repeats, conforming.latencyRepeats, "§26.2", times);
  }
  if (has("loss")) {
    less("frame loss trials of", settings.loss.durationNs, conforming.trialNs, "§24", seconds);
    if (settings.loss.stepShare > conforming.lossStep) said.push("frame loss in steps above 10 %, RFC 2544 §26.3");
  }
  if (has("back-to-back")) {
    less("bursts of at most", settings.backToBack.longestNs, conforming.burstNs, "§26.4", seconds);
    less("back-to-back repetitions:", settings.backToBack.repeats, conforming.burstRepeats, "§26.4", times);
  }
  if (has("recovery")) {
    less("an overload of", settings.recovery.overloadNs, conforming.overloadNs, "§26.5", seconds);
    if (settings.recovery.repeats === 1) said.push("one recovery trial, RFC 2544 §26.5 asks for several");
  }
  if (settings.knownPps !== null && settings.tests.some((test) => ["latency", "recovery", "reset"].includes(test))) {
    said.push("a throughput that was given and not measured, RFC 2544 §26.2, §26.5, §26.6");
  }
  less("a settle time of", settleNs, conforming.settleNs, "§23", seconds);
  said.push(...aroundTrials(settings));
  const missing = standardSizes.filter((bytes) => !settings.sizes.some((size) => frameSizeName(size) === bytes));
  if (missing.length > 0) said.push(`without frames of ${missing.join(", ")} bytes, which RFC 2544 §9.1 lists`);
  for (const { frameBytes, bursts } of backToBack) {
    if (bursts.length >= Math.min(settings.backToBack.repeats, conforming.burstRepeats)) continue;
    said.push(
      `back-to-back of ${frameBytes} bytes ended after ${bursts.length} repetitions, RFC 2544 §26.4 asks for 50`,
    );
  }
  if (settings.lineRateBps === null) said.push(noLine);
  return said;
}
