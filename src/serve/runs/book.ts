/** All runs of a server: those that go on, the last ones that ended, and those of its history. */
import type { RunResult, Trial } from "../../result/run-result.js";
import type { PortClaims } from "../claims.js";
import type { RunBody, RunInfo } from "../contract.js";
import type { EventJournal, KeptEvent } from "../events/journal.js";
import { idStamp } from "../id-stamp.js";
import { RequestRefusal } from "../refusal.js";
import type { History } from "./history.js";
import type { PlannedRun } from "./planned.js";
import { Run } from "./run.js";

/** Runs that ended and stay in memory where there is no history. */
const mostKept = 20;
/** Runs at the same time, each on ports of its own. */
const mostAtOnce = 16;

/** A run that can be asked, whether it goes on or not. */
export interface AskedRun {
  readonly info: RunInfo;
  /** null: it has none, or not yet. */
  readonly result: () => RunResult | null;
  readonly events: () => readonly KeptEvent[];
  /** What it was begun by: given again, it begins the same run, by what a profile's file says then. null: nobody asked this server for it. */
  readonly request: () => RunBody | null;
  /** null: it ended before this server began. */
  readonly journal: EventJournal | null;
  readonly run: Run | null;
}

export class RunBook {
  readonly #runs = new Map<string, Run>();
  readonly #requests = new Map<string, RunBody>();
  readonly #work = new Set<Promise<void>>();
  readonly #claims: PortClaims;
  readonly #history: History | null;
  readonly #onTrial: (run: Run, trial: Trial) => void;
  readonly #onEnd: (run: Run) => void;
  /** Where a run cannot be kept in the history, why. */
  readonly #note: (text: string) => void;
  #number = 0;

  constructor(
    claims: PortClaims,
    history: History | null,
    told: {
      readonly onTrial: (run: Run, trial: Trial) => void;
      readonly onEnd: (run: Run) => void;
      readonly note: (text: string) => void;
    },
  ) {
    this.#claims = claims;
    this.#history = history;
    this.#onTrial = told.onTrial;
    this.#onEnd = told.onEnd;
    this.#note = told.note;
  }

  get going(): readonly Run[] {
    return [...this.#runs.values()].filter(({ isOver }) => !isOver);
  }

  /** @throws RequestRefusal (409) where a port has another owner. */
  begin(planned: PlannedRun, request: RunBody): Run {
    const { name = "", stopWithClient = false } = request;
    if (this.going.length >= mostAtOnce)
      throw new RequestRefusal("too-many", `${mostAtOnce} runs go on`, { hint: "stop one" });
    const id = `r-${idStamp(new Date())}-${++this.#number}`;
    this.#claims.take(planned.ports, { kind: "run", id });
    const run = new Run({ id, name, planned, stopWithClient });
    this.#runs.set(id, run);
    this.#requests.set(id, request);
    const work = this.#carryOut(run);
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
    return run;
  }

  /** A run of somebody else, who carries it out. */
  show(run: Run): void {
    this.#runs.set(run.id, run);
  }

  /** @throws RequestRefusal (404) */
  ask(id: string): AskedRun {
    const run = this.#runs.get(id);
    if (run !== undefined) {
      const events = (): readonly KeptEvent[] => run.journal.after(0);
      const request = (): RunBody | null => this.#requests.get(id) ?? null;
      return { info: run.info(), result: () => run.result, events, request, journal: run.journal, run };
    }
    const history = this.#history;
    const info = history?.info(id) ?? null;
    if (history === null || info === null)
      throw new RequestRefusal("not-found", `there is no run "${id}"`, { where: "id" });
    const result = (): RunResult | null => {
      const text = history.result(id);
      return text === null ? null : (JSON.parse(text) as RunResult);
    };
    const events = (): readonly KeptEvent[] => history.events(id);
    return { info, result, events, request: () => history.request(id), journal: null, run: null };
  }

  /** Newest first. */
  list(limit: number, before: string | undefined): RunInfo[] {
    const ids = new Set([...this.#runs.keys(), ...(this.#history?.ids() ?? [])]);
    const sorted = [...ids].sort(byTime).reverse();
    const from = before === undefined ? sorted : sorted.filter((id) => byTime(id, before) < 0);
    return from.slice(0, limit).flatMap((id) => this.#runs.get(id)?.info() ?? this.#history?.info(id) ?? []);
  }

  /** @throws RequestRefusal (404, 409) */
  forget(id: string): void {
    const { run } = this.ask(id);
    if (run !== null && !run.isOver) {
      throw new RequestRefusal("wrong-state", `run ${id} goes on`, {
        accepted: "a run that has ended",
        hint: "stop it first",
      });
    }
    this.#drop(id);
    this.#history?.forget(id);
  }

  /** Stops all; resolves when they have ended, and are kept. */
  async close(): Promise<void> {
    for (const run of this.going) run.stop("the server ends");
    await Promise.all(this.#work);
  }

  async #carryOut(run: Run): Promise<void> {
    await run.carryOut((trial) => this.#onTrial(run, trial));
    this.#claims.release(run.id);
    this.#onEnd(run);
    if (this.#isKept(run)) this.#drop(run.id);
    else this.#forgetOldest();
  }

  #drop(id: string): void {
    this.#runs.delete(id);
    this.#requests.delete(id);
  }

  /** A run that the disk does not take stays in memory. */
  #isKept(run: Run): boolean {
    if (this.#history === null) return false;
    try {
      const result = run.result === null ? null : `${JSON.stringify(run.result)}\n`;
      const request = JSON.stringify(this.#requests.get(run.id) ?? {});
      this.#history.keep(run.info(), { request, result, events: run.journal.after(0) });
      return true;
    } catch (error) {
      this.#note(`run ${run.id} could not be kept (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
      return false;
    }
  }

  #forgetOldest(): void {
    const over = [...this.#runs.values()].filter(({ isOver }) => isOver);
    for (const run of over.slice(0, Math.max(0, over.length - mostKept))) this.#drop(run.id);
  }
}

/** By time, then by number. */
function byTime(a: string, b: string): number {
  const [left, right] = [a, b].map((id) => id.split("-"));
  const times = `${left![1]}-${left![2]}`.localeCompare(`${right![1]}-${right![2]}`);
  return times === 0 ? Number(left![3]) - Number(right![3]) : times;
}
