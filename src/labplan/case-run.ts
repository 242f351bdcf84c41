/** Carries out the steps of one case, one after the other, and keeps what they showed. What a step does is in deeds/. */
import { type LinkNamespace, linkEnds, makeLinks } from "../dut/testpmd/links.js";
import { onWayOut } from "../dut/way-out.js";
import { exitCodes, PktgenError } from "../errors.js";
import { endedBy } from "../measure/recorder.js";
import type { CaseResult, StepResult } from "../result/labplan-result.js";
import type { Trial } from "../result/run-result.js";
import { faultReason, judgedBy, type Reason, type VerdictWord, withReasons } from "../stats/cause.js";
import { judgeRun } from "../stats/verdict.js";
import { framesWord, rateWord } from "../stats/words.js";
import { CaseDevices } from "./case-devices.js";
import { type CaseLab, type CaseSetup, caseFolder, type Shown } from "./deeds/deed.js";
import { carryOut } from "./deeds/index.js";
import { fileWord } from "./evidence.js";
import { type PlannedStep, plannedLinks } from "./steps.js";
import { PlanGenerator } from "./traffic.js";

export interface CaseOutcome {
  readonly steps: readonly StepResult[];
  readonly trials: readonly Trial[];
  readonly verdict: CaseResult["verdict"];
  /** What makes further cases useless, because it is missing on this machine. */
  readonly error: PktgenError | null;
  readonly version: string | null;
}

const worstOf = (words: readonly VerdictWord[]): VerdictWord => judgeRun(words.map((verdict) => ({ verdict })));

export class CaseRun {
  readonly #lab: CaseLab;
  readonly #trials: Trial[] = [];

  constructor(setup: CaseSetup) {
    const devices = new CaseDevices(setup.folder, setup.planned);
    const generator = new PlanGenerator({ ...setup, devices: () => devices.running });
    const keepTrial = (step: PlannedStep, trial: Trial, word: string): Trial => this.#keep(step, trial, word);
    this.#lab = { setup, devices, generator, open: null, keepTrial };
  }

  /** All steps, as far as they go; then everything that was started is ended. Rejects only for what is a bug. */
  async run(): Promise<CaseOutcome> {
    const { setup, devices } = this.#lab;
    const { planned, signal } = setup;
    const steps: StepResult[] = [];
    let error: PktgenError | null = null;
    using _ = onWayOut(() => devices.keepTranscripts());
    const links = this.#makeLinks();
    if (links instanceof PktgenError) error = links;
    try {
      for (const step of planned.steps) {
        if (error !== null || signal.aborted) {
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
    if (signal.aborted) markEnded(steps, endedBy(signal));
    const verdict = worstOf(steps.map((step) => (step.verdict === "skipped" ? "invalid" : step.verdict)));
    const missing = error !== null && error.exitCode !== exitCodes.invalid ? error : null;
    return { steps, trials: this.#trials, verdict, error: missing, version: devices.version };
  }

  /** What the case's interfaces need before its first step; an error: this machine cannot. */
  #makeLinks(): LinkNamespace | PktgenError | null {
    const { planned, facts, say } = this.#lab.setup;
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
    const { say, trialsBefore } = this.#lab.setup;
    if (step.heading !== null) say(`  ${step.heading}`);
    say(`    ${step.number.padEnd(5)} ${step.text}`);
    const started = performance.now();
    const firstTrial = this.#trials.length;
    const finished = (shown: Shown, verdict: VerdictWord): StepResult => ({
      number: step.number,
      heading: step.heading,
      what: step.text,
      ...(shown.commandLine === undefined ? {} : { commandLine: shown.commandLine }),
      ...(shown.literal === undefined ? {} : { literal: shown.literal }),
      ...(shown.output === undefined ? {} : { output: shown.output }),
      trials: this.#trials.slice(firstTrial).map((_, i) => trialsBefore + firstTrial + i),
      durationMs: Math.round(performance.now() - started),
      ...judgedBy(verdict, shown.reasons ?? []),
      notes: [...(shown.notes ?? [])],
    });
    try {
      this.#lab.devices.checkAlive();
      const shown = await carryOut(this.#lab, step);
      for (const note of shown.notes ?? []) say(`          note: ${note}`);
      for (const { text } of shown.reasons ?? []) say(`          FAIL: ${text}`);
      const words = (shown.trials ?? []).map(({ verdict }) => verdict);
      const own: VerdictWord = (shown.reasons ?? []).length > 0 ? "fail" : "pass";
      return { step: finished(shown, worstOf([...words, own])), error: null };
    } catch (thrown) {
      if (!(thrown instanceof PktgenError)) throw thrown;
      say(`          INVALID: ${thrown.toLine()}`);
      return { step: finished({ reasons: [faultReason(thrown.toLine())] }, "invalid"), error: thrown };
    }
  }

  #keep(step: PlannedStep, trial: Trial, word: string): Trial {
    const { setup } = this.#lab;
    const { sent, received, lost, unaccounted, rxPps, verdict } = trial;
    const account = unaccounted === null ? "no ledger" : `${unaccounted} unaccounted for`;
    const counts = `sent ${framesWord(sent)}, received ${received}, lost ${lost}, ${account}, ${rateWord(rxPps)}`;
    setup.say(`          ${word.padStart(5)}: ${counts}: ${verdict.toUpperCase()}`);
    for (const reason of trial.reasons) setup.say(`                 ${reason}`);
    this.#trials.push(trial);
    const file = `${caseFolder(setup)}/${step.number}-${fileWord(word)}.json`;
    setup.folder.write(file, `${JSON.stringify(trial, null, 2)}\n`);
    return trial;
  }

  /** The generator first, then what was launched last. Evidence is kept before and after: endings may fail. */
  async #end(): Promise<void> {
    const { setup, devices, generator, open } = this.#lab;
    devices.keepTranscripts();
    this.#lab.open = null;
    const ends = [async () => void (await open?.finish()), () => generator.close(), ...devices.endings()];
    for (const end of ends) await end().catch((error: unknown) => setup.say(`          ${String(error)}`));
    devices.keepTranscripts();
  }
}

const skipped = ({ number, heading, text }: PlannedStep): StepResult => ({
  number,
  heading,
  what: text,
  trials: [],
  durationMs: 0,
  verdict: "skipped",
  reasons: [],
  causes: [],
  notes: [],
});

/** The step that was open when the signal came; the ones after it are skipped. */
function markEnded(steps: StepResult[], why: Reason): void {
  const last = steps.findLastIndex(({ verdict }) => verdict !== "skipped");
  if (last < 0) return;
  const { verdict: _, ...step } = steps[last];
  steps[last] = withReasons({ ...step, verdict: "invalid" }, "invalid", [why]);
}
