/** `--ui` and `--html`: a run as `serve` tells it, on a page while it goes on, and as a file when it has ended. */
import type { OpenBench } from "../../measure/bench.js";
import type { RunHooks, RunPlan } from "../../measure/plan.js";
import { plannedTrials } from "../../method/forwarding.js";
import { isLoopback, type TcpPlace } from "../../options/listen-address.js";
import type { Method, RunResult } from "../../result/run-result.js";
import { type OneRun, oneRun, type PlannedRun, type ShownRun } from "../../serve/index.js";

/** A run of the command line. */
export interface CommandRun {
  readonly plan: RunPlan;
  /** null: a forwarding run. */
  readonly method: Method | null;
  readonly description: string;
  readonly run: (hooks: RunHooks, open?: OpenBench) => Promise<RunResult>;
  readonly hooks: RunHooks;
  /** A fleet; absent: a lab of this machine. */
  readonly open: OpenBench | undefined;
}

const usualPlace: TcpPlace = { kind: "tcp", host: "127.0.0.1", port: 0 };

/** What the page calls its ports. */
const portsOf = ({ dut }: RunPlan): string[] =>
  dut.kind === "external" ? [...new Set([dut.tx, dut.rx].flatMap((port) => port?.text ?? []))] : [dut.kind];

/** A page that stops the run does what Ctrl-C does: `stop`. */
export function toldRun({ plan, method, description, run, hooks: own, open }: CommandRun, stop: () => void): OneRun {
  const planned: PlannedRun = {
    ...{ plan, method, description, options: {}, commandLine: plan.commandLine, ports: portsOf(plan) },
    trialsExpected: method === null ? plannedTrials(plan).length : null,
    command: (method?.name ?? "run") as PlannedRun["command"],
    thresholds: (plan.thresholds ?? []).map(({ text }) => text),
    run: (told, bench) => {
      told.signal.addEventListener("abort", () => own.signal.aborted || stop(), { once: true });
      const onTrial: RunHooks["onTrial"] = (trial) => {
        told.onTrial?.(trial);
        own.onTrial?.(trial);
      };
      return run({ ...told, ...own, onTrial, signal: AbortSignal.any([told.signal, own.signal]) }, bench);
    },
  };
  // What opens it is a fleet, whose generators take no change on their way.
  const { control } = own;
  const one = oneRun({
    planned,
    ...(open === undefined ? {} : { open, isFixed: true }),
    ...(control === undefined ? {} : { control }),
  });
  own.signal.addEventListener("abort", () => one.stop("Ctrl-C"), { once: true });
  return one;
}

/** `true`: no place was named. */
export function showRun(one: OneRun, asked: TcpPlace | true): Promise<ShownRun> {
  const place = asked === true ? usualPlace : asked;
  return one.show(place, isLoopback(place));
}
