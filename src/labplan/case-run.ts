/** Carries out the steps of one case, one after the other, and keeps what they showed. Nothing is decided here but how. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Launcher } from "../dut/testpmd/launcher.js";
import { type LinkNamespace, launcherIn, linkEnds, makeLinks } from "../dut/testpmd/links.js";
import { parsePortInfo } from "../dut/testpmd/parse.js";
import { startTestpmd } from "../dut/testpmd/process.js";
import { onWayOut } from "../dut/way-out.js";
import { exitCodes, invalidError, PktgenError } from "../errors.js";
import { endedBy } from "../measure/recorder.js";
import type { TrialNumbers } from "../measure/trial-numbers.js";
import type { CaseResult, StepResult } from "../result/labplan-result.js";
import type { Trial } from "../result/run-result.js";
import { type Reason, reasonsOf, withReasons } from "../stats/cause.js";
import { judgeRun, type VerdictWord } from "../stats/verdict.js";
import { framesWord, rateWord } from "../stats/words.js";
import { sleepNs } from "../sys/sleep.js";
import { frameSizeName } from "../units.js";
import { checkText, checkTraffic, refused } from "./checks.js";
import { RunningDevice } from "./device.js";
import { fileWord, type ResultsFolder } from "./evidence.js";
import type { LabFacts } from "./order.js";
import { portsOnWay, type WayPort } from "./path.js";
import {
  launchLine,
  type PlannedCase,
  type PlannedDeed,
  type PlannedLaunch,
  type PlannedStep,
  plannedLinks,
} from "./steps.js";
import { type OpenTrial, PlanGenerator, type PlanRecording, type TrafficResult } from "./traffic.js";

export interface CaseSetup {
  readonly planned: PlannedCase;
  readonly facts: LabFacts;
  readonly plain: Launcher;
  readonly folder: ResultsFolder;
  readonly maxFrameBytes: number;
  readonly lineRateBps: number | null;
  readonly yesThisInterface: boolean;
  readonly cooperative: boolean;
  readonly recording: PlanRecording | null;
  /** Of the whole run. */
  readonly numbers: TrialNumbers;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Mounts them once per run; gives what was done. */
  readonly mountHugepages: () => readonly string[];
  /** Trials of the cases before: steps refer to trials of the whole run. */
  readonly trialsBefore: number;
}

export interface CaseOutcome {
  readonly steps: readonly StepResult[];
  readonly trials: readonly Trial[];
  readonly verdict: CaseResult["verdict"];
  /** What makes further cases useless, because it is missing on this machine. */
  readonly error: PktgenError | null;
  readonly version: string | null;
}

/** What a step showed. */
interface Shown {
  readonly reasons?: readonly string[];
  readonly notes?: readonly string[];
  readonly output?: string;
  readonly trials?: readonly Trial[];
  readonly commandLine?: string;
  readonly literal?: string;
}

/** Between two looks at a link. */
const linkLookMs = 250;
/** Without any frame for so long, none comes back. */
const silenceMs = 400;

const worstOf = (words: readonly VerdictWord[]): VerdictWord => judgeRun(words.map((verdict) => ({ verdict })));

export class CaseRun {
  readonly #setup: CaseSetup;
  readonly #devices = new Map<string, RunningDevice>();
  /** All that ran, with the files that their transcripts go to. */
  readonly #transcripts: { readonly device: RunningDevice; readonly file: string }[] = [];
  readonly #generator: PlanGenerator;
  readonly #trials: Trial[] = [];
  #open: OpenTrial | null = null;
  #version: string | null = null;

