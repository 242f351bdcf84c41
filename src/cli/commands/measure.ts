/** What `run` and all methods do: a plan, trials that Ctrl-C stops, thresholds and baseline, reports, an exit code. */
import { exitCodes } from "../../errors.js";
import type { OpenBench } from "../../measure/bench.js";
import type { RunHooks, RunPlan } from "../../measure/plan.js";
import type { RunControl } from "../../measure/run-control.js";
import { planChecked } from "../../options/allowed-cores.js";
import type { FleetTexts } from "../../options/fleet-options.js";
import type { AskedMethod } from "../../options/measuring-commands.js";
import { refuseWords } from "../../options/option-values.js";
import { profileOf } from "../../options/profile-option.js";
import { type RunOptions, runOptions } from "../../options/run-options.js";
import type { Profile } from "../../profile/index.js";
import type { Trial } from "../../report/index.js";
import type { Method, RunResult } from "../../result/run-result.js";
import type { OneRun, ShownRun } from "../../serve/index.js";
import type { CommandContext } from "../command.js";
import { useBaseline } from "../output/baseline-file.js";
import type { LiveScreen } from "../output/live-screen.js";
import { allowsColors, isDumb, type Output } from "../output/output.js";
import { reportChoice } from "../output/report-choice.js";
import { stoppable } from "../output/stoppable.js";
import type { CommandRun } from "../output/told-run.js";
import { onFleet } from "./on-fleet.js";

/** A run, decided. */
interface Planned {
  readonly plan: RunPlan;
  /** What the result says of the method. null: a forwarding run, which is none. */
  readonly facts: ((settleNs: number) => Method) | null;
  /** `open`: what it measures on; absent: a lab of this machine. */
  readonly run: (hooks: RunHooks, open?: OpenBench) => Promise<RunResult>;
}

const fixedByFleet = "the load of a run over many generators is fixed";

/**
 * Loaded only where `--live` asks for it. `fixed`: why no key changes the load; "": keys do.
 * null: the terminal cannot be redrawn, and progress comes as lines. @throws PktgenError (2): there is no terminal.
 */
async function liveOf(
  commandLine: string,
  { fixed, whyNoMoreTime }: FixedLoad,
  output: Output,
): Promise<LiveWanted | null> {
  if (isDumb(process.env)) {
    output.message("pktgen-ts: this terminal cannot be redrawn (TERM=dumb): progress comes as lines\n");
    return null;
  }
  const [{ liveScreen, processTerminal }, { asciiOnly }, { RunControl: Control }] = await Promise.all([
    import("../output/live-screen.js"),
    import("../output/run-report.js"),
    import("../../measure/run-control.js"),
  ]);
  const control = fixed === "" ? new Control() : null;
  const terminal = processTerminal();
  const show = (pageUrl: string): LiveScreen =>
    liveScreen({
      ...{ terminal, commandLine, pageUrl },
      options: { color: allowsColors(process.env), ascii: asciiOnly(process.env) },
      nowMs: () => performance.now(),
      signal: (name) => process.kill(process.pid, name),
      load: control === null ? fixed : { control, whyNoMoreTime },
    });
  return { show, control };
}

interface LiveWanted {
  /** Takes the terminal. `pageUrl` "": there is no page. */
  readonly show: (pageUrl: string) => LiveScreen;
  /** What its keys change the load by. */
  readonly control: RunControl | null;
}

interface FixedLoad {
  readonly fixed: string;
  readonly whyNoMoreTime: string;
}

/** Why the load of a command's trials cannot be changed, or their time; "": it can. */
async function whyFixed(method: Method | null, open: OpenBench | undefined): Promise<FixedLoad> {
  const { hasOwnLoad, whyNoMoreTime } = await import("../../measure/run-control.js");
  const name = method?.name ?? null;
  const fixed = hasOwnLoad(name) ? "" : `${name} decides the load of its trials itself`;
  return { fixed: open === undefined ? fixed : fixedByFleet, whyNoMoreTime: whyNoMoreTime(name) };
}

