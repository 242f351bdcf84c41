/** What somebody does to a trial while it runs: its load is paused, goes on, or has another rate; or it lasts longer. The result says so. */
import type { TrialSpec } from "../engine/loop/index.js";
import type { Generator, SentTurn } from "../engine/trial/index.js";
import { invalidError, type PktgenError, usageError } from "../errors.js";
import type { TrialChange } from "../result/run-result.js";
import { framesWord, timeWord } from "../stats/words.js";
import { monotonicClock } from "../sys/clock.js";
import { type AppliedChange, type LoadChange, LoadNow, type LoadState, type StreamTurn } from "./load-now.js";

/** The trial that can be changed. */
export interface ControlledTrial {
  readonly generator: Pick<Generator, "change" | "progress">;
  /** Of each direction; both have the same load. */
  readonly specs: readonly TrialSpec[];
  readonly lineRateBps: number | null;
}

/** Commands whose trials have a load that may be changed: of all others it is what they look for. */
const withOwnLoad: ReadonlySet<string> = new Set(["run", "soak"]);

/** `method`: null is a run. */
export const hasOwnLoad = (method: string | null): boolean => withOwnLoad.has(method ?? "run");

/** Why no trial of this command may last longer than it was planned to; "": those with a duration may. */
export const whyNoMoreTime = (method: string | null): string =>
  method === null || method === "run" ? "" : `${method} goes on in pieces, which have their time from the whole`;

export type ChangeListener = (change: LoadChange) => void;

/** A change takes effect in a moment, so that threads that share the trial make it together. */
const leadNs = 1_000_000;

/**
 * More time is asked for so long before the end at least. Otherwise one of several threads that had no CPU for a moment could
 * end as it was planned to, while the others go on.
 */
const leastLeftNs = 200_000_000;

/** Made by who follows a run, and given to it as one of its hooks. */
export class RunControl {
  #open: OpenTrial | null = null;
  readonly #listeners = new Set<ChangeListener>();

  /** Is told of each change that was made, whoever asked for it. */
  listen(listener: ChangeListener): void {
    this.#listeners.add(listener);
  }

  /** How much longer the trial that runs lasts than it was planned to. */
  get addedNs(): number {
    return this.#open?.addedNs ?? 0;
  }

  /** null: no trial runs. */
  get state(): LoadState | null {
    return this.#open?.load.state ?? null;
  }

  /**
   * Resolves when the generator has done it, with what the result says of it.
   * @throws PktgenError (4): no trial is sending. PktgenError (2): no such stream, no such rate for this load, or
   * no time that could be longer.
   */
  async change(change: LoadChange): Promise<TrialChange> {
    const [told] = await this.changeAll([change]);
    return told!;
  }

