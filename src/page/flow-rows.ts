/** The flows of a run or session as columns of numbers: 10,000 rows are changed, filtered and sorted in milliseconds. */

import { parseDuration } from "../units.js";
import type { FlowListEvent, FlowsEvent } from "./events.js";

export interface FlowOrder {
  /** A figure, name, tx, rx, index, or worst: most lost first, then corrupt, duplicate, reordered, late. */
  readonly by: string;
  readonly descending: boolean;
}

/** What makes a flow a bad one, the worst kind first. */
const ills = ["lost", "corrupt", "duplicate", "reordered", "latencyP99Ns", "latencyMaxNs"] as const;

export const flowStates = ["idle", "running", "paused", "ended"] as const;

interface FlowName {
  readonly index: number;
  readonly name: string;
  readonly tx: string;
  readonly rx: readonly string[];
}

export class FlowRows {
  readonly figures: readonly string[];
  /** By place. A place whose flow was removed is null, until another flow takes it. */
  readonly #flows: (FlowName | null)[] = [];
  readonly #free: number[] = [];
  /** By index, in its order: indexes grow, and are never used again. */
  readonly #places = new Map<number, number>();
  #columns: Float64Array[];
  #live = 0;

  constructor(figures: readonly string[]) {
    this.figures = figures;
    this.#columns = figures.map(() => new Float64Array(64).fill(Number.NaN));
  }

  get count(): number {
    return this.#live;
  }

  flow(place: number): FlowName | null {
    return this.#flows[place] ?? null;
  }

  placeOf(index: number): number | undefined {
    return this.#places.get(index);
  }

  /** NaN: unknown. */
  value(place: number, figure: string): number {
    return this.#columns[this.figures.indexOf(figure)]?.[place] ?? Number.NaN;
  }

  state(place: number): (typeof flowStates)[number] | null {
    return flowStates[this.value(place, "state")] ?? null;
  }

  list({ flows, removed }: FlowListEvent): void {
    for (const index of removed) this.#remove(index);
    for (const flow of [...flows].sort((a, b) => a.index - b.index)) {
      const place = this.#places.get(flow.index) ?? this.#add(flow.index);
      if (this.#flows[place] === null) this.#live++;
      this.#flows[place] = flow;
    }
  }

  /** Places that there is room for: no more than there were flows at once. */
  get room(): number {
    return this.#flows.length;
  }

  #add(index: number): number {
    const place = this.#free.pop() ?? this.#flows.length;
    this.#flows[place] = null;
    this.#places.set(index, place);
    for (const column of this.#columns) if (place < column.length) column[place] = Number.NaN;
    if (place >= (this.#columns[0]?.length ?? 0)) {
      this.#columns = this.#columns.map((column) => {
        const longer = new Float64Array(column.length * 2).fill(Number.NaN);
        longer.set(column);
        return longer;
      });
    }
    return place;
  }

  #remove(index: number): void {
    const place = this.#places.get(index);
    if (place === undefined) return;
    this.#live--;
    this.#flows[place] = null;
    this.#free.push(place);
    this.#places.delete(index);
  }

  update({ rows, v }: FlowsEvent): void {
    const places = rows === null ? [...this.#places.values()] : rows.map((index) => this.#places.get(index) ?? -1);
    v.forEach((values, figure) => {
      const column = this.#columns[figure];
      if (column === undefined) return;
      for (let k = 0; k < places.length; k++) {
        const place = places[k]!;
        if (place >= 0) column[place] = values[k] ?? Number.NaN;
      }
    });
  }

  /** Places of the flows that pass the filter, in this order. */
  view(filter: string, order: FlowOrder): number[] {
    const passes = flowFilter(filter, this.figures);
    const places = [...this.#places.values()].filter((place) => passes(this, place));
    return this.#sort(places, order);
  }

  #sort(places: number[], { by, descending }: FlowOrder): number[] {
    const sign = descending ? -1 : 1;
    if (by === "index") return descending ? places.reverse() : places;
    if (isText(by)) {
      const text = (place: number): string => String(this.#flows[place]?.[by] ?? "");
      const collator = new Intl.Collator("en", { numeric: true });
      return places.sort((a, b) => sign * collator.compare(text(a), text(b)));
    }
    const keys = by === "worst" ? ills : [by];
    const columns = keys
      .map((key) => this.#columns[this.figures.indexOf(key)])
      .filter((column) => column !== undefined);
    const direction = by === "worst" ? -1 : sign;
    return places.sort((a, b) => {
      for (const column of columns) {
        const order = compared(column[a]!, column[b]!, direction);
        if (order !== 0) return order;
      }
      // Sorting is stable: they stay in the order of their indexes.
      return 0;
    });
  }
}

const isText = (by: string): by is "name" | "tx" | "rx" => by === "name" || by === "tx" || by === "rx";

/** What is unknown is last, whichever way it is sorted. */
function compared(a: number, b: number, sign: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return sign * (a - b);
}

type FlowTest = (rows: FlowRows, place: number) => boolean;

/**
 * Words that all have to hold: a part of the flow's name or ports (`web`), or a figure beside a number (`lost>0`,
 * `latencyP99Ns>=50us`, `state=paused`). What is no such comparison is a part of a name.
 */
export function flowFilter(text: string, figures: readonly string[]): FlowTest {
  const tests = text
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => comparison(word, figures) ?? nameTest(word));
  return (rows, place) => tests.every((test) => test(rows, place));
}

function nameTest(word: string): FlowTest {
  const wanted = word.toLowerCase();
  return (rows, place) => {
    const flow = rows.flow(place);
    return flow !== null && `${flow.name}\n${flow.tx}\n${flow.rx.join("\n")}`.toLowerCase().includes(wanted);
  };
}

const operators: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

function comparison(word: string, figures: readonly string[]): FlowTest | null {
  const match = /^([a-z]\w*)(>=|<=|!=|>|<|=)(.+)$/i.exec(word);
  if (match === null) return null;
  const wanted = match[1]!.toLowerCase();
  const figure =
    figures.find((name) => name.toLowerCase() === wanted) ??
    figures.find((name) => name.replace(/^latency|Ns$|Pps$/g, "").toLowerCase() === wanted);
  if (figure === undefined) return null;
  const value = numberOf(match[3]!);
  const test = operators[match[2]!]!;
  return Number.isNaN(value) ? null : (rows, place) => test(rows.value(place, figure), value);
}

function numberOf(text: string): number {
  const state = (flowStates as readonly string[]).indexOf(text);
  if (state >= 0) return state;
  if (text.trim() === "" || !Number.isNaN(Number(text))) return Number(text.trim() === "" ? Number.NaN : text);
  const scaled = /^(\d+(?:\.\d+)?)([kMG])$/.exec(text);
  if (scaled !== null) return Number(scaled[1]) * { k: 1e3, M: 1e6, G: 1e9 }[scaled[2] as "k" | "M" | "G"];
  try {
    return parseDuration(text, "filter", 0);
  } catch {
    return Number.NaN;
  }
}
