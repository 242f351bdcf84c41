/**
 * Runs a test plan: plans all steps, then carries them out case by case, with the evidence in a results folder from the
 * beginning. At every end, everything that was started is ended, and what was seen is kept.
 */

import { makePrivateDirectory } from "../dut/embedded/directory.js";
import { findLauncher } from "../dut/testpmd/containers.js";
import { type PreparedHugepages, prepareHugepages, readHugepages } from "../dut/testpmd/hugepages.js";
import { limitations } from "../dut/testpmd/limitations.js";
import { parseDpdkVersion } from "../dut/testpmd/version.js";
import type { PktgenError } from "../errors.js";
import { liveUnrecorded, startRecorder, withRecordings } from "../measure/recorder.js";
import { TrialNumbers } from "../measure/trial-numbers.js";
import { parsePortSpec } from "../port/index.js";
import { throughputRows } from "../report/dts.js";
import type { CaseResult, PlanResult } from "../result/labplan-result.js";
import type { Trial } from "../result/run-result.js";
import { judgedBy, notMeasured, type Reason } from "../stats/cause.js";
import { judgeFigures } from "../stats/run-verdict.js";
import { hostFacts } from "../sys/host.js";
import { allowedCpus } from "../sys/thread.js";
import { packageVersion } from "../sys/version.js";
import { caseReasons } from "./case-reasons.js";
import { type CaseOutcome, CaseRun } from "./case-run.js";
import { isContained, usesHugepages } from "./describe.js";
import { stepsText } from "./dry-run.js";
import { ResultsFolder } from "./evidence.js";
import type { PlanHugepages } from "./file/index.js";
import type { LabFacts, TestPlanOrder } from "./order.js";
import { chosenCases, type PlannedCase, planSteps, trafficsIn } from "./steps.js";
import type { PlanRecording } from "./traffic.js";

export interface PlanHooks {
  /** Aborted: the open step becomes invalid, those after it are skipped, and the run resolves with what it has. */
  readonly signal: AbortSignal;
  /** A line of what is being done. */
  readonly say: (line: string) => void;
}

export interface PlanRun {
  readonly result: PlanResult;
  /** What was missing on this machine and ended the run early; null: nothing. */
  readonly error: PktgenError | null;
}

const planSeed = 1;

/** What the command lines of a dry run depend on: nothing is looked at but the CPUs. */
export const dryRunFacts = (): LabFacts => ({
  cpus: allowedCpus(),
  directory: "/tmp/pktgen-ts",
  prefix: "pktgen",
  launcher: null,
  runtimeDirectory: null,
});

/** The steps of a run as text, without doing anything. @throws PktgenError (2): no such case. */
export const dryRun = (order: TestPlanOrder): string => {
  const facts = dryRunFacts();
  return stepsText(order.plan, planSteps(order, facts), facts);
};

/** Hugepages are mounted once per run, by the step that says so, and given back in the end. */
class HugepageKeeper implements Disposable {
  readonly #say: (line: string) => void;
  #prepared: PreparedHugepages | null = null;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** What was done, for the step's notes; what is undone in the end is said then. */
  mount({ mount, pageBytes, count }: PlanHugepages): readonly string[] {
    if (this.#prepared !== null) return [`${mount} is mounted already`];
    const done: string[] = [];
    this.#prepared = prepareHugepages({ mount, sizeBytes: pageBytes, count }, (step) => {
      if (this.#prepared === null) done.push(step);
      else this.#say(`  ${step}`);
    });
    return done.length === 0 ? [`${mount} is mounted already, with ${count} free pages`] : done;
  }

  [Symbol.dispose](): void {
    this.#prepared?.[Symbol.dispose]();
  }
}

const longestFrameBytes = (cases: readonly PlannedCase[]): number =>
  Math.max(
    64,
    ...trafficsIn(cases)
      .flatMap(({ sizes }) => sizes)
      .flatMap((size) => (size.kind === "fixed" ? [size.frameBytes] : size.parts.map(({ frameBytes }) => frameBytes))),
  );

/** Pollers: the generator, and each device's forwarding lcores. */
const pollersOf = (cases: readonly PlannedCase[]): number =>
  Math.max(
    ...cases.map(({ steps }) => {
      const launches = steps.flatMap(({ deed }) => (deed.do === "launch" ? [deed.launch] : []));
      const devices = new Map(launches.map(({ device, description }) => [device.name, description.lcores.forwarding]));
      return [...devices.values()].reduce((sum, cores) => sum + cores, 1);
    }),
  );