/** What tells the run to a page; null: nobody asked for one. */
async function toldOf(command: CommandRun, { ui, html }: RunOptions): Promise<OneRun | null> {
  if (ui === undefined && html === undefined) return null;
  const { toldRun } = await import("../output/told-run.js");
  return toldRun(command, () => process.kill(process.pid, "SIGINT"));
}

/** null: no page is served. @throws PktgenError (2, 3) */
async function pageOf(told: OneRun | null, { ui }: RunOptions, output: Output): Promise<ShownRun | null> {
  if (told === null || ui === undefined) return null;
  const { showRun } = await import("../output/told-run.js");
  const page = await showRun(told, runOptions.ui.read(ui, "--ui"));
  output.message(`pktgen-ts: the run is shown at ${page.url}\n`);
  return page;
}

/** Where this line cannot be written the last one cannot either, and that is reported. */
const tellLine = (output: Output, line: string): void => void output.result(line).catch(() => {});

/** A bug must not cost what was measured before it. */
const tellTrials =
  (output: Output, trials: readonly Trial[]) =>
  (error: unknown): never => {
    if (trials.length > 0) output.message(`${JSON.stringify({ trials })}\n`);
    throw error;
  };

export async function measure<Options extends RunOptions & FleetTexts>(
  words: readonly string[],
  options: Options,
  { output, finish }: CommandContext,
  planOf: (profile: Profile | null, options: Options) => Promise<Planned>,
  asked: AskedMethod | null = null,
): Promise<void> {
  refuseWords(words);
  const choice = reportChoice(options);
  const { planned, open } = await onFleet(options, asked);
  const profile = await profileOf(options);
  const { plan, facts, run } = await planOf(profile, planned);
  planChecked(plan);
  const [{ hostFacts }, { knownOf }, { exitCodeOf, ndjsonLine, reportRun }, report] = await Promise.all([
    import("../../sys/host.js"),
    import("../../options/known-setup.js"),
    import("../output/run-report.js"),
    import("../../report/index.js"),
  ]);
  const method = facts?.(plan.settleNs ?? 0) ?? null;
  const known = () => ({ ...hostFacts(), ...knownOf(plan), method });
  const baseline = await useBaseline(options, plan.thresholds ?? [], known);
  using work = stoppable(output, options.verbose === true || (options.live === true && isDumb(process.env)));
  const wanted = options.live === true ? await liveOf(plan.commandLine, await whyFixed(method, open), output) : null;
  let live: LiveScreen | null = null;
  const say = (event: "interval" | "trial", value: object): void => {
    if (choice.ndjson) tellLine(output, ndjsonLine(event, value));
  };
  const trials: Trial[] = [];
  // A method takes long: its trials are told one by one.
  const tellsTrials = method !== null && output.messageColumns === null && !choice.ndjson;
  const hooks: RunHooks = {
    signal: work.signal,
    onProgress: (progress) => (live === null ? work.line.show(report.progressText(progress)) : live.progress(progress)),
    onTrial: (trial) => {
      trials.push(trial);
      live?.trial(trial);
      say("trial", trial);
      if (tellsTrials) output.message(`${report.trialLine(trial, trials.length)}\n`);
    },
    onInterval: (interval) => say("interval", interval),
    ...(wanted === null || wanted.control === null ? {} : { control: wanted.control }),
  };
  const judged: Planned["run"] = async (...args) => baseline.judge(await run(...args));
  const told = await toldOf(
    { plan, method, run: judged, hooks, open, description: profile?.description ?? "" },
    options,
  );
  await using page = await pageOf(told, options, output);
  // Nothing that could fail comes between this and the run: an error is read where the terminal is as it was.
  live = wanted?.show(page?.url ?? "") ?? null;
  const measuring = told === null ? judged(hooks, open) : told.carryOut();
  const shown = work.wait(measuring).finally(() => live?.[Symbol.dispose]());
  const result = await shown.catch(tellTrials(output, method === null ? trials : []));
  const { stopped } = work;
  await reportRun(result, choice, output, told === null ? {} : { html: told.file });
  const notUpdated = stopped ? null : baseline.update(result);
  if (notUpdated !== null) output.message(`pktgen-ts: ${notUpdated}\n`);
  finish(stopped ? exitCodes.interrupted : exitCodeOf(result));
}
