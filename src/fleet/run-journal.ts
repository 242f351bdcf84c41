/**
 * What a run leaves in the journal beside its agents' reports: how it was opened, which trials began, what they came to.
 * From these it can be collected when its coordinator is gone.
 */
import { z } from "zod";
import type { MeasureRequest } from "../measure/measurer.js";
import type { RunPlan } from "../measure/plan.js";
import type { FlowList } from "../options/fleet-flows.js";
import type { AskedMethod } from "../options/measuring-commands.js";
import type { RunResult, Trial } from "../result/run-result.js";
import type { Reason } from "../stats/cause.js";
import { isOwnWord, type Journal } from "./bus.js";
import type { MemberClock } from "./combined-trial.js";
import { subjectOf } from "./names.js";
import { answers, protocolVersion } from "./protocol.js";
import type { Blamed, Member, SilentSpell } from "./trial-events.js";

export interface OpenedRun {
  /** For people: whose run it is. */
  readonly by: string;
  readonly plan: RunPlan;
  /** Absent: the run is a forwarding test, or has no name for what it does. */
  readonly method?: AskedMethod;
  readonly settleNs: number;
  /** The result without its trials. */
  readonly frame: Omit<RunResult, "verdict">;
}

interface TrialOfRun {
  readonly trial: number;
  readonly attempt: number;
}

export interface BegunTrial extends TrialOfRun {
  readonly request: MeasureRequest;
  readonly idsGiven: number;
  readonly startNs: number;
  readonly members: readonly (Member & MemberClock)[];
  /** How much of the load each of them had; absent: all had as much. */
  readonly weights?: readonly number[];
  /** Who sent to whom, and which of these read one clock; absent: each received its own frames. */
  readonly flows?: { readonly map: FlowList; readonly oneClock: readonly boolean[] };
}

export interface KeptTrial extends TrialOfRun {
  /** One for each direction. */
  readonly trials: readonly Trial[];
  readonly left: readonly Blamed[];
  readonly silent: readonly SilentSpell[];
  readonly faults: readonly Reason[];
}

const whole = z.int().min(0);
const data = z.looseObject({});
const ofRun = { v: z.literal(protocolVersion), run: z.string() };
const ofTrial = { ...ofRun, trial: whole, attempt: whole };
const ns = z.number();

const schemas = {
  opened: z.looseObject({
    ...{ ...ofRun, by: z.string(), plan: data, settleNs: ns, frame: data },
    method: z.looseObject({ name: z.string(), texts: data }).optional(),
  }),
  begun: z.looseObject({
    ...ofTrial,
    request: data,
    idsGiven: whole,
    startNs: ns,
    members: z.array(
      z.looseObject({ agent: z.string(), incarnation: z.string(), offsetNs: ns.nullable(), boundNs: ns.nullable() }),
    ),
  }),
  merged: z.looseObject({
    ...ofTrial,
    trials: z.array(data).min(1),
    left: z.array(data),
    silent: z.array(data),
    faults: z.array(data),
  }),
  end: z.looseObject(ofRun),
};

/** What can be read of it, in the order in which it was kept; what cannot be read is left out. */
async function readAll<T>(
  journal: Journal | null,
  filter: string,
  schema: z.ZodType,
): Promise<(T & { run: string })[]> {
  const kept = (await journal?.read(filter)) ?? [];
  return kept.flatMap((one) => {
    const checked = schema.safeParse(one.data);
    return checked.success ? [checked.data as T & { run: string }] : [];
  });
}

/** Of one run; `*`: of all. Nothing is kept where the server has no journal. */
export class RunJournal {
  readonly #journal: Journal | null;
  readonly #run: string;
  readonly #pending = new Set<Promise<void>>();

  constructor(journal: Journal | null, run: string) {
    this.#journal = journal;
    this.#run = run;
  }

  opened(run: OpenedRun): void {
    this.#keep(subjectOf.keptPlan(this.#run), run);
  }

  begun(trial: BegunTrial): void {
    this.#keep(subjectOf.keptBegun(this.#run, trial.trial), trial);
  }

  merged(trial: KeptTrial): void {
    this.#keep(subjectOf.keptMerged(this.#run, trial.trial), trial);
  }

  /** Resolves once everything is kept, as far as it can be. */
  async ended(): Promise<void> {
    this.#keep(subjectOf.keptEnd(this.#run), {});
    await Promise.all(this.#pending);
  }

  readOpened(): Promise<(OpenedRun & { run: string })[]> {
    return readAll(this.#journal, subjectOf.keptPlan(this.#run), schemas.opened);
  }

  readBegun(): Promise<(BegunTrial & { run: string })[]> {
    return readAll(this.#journal, subjectOf.keptBegun(this.#run, "*"), schemas.begun);
  }

  readMerged(): Promise<(KeptTrial & { run: string })[]> {
    return readAll(this.#journal, subjectOf.keptMerged(this.#run, "*"), schemas.merged);
  }

  readEnds(): Promise<{ run: string }[]> {
    return readAll(this.#journal, subjectOf.keptEnd(this.#run), schemas.end);
  }

  /** What agents reported of a trial, each for itself. */
  async reports(trial: number): Promise<KeptReport[]> {
    const kept = await this.#journal?.read(subjectOf.keptTrial(this.#run, trial, "*")).catch(() => []);
    return (kept ?? []).filter(isOwnWord).flatMap((one) => {
      const checked = answers.report.safeParse(one.data);
      return checked.success && checked.data.kind === "report" ? [checked.data] : [];
    });
  }

  /** A journal that does not answer loses a record, and no trial. */
  #keep(subject: string, record: object & { readonly attempt?: number }): void {
    const message = { v: protocolVersion, run: this.#run, ...record };
    const kept = this.#journal?.keep(subject, `${subject}/${record.attempt ?? 0}`, message).catch(() => {});
    if (kept === undefined) return;
    this.#pending.add(kept);
    void kept.then(() => this.#pending.delete(kept));
  }
}

export type KeptReport = Extract<z.infer<typeof answers.report>, { readonly kind: "report" }>;