/**
 * @throws PktgenError before the first step: no such case (2), no results folder, no container engine where one was
 * asked for (3). Later everything stands in the result.
 */
export async function runTestPlan(order: TestPlanOrder, results: string, hooks: PlanHooks): Promise<PlanRun> {
  const started = new Date();
  const cases = chosenCases(order);
  const folder = new ResultsFolder(results);
  const say = (line: string): void => {
    folder.log(line);
    hooks.say(line);
  };
  folder.keepCopy("plan.yaml", order.plan.file);
  using directory = makePrivateDirectory();
  const plain = await findLauncher("none");
  const contained = cases.some(({ devices }) => devices.some(({ place }) => place === "container"));
  const launcher = contained ? await findLauncher(order.container ?? "auto") : null;
  const facts: LabFacts = {
    cpus: allowedCpus(),
    directory: directory.path,
    prefix: `pktgen-ts-${process.pid}`,
    launcher,
    runtimeDirectory: directory.path,
  };
  const planned = planSteps(order, facts);
  folder.write("steps.txt", stepsText(order.plan, planned, facts));
  if (launcher !== null) say(`containers: ${launcher.description}`);
  for (const line of limitationsThatHold(order, planned)) say(line);
  await using recording = startRecording(order, planned);
  const signal = recording === null ? hooks.signal : AbortSignal.any([hooks.signal, recording.recorder.full]);
  using hugepages = new HugepageKeeper(say);
  const outcomes: CaseOutcome[] = [];
  const setup = {
    facts,
    plain,
    folder,
    maxFrameBytes: longestFrameBytes(planned),
    lineRateBps: order.lineRateBps,
    yesThisInterface: order.yesThisInterface,
    cooperative: pollersOf(planned) > facts.cpus.length,
    warmUpNs: order.warmUpNs,
    recording,
    numbers: new TrialNumbers(order.runId),
    signal,
    say,
    mountHugepages: () => (order.plan.hugepages === null ? [] : hugepages.mount(order.plan.hugepages)),
  };
  let error: PktgenError | null = null;
  for (const one of planned) {
    if (error !== null || (signal.aborted && outcomes.length > 0)) break;
    say(`case ${one.case.number}: ${one.case.name}`);
    const trialsBefore = outcomes.reduce((sum, { trials }) => sum + trials.length, 0);
    const outcome = await new CaseRun({ ...setup, planned: one, trialsBefore }).run();
    outcomes.push(outcome);
    error = outcome.error;
  }
  folder.write("environment.txt", environmentText(order, facts, outcomes));
  const result = resultOf(order, { planned, outcomes, facts, started, folder });
  const trials = await withRecordings(recording?.recorder ?? null, result.trials);
  return { result: { ...result, trials }, error };
}

/**
 * One recording of all trials, as of other methods; null: none. In a pcapng file each port is an interface.
 * @throws PktgenError (2): frames that the kernel makes cannot be recorded.
 */
function startRecording(
  { record }: TestPlanOrder,
  planned: readonly PlannedCase[],
): (PlanRecording & AsyncDisposable) | null {
  const ports = [...new Set(trafficsIn(planned).map(({ port }) => port))];
  const live = ports.map(parsePortSpec).find((spec) => spec.kind === "xdp" && spec.tx === "live");
  if (record.tx !== null && live !== undefined) throw liveUnrecorded();
  const recorder = startRecorder(record, ports);
  return recorder === null ? null : { recorder, ports, [Symbol.asyncDispose]: () => recorder[Symbol.asyncDispose]() };
}

const memoryMibOf = ({ plan }: TestPlanOrder): number =>
  Math.max(...plan.cases.flatMap(({ devices }) => devices.map(({ memoryBytes }) => memoryBytes / 2 ** 20)));

/** Of the plan's own list, what bites here and what is done about it; nothing where no hugepages are used. */
function limitationsThatHold(order: TestPlanOrder, planned: readonly PlannedCase[]): string[] {
  const huge = planned.some(({ case: { devices } }) => devices.some((device) => usesHugepages(device, order)));
  if (!huge) return [];
  const all = limitations({
    version: null,
    hugepages: readHugepages(),
    memoryMib: memoryMibOf(order),
    root: process.geteuid?.() === 0,
  });
  return all.filter(({ holds }) => holds).map(({ stated, why, remedy }) => `limitation: ${stated}: ${why}; ${remedy}`);
}

