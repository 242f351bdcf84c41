/**
 * Rows of flows that whoever asks does not know yet: most flows of many stand, and all of them are megabytes. Of whoever
 * missed an answer nobody knows what it has: it gets all rows.
 */
import type { FlowCounters } from "../../session/index.js";
import { plainRow } from "./merged-rows.js";

export interface RowChanges {
  /** Counts answers. */
  readonly number: number;
  /** The number of the answer that these are changes of; null: these are all rows. */
  readonly since: number | null;
  readonly flows: readonly FlowCounters[];
  /** Names of flows that are no more. */
  readonly gone: readonly string[];
}

export class ChangedRows {
  #number = 0;
  #rows: ReadonlyMap<string, FlowCounters> = new Map();

  /** `known`: the number of the last answer that was heard; null: none was. */
  since(known: number | null, rows: readonly FlowCounters[]): RowChanges {
    const isKnown = known === this.#number;
    const before = isKnown ? this.#rows : new Map<string, FlowCounters>();
    const now = new Map<string, FlowCounters>();
    const flows: FlowCounters[] = [];
    for (const row of rows) {
      const old = before.get(row.name);
      const isOld = old !== undefined && isSame(old, row);
      const kept = isOld ? old : plainRow(row);
      now.set(row.name, kept);
      if (!isOld) flows.push(kept);
    }
    const gone = [...before.keys()].filter((name) => !now.has(name));
    this.#rows = now;
    return { number: ++this.#number, since: isKnown ? known : null, flows, gone };
  }
}

/** The rows that somebody has who had those of `before`. */
export function changedRows(
  before: ReadonlyMap<string, FlowCounters>,
  { since, flows, gone }: Pick<RowChanges, "since" | "flows" | "gone">,
): ReadonlyMap<string, FlowCounters> {
  if (since !== null && flows.length === 0 && gone.length === 0) return before;
  const rows = new Map(since === null ? [] : before);
  for (const name of gone) rows.delete(name);
  for (const row of flows) rows.set(row.name, row);
  return rows;
}

/** A row may be a view: its figures are read one by one, and no copy is made of those that stand. */
function isSame(old: FlowCounters, row: FlowCounters): boolean {
  for (const name in old) {
    if (!isSameValue(old[name as keyof FlowCounters], row[name as keyof FlowCounters])) return false;
  }
  return true;
}

function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  const [ofA, ofB] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return names.length === Object.keys(b).length && names.every((name) => isSameValue(ofA[name], ofB[name]));
}