  /** Makes all of them at the same moment; one that cannot be refuses all. @throws as `change` does */
  async changeAll(changes: readonly LoadChange[]): Promise<TrialChange[]> {
    if (this.#open === null) throw nothingRuns();
    const made = await this.#open.change(changes);
    for (const [k, { isNew }] of made.entries()) {
      if (isNew) for (const listener of this.#listeners) listener(changes[k]!);
    }
    return made.map(({ told }) => told);
  }

  /** A trial begins. Returns how it ends, which tells all that was changed in it. */
  begin(trial: ControlledTrial): () => readonly TrialChange[] {
    const open = new OpenTrial(trial);
    this.#open = open;
    return () => {
      this.#open = null;
      return open.made();
    };
  }
}

const nothingRuns = (): PktgenError =>
  invalidError("the load cannot be changed: no trial is sending", {
    hint: "a trial can be changed from its first to its last frame",
  });

interface ToldChange {
  readonly told: TrialChange;
  readonly isNew: boolean;
}

class OpenTrial {
  readonly load: LoadNow;
  readonly #trial: ControlledTrial;
  /** Changes that were asked for, and how many turns come before each. */
  readonly #asked: { readonly change: TrialChange; readonly turnsBefore: number }[] = [];
  #turns = 0;
  #addedNs = 0;
  /** Changes are made one after another: the generator counts those that it made. */
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;

  constructor(trial: ControlledTrial) {
    this.#trial = trial;
    this.load = new LoadNow(trial.specs[0]!, trial.lineRateBps);
  }

  get addedNs(): number {
    return this.#addedNs;
  }

  /** `isNew`: false where the load was so before; then the trial is as good as it was. */
  change(changes: readonly LoadChange[]): Promise<ToldChange[]> {
    // At once where none is under way: who asks again at once, as keys do, sees the load as it will be.
    const made = this.#underWay === 0 ? this.#change(changes) : this.#last.then(() => this.#change(changes));
    this.#underWay++;
    this.#last = made.catch(() => {}).finally(() => this.#underWay--);
    return made;
  }

  async #change(changes: readonly LoadChange[]): Promise<ToldChange[]> {
    const { generator } = this.#trial;
    const progress = generator.progress();
    if (progress?.phase !== "sending") throw nothingRuns();
    const addNs = changes.reduce((sum, change) => sum + (change.kind === "extend" ? change.addNs : 0), 0);
    if (addNs > 0) this.#checkTime(addNs, progress.beganAtNs);
    const applied = this.load.applyAll(changes);
    const atNs = monotonicClock().nowNs() + leadNs;
    const told = applied.map(({ streams, pps }, k): TrialChange => {
      const change = changes[k]!;
      return {
        atNs: Math.round(atNs - progress.beganAtNs),
        kind: change.kind,
        streams: streams === null ? null : [...streams],
        pps,
        ...(change.kind === "extend" ? { addNs: change.addNs } : {}),
      };
    });
    const turns = applied.flatMap((each) => each.turns);
    if (turns.length > 0) await this.#make(turns, atNs, () => this.#note(told, applied));
    this.#addedNs += addNs;
    return told.map((each, k) => ({ told: each, isNew: applied[k]!.turns.length > 0 }));
  }

  /** Changes that the generator is asked for now. */
  #note(told: readonly TrialChange[], applied: readonly AppliedChange[]): void {
    for (const [k, { turns }] of applied.entries()) {
      if (turns.length > 0) this.#asked.push({ change: told[k]!, turnsBefore: this.#turns });
      this.#turns += turns.length;
    }
  }

  /** @throws PktgenError (4): the trial was over before the first of them. */
  async #make(turns: readonly StreamTurn[], atNs: number, note: () => void): Promise<void> {
    const { generator, specs } = this.#trial;
    const [{ trial }, { totalPps }] = [specs[0]!, this.load];
    const [turnsBefore, askedBefore] = [this.#turns, this.#asked.length];
    note();
    // It may be made with the last frames: then the trial is over before that is seen.
    await generator
      .change(turns.map((turn): SentTurn => ({ ...turn, atNs, totalPps, trial })))
      .catch((error: unknown) => {
        if (this.#made <= turnsBefore) throw error;
      });
    if (this.#made > turnsBefore) return;
    // Later ones may still be made, where only one direction has ended.
    this.#asked.length = askedBefore;
    this.#turns = turnsBefore;
    throw nothingRuns();
  }

  /** @throws PktgenError (2): this trial has no time that could be longer. PktgenError (4): it is as good as over. */
  #checkTime(addNs: number, beganAtNs: number): void {
    const { count, durationNs } = this.#trial.specs[0]!;
    const accepted = "a trial with a duration";
    if (count !== null) {
      const what = `a trial of ${framesWord(count)} ends with its last frame: more time would change nothing`;
      throw usageError(what, { where: "extend", accepted, hint: "begin it with a duration instead of a count" });
    }
    if (!Number.isFinite(durationNs)) {
      const what = "a trial without an end cannot last longer";
      throw usageError(what, { where: "extend", accepted, hint: "it goes on until it is stopped" });
    }
    const wholeNs = durationNs + this.#addedNs;
    if (wholeNs + addNs > Number.MAX_SAFE_INTEGER) {
      const hint = "run one after another";
      throw usageError(`${timeWord(addNs)} more is too long`, { where: "extend", accepted: "104 days in all", hint });
    }
    const leftNs = beganAtNs + wholeNs - monotonicClock().nowNs();
    if (leftNs >= leastLeftNs) return;
    throw invalidError("the trial cannot last longer: its last frame leaves now, or has left", {
      accepted: `more time, ${timeWord(leastLeftNs)} before its end at least`,
      hint: "begin another run",
    });
  }

  /** What was changed before the last frame left. */
  made(): readonly TrialChange[] {
    const made = this.#made;
    return this.#asked.filter(({ turnsBefore }) => turnsBefore < made).map(({ change }) => change);
  }

  /** Turns that the generator has made. */
  get #made(): number {
    return this.#trial.generator.progress()?.turns ?? 0;
  }
}