/** Containers, hugepages, and how the limitations of the plan apply to this machine. */
function environmentText(order: TestPlanOrder, facts: LabFacts, outcomes: readonly CaseOutcome[]): string {
  const text = outcomes.map((outcome) => outcome.version).find((found) => found !== null) ?? null;
  const hugepages = readHugepages();
  const memoryMib = memoryMibOf(order);
  const stated = limitations({
    version: text === null ? null : parseDpdkVersion(text),
    hugepages,
    memoryMib,
    root: process.geteuid?.() === 0,
  });
  return [
    `DPDK: ${text ?? "unknown"}`,
    `CPUs: ${facts.cpus.join(", ")}`,
    `containers: ${facts.launcher?.description ?? "none are used"}`,
    ...hugepages.pools.map(
      ({ sizeBytes, total, free }) => `hugepages of ${sizeBytes / 2 ** 20} MB: ${total}, free ${free}`,
    ),
    "",
    "limitations that the container-networking plan states:",
    ...stated.map(
      ({ stated: words, holds, why, remedy }) =>
        `  ${words}: ${holds ? "holds" : "does not hold"} here: ${why}; ${remedy}`,
    ),
    "",
  ].join("\n");
}

interface Finished {
  readonly planned: readonly PlannedCase[];
  readonly outcomes: readonly CaseOutcome[];
  readonly facts: LabFacts;
  readonly started: Date;
  readonly folder: ResultsFolder;
}

/** What the suite calls descriptors: slots of the container's rings. */
function descriptorsOf({ case: { devices } }: PlannedCase): number {
  const sizes = devices.flatMap(({ vdevs }) =>
    vdevs.flatMap((vdev) => (vdev.driver === "virtio_user" ? [vdev.queueSize] : [])),
  );
  return sizes[0] ?? 0;
}

function caseResult(order: TestPlanOrder, planned: PlannedCase, { steps, trials, verdict }: CaseOutcome): CaseResult {
  const { number, name, id, notes } = planned.case;
  const { lineRateBps, expected, tolerance } = order;
  const rules = { id, descriptors: descriptorsOf(planned), lineRateBps, expected, tolerance };
  const throughput = throughputRows(
    trials.filter(({ phase }) => phase !== "under traffic"),
    rules,
  );
  const isBelow = ({ mpps, expectedMpps }: (typeof throughput)[number]): boolean =>
    mpps <= expectedMpps * (1 - tolerance);
  const below = order.judgeExpected ? throughput.filter(isBelow) : [];
  const reasons = below.map(({ frameBytes, mpps, expectedMpps }): Reason => {
    const less = `less than the ${expectedMpps} Mpps expected, by more than ${tolerance * 100} %`;
    return { cause: "too slow", text: `${frameBytes} bytes: ${mpps} Mpps, ${less}` };
  });
  const judgedVerdict = verdict === "pass" && reasons.length > 0 ? "fail" : verdict;
  const about = { number, name, id, notes: [...notes], steps: [...steps], throughput };
  return { ...about, ...judgedBy(judgedVerdict, reasons) };
}

function resultOf(order: TestPlanOrder, { planned, outcomes, facts, started, folder }: Finished): PlanResult {
  const cases = outcomes.map((outcome, i) => caseResult(order, planned[i], outcome));
  const trials: Trial[] = outcomes.flatMap((outcome) => outcome.trials);
  const { file, title, source, notes } = order.plan;
  const versionText = outcomes.map((outcome) => outcome.version).find((text) => text !== null) ?? null;
  const inside = planned.some(({ case: { devices } }) => devices.some((device) => isContained(device, order, facts)));
  return {
    tool: { name: "pktgen-ts", version: packageVersion(), node: process.version },
    host: { ...hostFacts() },
    started: started.toISOString(),
    command: order.commandLine,
    dut: {
      kind: "testpmd",
      version: versionText === null ? null : `DPDK ${versionText}`,
      containers: inside ? (facts.launcher?.description ?? "none") : "none",
    },
    seed: planSeed,
    runId: order.runId,
    trials,
    ...judgeFigures(
      cases.map((one) => ({ what: `case ${one.number}`, ...judgedBy(one.verdict, caseReasons(one, trials)) })),
      trials.filter(({ phase }) => phase !== "under traffic"),
      outcomes.length < planned.length
        ? notMeasured(`${planned.length - outcomes.length} of ${planned.length} cases were not run`)
        : null,
    ),
    plan: { file, title, source, notes: [...notes], results: folder.path, cases },
  };
}
