/**
 * "INVALID, what now?" Says once for a run what on this machine was in the way, and what to do. It speaks only where
 * the generator or the machine was the reason. Other reasons speak for themselves. Pure.
 */
import type { RunResult, Trial } from "../result/run-result.js";
import { type Cause, classOf, reasonsOf } from "../stats/cause.js";
import { percentWord, rateWord } from "../stats/words.js";
import type { MachineLoad } from "../sys/machine-load.js";

export interface AdviceFacts {
  readonly load: MachineLoad;
  /** Our polling threads, where there are more of them than CPUs. Else null. */
  readonly sharing: number | null;
  /** The user chose CPUs for them. */
  readonly hasCores: boolean;
}

/** By method: the option that names its load. */
const rateOptions: Readonly<Record<string, string>> = {
  run: "--rate",
  soak: "--load",
  burst: "--load",
  latency: "--reference",
  y1564: "--cir",
};

export function adviceOf({ trials, method, verdict }: RunResult, facts: AdviceFacts): string[] {
  if (verdict !== "invalid") return [];
  const spoiled = trials.filter((trial) => trial.verdict === "invalid" || trial.untimely !== undefined);
  const causes = new Set(
    spoiled.flatMap((trial) => [...ourCauses(trial), ...(trial.untimely === undefined ? [] : ["late" as const])]),
  );
  if (causes.size === 0) return [];
  return [machineSentence(trials, facts), ...deeds(spoiled, causes, method?.name ?? "run", facts)];
}

const ourCauses = (trial: Trial): Cause[] =>
  reasonsOf(trial)
    .map(({ cause }) => cause)
    .filter((cause) => classOf(cause) === "generator" || classOf(cause) === "unsteady");

function machineSentence(trials: readonly Trial[], { load, sharing }: AdviceFacts): string {
  const { cpus, load1, runnable, waitingShare } = load;
  const stealMs = trials.reduce((sum, { disturbance }) => sum + (disturbance?.stealMs ?? 0), 0);
  const of = `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}`;
  const said = [
    ...(load1 === null ? [] : [`load ${load1} on ${of}`]),
    ...(runnable === null ? [] : [`${runnable} runnable threads now`]),
    ...(waitingShare === null ? [] : [`some thread waited for a CPU ${percentWord(waitingShare)} of the last 10 s`]),
    ...(stealMs > 0 ? [`the hypervisor took ${Math.round(stealMs)} ms in the trials`] : []),
    ...(sharing === null ? [] : [`${sharing} polling threads of this run share ${of}`]),
  ];
  return `this machine: ${said.length === 0 ? "the kernel says nothing of its load" : said.join("; ")}`;
}

function deeds(spoiled: readonly Trial[], causes: ReadonlySet<Cause>, method: string, facts: AdviceFacts): string[] {
  const { load, sharing, hasCores } = facts;
  const busy = (load.load1 ?? 0) > load.cpus + 0.5;
  const tries = [
    ...(busy ? ["end other programs"] : []),
    ...lowerRate(spoiled, method),
    ...(sharing === null && !hasCores && load.cpus > 3
      ? ["give the polling threads CPUs of their own: --cores 1,2,3"]
      : []),
    ...(sharing !== null ? [`use a machine with ${sharing + 1} CPUs or more`] : []),
    ...wider(spoiled, causes),
  ];
  return tries.length === 0 ? [] : [`try: ${tries.join("; or ")}`];
}

/** Half of what was reached, so that there is room. */
function lowerRate(spoiled: readonly Trial[], method: string): string[] {
  const option = rateOptions[method];
  const paced = spoiled.filter(({ requested }) => requested.pps !== null);
  if (option === undefined || paced.length === 0) return [];
  const reached = Math.min(...paced.map(({ txPps, requested }) => Math.min(txPps, requested.pps ?? txPps)));
  const half = Number((reached / 2).toPrecision(2));
  return half >= 1 ? [`a lower rate, e.g. ${option} ${rateWord(half).replace(" ", "")}`] : [];
}

/** Tolerances that these trials would have kept, where they are not far off. */
function wider(spoiled: readonly Trial[], causes: ReadonlySet<Cause>): string[] {
  const up = (share: number): string => percentWord(Math.ceil(share * 100) / 100);
  const options: string[] = [];
  if (causes.has("load")) {
    const short = Math.max(...spoiled.map(({ txPps, requested: { pps } }) => (pps === null ? 0 : 1 - txPps / pps)));
    if (short > 0 && short <= 0.05) options.push(`--rate-tolerance ${up(short).replace(" ", "")}`);
  }
  if (causes.has("late")) {
    const late = Math.max(...spoiled.map((trial) => trial.late / Math.max(1, trial.sent)));
    if (late > 0 && late <= 0.5) options.push(`--late-tolerance ${up(late).replace(" ", "")}`);
  }
  return options.length === 0 ? [] : [`${options.join(" ")}, if that is exact enough for you`];
}
