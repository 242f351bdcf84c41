/** What an agent has to hand over: a report of each trial, in its memory and on its disk, until the run has it. */
import { isSameTask, type TaskId } from "./agent-task.js";
import type { Spool } from "./spool.js";
import { decodeWire, type WireText } from "./wire.js";

/** Reports that are held in memory at most. */
const mostReports = 32;

interface Held {
  readonly run: string;
  readonly id: TaskId;
  readonly report: WireText;
}

export class AgentReports {
  readonly #spool: Spool | null;
  /** For people: the disk is full, or takes reports again. */
  readonly #say: (text: string) => void;
  #held: Held[] = [];
  #why: string | null = null;

  constructor(spool: Spool | null, say: (text: string) => void) {
    this.#spool = spool;
    this.#say = say;
  }

  /** Memory first: whatever the disk does, the run gets it. */
  keep(run: string, id: TaskId, report: WireText): void {
    this.#held = [...this.#held, { run, id, report }].slice(-mostReports);
    if (this.#spool === null) return;
    const why = this.#spool.write(run, id, report.text);
    if (why === this.#why) return;
    this.#why = why;
    this.#say(
      why === null
        ? "--spool takes reports again"
        : `a report cannot be written to --spool (${why}): it is in memory alone, and is lost when the agent ends`,
    );
  }

  /** Asked again, it says the same again. null: there is none, or none that can be read. */
  find(run: string, id: TaskId): Readonly<Record<string, unknown>> | WireText | null {
    const held = this.#held.find((one) => one.run === run && isSameTask(one.id, id));
    if (held !== undefined) return held.report;
    return readable(this.#spool?.read(run, id) ?? null);
  }

  /** The run has it, and so needs those of earlier attempts at the trial no more. */
  forget(run: string, { trial, attempt }: TaskId): void {
    const isDone = (one: Held): boolean => one.run === run && one.id.trial === trial && one.id.attempt <= attempt;
    const gone = this.#held.filter(isDone);
    this.#held = this.#held.filter((one) => !isDone(one));
    this.#spool?.remove(run, { trial, attempt });
    for (const { id } of gone) this.#spool?.remove(run, id);
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