  constructor(setup: CaseSetup) {
    this.#setup = setup;
    this.#generator = new PlanGenerator({
      maxFrameBytes: setup.maxFrameBytes,
      lineRateBps: setup.lineRateBps,
      yesThisInterface: setup.yesThisInterface,
      cooperative: setup.cooperative,
      recording: setup.recording,
      numbers: setup.numbers,
      devices: () => [...this.#devices.values()],
      signal: setup.signal,
    });
  }

  /** All steps, as far as they go; then everything that was started is ended. Rejects only for what is a bug. */
  async run(): Promise<CaseOutcome> {
    const steps: StepResult[] = [];
    let error: PktgenError | null = null;
    using _ = onWayOut(() => this.#keepTranscripts());
    const links = this.#makeLinks();
    if (links instanceof PktgenError) error = links;
    try {
      for (const step of this.#setup.planned.steps) {
        if (error !== null || this.#setup.signal.aborted) {
          steps.push(skipped(step));
          continue;
        }
        const result = await this.#step(step);
        steps.push(result.step);
        error = result.error;
      }
    } finally {
      await this.#end();
      if (links !== null && !(links instanceof PktgenError)) links[Symbol.dispose]();
    }
    if (this.#setup.signal.aborted) markEnded(steps, endedBy(this.#setup.signal).text);
    const verdict = worstOf(steps.map((step) => (step.verdict === "skipped" ? "invalid" : step.verdict)));
    const missing = error !== null && error.exitCode !== exitCodes.invalid ? error : null;
    return { steps, trials: this.#trials, verdict, error: missing, version: this.#version };
  }

  /** What the case's interfaces need before its first step; an error: this machine cannot. */
  #makeLinks(): LinkNamespace | PktgenError | null {
    const { planned, facts, say } = this.#setup;
    const wanted = plannedLinks(planned.case, facts);
    if (wanted === null) return null;
    try {
      const made = makeLinks(wanted.netns, wanted.veths);
      const pairs = wanted.veths.map((link) => `${linkEnds(link).testpmd} to ${linkEnds(link).generator}`);
      say(`  namespace ${wanted.netns}${pairs.length === 0 ? "" : `, veth ${pairs.join(", ")}`}`);
      return made;
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      say(`  INVALID: ${error.toLine()}`);
      return error;
    }
  }

  async #step(step: PlannedStep): Promise<{ readonly step: StepResult; readonly error: PktgenError | null }> {
    const { say } = this.#setup;
    if (step.heading !== null) say(`  ${step.heading}`);
    say(`    ${step.number.padEnd(5)} ${step.text}`);
    const started = performance.now();
    const firstTrial = this.#setup.trialsBefore + this.#trials.length;
    const finished = (shown: Shown, verdict: VerdictWord): StepResult => ({
      number: step.number,
      heading: step.heading,
      what: step.text,
      ...(shown.commandLine === undefined ? {} : { commandLine: shown.commandLine }),
      ...(shown.literal === undefined ? {} : { literal: shown.literal }),
      ...(shown.output === undefined ? {} : { output: shown.output }),
      trials: this.#trials.slice(firstTrial - this.#setup.trialsBefore).map((_, i) => firstTrial + i),
      durationMs: Math.round(performance.now() - started),
      verdict,
      reasons: [...(shown.reasons ?? [])],
      notes: [...(shown.notes ?? [])],
    });
    try {
      this.#checkAlive();
      const shown = await this.#act(step);
      for (const note of shown.notes ?? []) say(`          note: ${note}`);
      for (const reason of shown.reasons ?? []) say(`          FAIL: ${reason}`);
      const words = (shown.trials ?? []).map(({ verdict }) => verdict);
      const own: VerdictWord = (shown.reasons ?? []).length > 0 ? "fail" : "pass";
      return { step: finished(shown, worstOf([...words, own])), error: null };
    } catch (thrown) {
      if (!(thrown instanceof PktgenError)) throw thrown;
      say(`          INVALID: ${thrown.toLine()}`);
      return { step: finished({ reasons: [thrown.toLine()] }, "invalid"), error: thrown };
    }
  }

  #act(step: PlannedStep): Promise<Shown> | Shown {
    const { deed } = step;
    switch (deed.do) {
      case "mount hugepages":
        return { notes: this.#mount(deed) };
      case "launch":
        return this.#launch(deed.launch);
      case "command":
        return this.#command(step, deed);
      case "send":
        return this.#send(step, deed);
      case "start traffic":
        return this.#startTraffic(deed);
      case "watch traffic":
        return this.#watch(deed);
      case "stop traffic":
        return this.#stopTraffic(step, deed);
      case "wait for link":
        return this.#waitForLink(step, deed);
      case "wait":
        return this.#wait(deed.forNs);
      case "quit":
      case "kill":
        return this.#endDevice(deed.device, deed.do);
    }
  }

  #mount({ wish }: PlannedDeed & { readonly do: "mount hugepages" }): readonly string[] {
    if (wish === null) return [];
    return this.#setup.mountHugepages();
  }

  async #launch(launch: PlannedLaunch): Promise<Shown> {
    const { facts, plain, planned, folder, signal, say } = this.#setup;
    const engine = launch.contained ? (facts.launcher ?? plain) : plain;
    const launcher = launch.netns === null ? engine : launcherIn(engine, launch.netns);
    const commandLine = launchLine(launch, facts);
    say(`          ${commandLine}`);
    const { name } = launch.device;
    const earlier = this.#transcripts.filter(({ device }) => device.name === name).length;
    const file = `case-${planned.case.number}/${name}${earlier === 0 ? "" : `-${earlier + 1}`}`;
    folder.write(
      `${file}.command.txt`,
      `${launch.literal === null ? "" : `# as the plan has it:\n# ${launch.literal}\n`}${commandLine}\n`,
    );
    const process = await startTestpmd(
      launch.description,
      {
        launcher,
        name: launch.name,
        mounts: launch.mounts,
        runtimeDirectory: facts.runtimeDirectory,
        sockets: launch.sockets,
        hugepageDirectory: launch.hugepages?.mount ?? null,
      },
      signal,
    );
    const device = new RunningDevice(launch, process);
    this.#devices.set(name, device);
    this.#transcripts.push({ device, file: `${file}.transcript.txt` });
    this.#version ??= process.version?.text ?? null;
    const literal = launch.literal === null ? {} : { literal: launch.literal };
    return { commandLine, ...literal, output: `${file}.transcript.txt`, notes: this.#launchNotes(launch) };
  }

  #launchNotes({ device, contained, description }: PlannedLaunch): string[] {
    const { launcher } = this.#setup.facts;
    const plain = device.place === "container" && !contained;
    const cores = description.lcores.forwarding;
    return [
      ...(plain ? [`${device.name} runs outside of a container: ${launcher?.description ?? "container=none"}`] : []),
      ...(cores < device.cores
        ? [`${device.name} has ${cores} forwarding core instead of ${device.cores}: there are too few CPUs`]
        : []),
    ];
  }

  #device(name: string): RunningDevice {
    const device = this.#devices.get(name);
    if (device === undefined) throw invalidError(`${name} does not run`);
    return device;
  }

  async #command(step: PlannedStep, deed: PlannedDeed & { readonly do: "command" }): Promise<Shown> {
    const device = this.#device(deed.device);
    const answer = await device.type(deed.text);
    const file = `case-${this.#setup.planned.case.number}/${step.number}-${deed.device}-${fileWord(deed.text)}.txt`;
    const output = this.#setup.folder.write(file, `testpmd> ${deed.text}\n${answer}`);
    const reasons = [
      ...refused(deed.text, answer),
      ...checkText(deed.check, {
        answer,
        queues: device.launch.device.queues,
        ports: this.#portsOf(deed.device),
        expected: device.expected,
      }),
    ];
    const unchecked = deed.check.counters !== undefined && !device.expected.exact;
    return { output, reasons, notes: unchecked ? ["counters are not compared: frames were sent at max"] : [] };
  }

  /** Ports of the device on the way of any traffic of this case. */
  #portsOf(device: string): WayPort[] {
    const ways = this.#setup.planned.steps.flatMap(({ deed }) =>
      deed.do === "send" || deed.do === "start traffic" ? [deed.traffic.way] : [],
    );
    return ways.length === 0 ? [] : portsOnWay(ways[0]).filter((port) => port.device === device);
  }

  async #send(step: PlannedStep, { traffic, check }: PlannedDeed & { readonly do: "send" }): Promise<Shown> {
    const trials: Trial[] = [];
    for (const size of traffic.sizes) {
      this.#checkAlive();
      const result = await this.#generator.send(traffic, size);
      trials.push(this.#keep(step, judged(result, checkTraffic(check, result)), String(frameSizeName(size))));
      if (this.#setup.signal.aborted) break;
    }
    return { trials };
  }

  async #startTraffic({ traffic }: PlannedDeed & { readonly do: "start traffic" }): Promise<Shown> {
    this.#open = await this.#generator.begin(traffic);
    return {};
  }

  /** The plan says that frames get lost in it: only what it asks for is judged. */
  async #stopTraffic(step: PlannedStep, { check }: PlannedDeed & { readonly do: "stop traffic" }): Promise<Shown> {
    const open = this.#open!;
    this.#open = null;
    const result = await open.finish();
    const { trial } = result;
    const checks = checkTraffic(check, result).map((text): Reason => ({ cause: "check", text }));
    const [own, others] = [reasonsOf(trial), trial.reasons];
    // Nobody damages frames by starting a device anew.
    const damage = own.filter(({ cause }) => cause === "corrupt");
    const faults = own.filter(({ cause }) => cause === "fault" || cause === "interrupted");
    const failed = [...damage, ...checks];
    const verdict: VerdictWord = faults.length > 0 ? "invalid" : failed.length > 0 ? "fail" : "pass";
    const bare = { ...trial, phase: "under traffic", reasons: [], causes: [], notes: [...trial.notes, ...others] };
    const kept = withReasons(bare, verdict, [...faults, ...failed]);
    return { trials: [this.#keep(step, kept, "traffic")] };
  }

  #keep(step: PlannedStep, trial: Trial, word: string): Trial {
    const { say, folder, planned } = this.#setup;
    const { sent, received, lost, unaccounted, rxPps, verdict } = trial;
    const account = unaccounted === null ? "no ledger" : `${unaccounted} unaccounted for`;
    const counts = `sent ${framesWord(sent)}, received ${received}, lost ${lost}, ${account}, ${rateWord(rxPps)}`;
    say(`          ${word.padStart(5)}: ${counts}: ${verdict.toUpperCase()}`);
    for (const reason of trial.reasons) say(`                 ${reason}`);
    this.#trials.push(trial);
    folder.write(
      `case-${planned.case.number}/${step.number}-${fileWord(word)}.json`,
      `${JSON.stringify(trial, null, 2)}\n`,
    );
    return trial;
  }

  async #watch({ comesBack, withinNs }: PlannedDeed & { readonly do: "watch traffic" }): Promise<Shown> {
    const end = performance.now() + withinNs / 1e6;
    let [last, since] = [this.#generator.received(), performance.now()];
    for (;;) {
      await sleep(50);
      const [now, at] = [this.#generator.received(), performance.now()];
      if (comesBack ? now > last : now === last && at - since >= silenceMs) return {};
      if (now > last) [last, since] = [now, at];
      if (this.#setup.signal.aborted) return {};
      if (at > end) return { reasons: [comesBack ? "nothing came back" : "frames kept coming back"] };
      this.#checkAlive();
    }
  }

  async #waitForLink(step: PlannedStep, deed: PlannedDeed & { readonly do: "wait for link" }): Promise<Shown> {
    const { port, state, withinNs } = deed;
    const device = this.#device(deed.device);
    const end = performance.now() + withinNs / 1e6;
    const text = `show port info ${port}`;
    const file = `case-${this.#setup.planned.case.number}/${step.number}-${deed.device}-${fileWord(text)}.txt`;
    for (;;) {
      const answer = await device.type(text);
      const output = this.#setup.folder.write(file, `testpmd> ${text}\n${answer}`);
      const [found] = parsePortInfo(answer);
      if (found?.linkUp === (state === "up")) return { output };
      if (this.#setup.signal.aborted) return { output };
      if (performance.now() > end) return { output, reasons: [`the link of port ${port} does not come ${state}`] };
      await sleep(linkLookMs);
    }
  }

  async #wait(forNs: number): Promise<Shown> {
    await sleepNs(forNs, this.#setup.signal).catch(() => {});
    return {};
  }

  async #endDevice(name: string, how: "quit" | "kill"): Promise<Shown> {
    const device = this.#device(name);
    const port = this.#portsOf(name).length > 0 && this.#holdsGenerator(name);
    if (port) await this.#generator.close();
    device.endedOnPurpose = true;
    if (how === "kill") {
      device.process.kill("SIGKILL");
      if (device.launch.contained) await this.#setup.facts.launcher?.remove(device.launch.name);
    }
    await device.process[Symbol.asyncDispose]();
    this.#keepTranscripts();
    this.#devices.delete(name);
    return {};
  }

  /** The device has the other end of the generator's port. */
  #holdsGenerator(name: string): boolean {
    return this.#setup.planned.steps.some(
      ({ deed }) => (deed.do === "send" || deed.do === "start traffic") && deed.traffic.device === name,
    );
  }

  #checkAlive(): void {
    const died = [...this.#devices.values()].find(
      ({ process, endedOnPurpose }) => !endedOnPurpose && process.ended() !== null,
    );
    if (died !== undefined) throw invalidError(`${died.name} is gone: ${died.process.ended()!.sentence}`);
  }

  #keepTranscripts(): void {
    for (const { device, file } of this.#transcripts) this.#setup.folder.write(file, device.process.evidence());
  }

  /** The generator first, then what was launched last. Evidence is kept before and after: endings may fail. */
  async #end(): Promise<void> {
    this.#keepTranscripts();
    const open = this.#open;
    this.#open = null;
    const ends = [
      async () => void (await open?.finish()),
      () => this.#generator.close(),
      ...[...this.#devices.values()].reverse().map((device) => async () => {
        if (device.process.ended() === null) await device.process.run("stop").catch(() => {});
        await device.process[Symbol.asyncDispose]();
      }),
    ];
    for (const end of ends) await end().catch((error: unknown) => this.#setup.say(`          ${String(error)}`));
    this.#devices.clear();
    this.#keepTranscripts();
  }
}

/** A trial with the plan's own checks: what fails them is no pass, and what is invalid stays so. */
function judged({ trial }: TrafficResult, reasons: readonly string[]): Trial {
  const fresh = reasons.filter((reason) => !trial.reasons.includes(reason));
  if (fresh.length === 0) return trial;
  const verdict = trial.verdict === "pass" ? "fail" : trial.verdict;
  return withReasons(
    trial,
    verdict,
    fresh.map((text): Reason => ({ cause: "check", text })),
  );
}

const skipped = ({ number, heading, text }: PlannedStep): StepResult => ({
  number,
  heading,
  what: text,
  trials: [],
  durationMs: 0,
  verdict: "skipped",
  reasons: [],
  notes: [],
});

/** The step that was open when the signal came; the ones after it are skipped. */
function markEnded(steps: StepResult[], why: string): void {
  const last = steps.findLastIndex(({ verdict }) => verdict !== "skipped");
  if (last < 0) return;
  const step = steps[last];
  steps[last] = { ...step, verdict: "invalid", reasons: [...new Set([...step.reasons, why])] };
}
