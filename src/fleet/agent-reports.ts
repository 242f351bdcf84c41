/** What an agent has to hand over: a report of each trial, in its memory, on its disk and in the journal, until the run has it. */
import { isSameTask, type TaskId } from "./agent-task.js";
import type { Journal } from "./bus.js";
import { subjectOf } from "./names.js";
import type { Spool } from "./spool.js";
import { decodeWire, type WireText } from "./wire.js";

/** Reports that are held in memory at most. */
const mostReports = 32;

interface Held {
  readonly run: string;
  readonly id: TaskId;
  readonly report: WireText;
}

export interface ReportPlaces {
  readonly agent: string;
  readonly spool: Spool | null;
  readonly journal: Journal | null;
  /** For people: the disk is full, or takes reports again. */
  readonly say: (text: string) => void;
}

export class AgentReports {
  readonly #places: ReportPlaces;
  #held: Held[] = [];
  readonly #inJournal = new WeakSet<Held>();
  #why: string | null = null;

  constructor(places: ReportPlaces) {
    this.#places = places;
  }

  /** Memory first: whatever the disk and the journal do, the run gets it. */
  keep(run: string, id: TaskId, report: WireText): void {
    const held = { run, id, report };
    this.#held = [...this.#held, held].slice(-mostReports);
    this.#spool(held);
    this.#toJournal(held);
  }

  /** The way to the journal is there again: it gets what it did not take. */
  keepAgain(): void {
    for (const held of this.#held) if (!this.#inJournal.has(held)) this.#toJournal(held);
  }

  #spool({ run, id, report }: Held): void {
    const { spool, say } = this.#places;
    if (spool === null) return;
    const why = spool.write(run, id, report.text);
    if (why === this.#why) return;
    this.#why = why;
    say(
      why === null
        ? "--spool takes reports again"
        : `a report cannot be written to --spool (${why}): it is in memory alone, and is lost when the agent ends`,
    );
  }

  #toJournal(held: Held): void {
    const { agent, journal } = this.#places;
    const { run, report } = held;
    const { trial, attempt } = held.id;
    const subject = subjectOf.keptTrial(run, trial, agent);
    const kept = journal?.keep(subject, `${run}/${trial}/${attempt}/${agent}`, report);
    kept?.then(() => this.#inJournal.add(held)).catch(() => {});
  }

  /** Asked again, it says the same again. null: there is none, or none that can be read. */
  find(run: string, id: TaskId): Readonly<Record<string, unknown>> | WireText | null {
    const held = this.#held.find((one) => one.run === run && isSameTask(one.id, id));
    if (held !== undefined) return held.report;
    return readable(this.#places.spool?.read(run, id) ?? null);
  }

  /** The run has it, and so needs those of earlier attempts at the trial no more. */
  forget(run: string, { trial, attempt }: TaskId): void {
    const isDone = (one: Held): boolean => one.run === run && one.id.trial === trial && one.id.attempt <= attempt;
    const gone = this.#held.filter(isDone);
    this.#held = this.#held.filter((one) => !isDone(one));
    const { spool } = this.#places;
    spool?.remove(run, { trial, attempt });
    for (const { id } of gone) spool?.remove(run, id);
  }
}

/** A file that somebody else wrote, or cut off. */
function readable(text: string | null): Readonly<Record<string, unknown>> | null {
  try {
    const report = text === null ? null : decodeWire(text);
    return typeof report === "object" && report !== null ? (report as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
