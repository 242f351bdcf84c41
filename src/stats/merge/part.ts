/**
 * What the reports of several measurers of one trial are merged by: whose each is, where its queues, streams, numbers
 * and times belong in the trial as a whole, and what a merged figure cannot say.
 *
 *   share 0 of 2, queues 0 and 2      number  0   1   2   3          of the trial  0   2   4   6
 *   share 1 of 2, queues 1 and 3      number  0   1   2   3          of the trial  1   3   5   7
 *
 * The merged trial is the one that a single measurer would have run with all queues. Its frame with index j on queue q
 * has the number start + j · Q + q, whoever sent it.
 */
import { usageError } from "../../errors.js";

/** The trial that all parts make together. */
export interface MergePlan {
  /** Queue pairs of all parts. */
  readonly queues: number;
  readonly startSequence: number;
  readonly streams: number;
}

/** Whose report it is, and where its numbers belong. */
export interface PartPlace {
  /** Names the measurer. Reports with the same id are the same report. */
  readonly id: string;
  /** By its own queue: the queue of the whole trial, ascending. */
  readonly queues: readonly number[];
  /** The number that its own first frame has. */
  readonly startSequence: number;
  /** By its own stream: the stream of the whole trial, ascending. Absent: they are the same. */
  readonly streams?: readonly number[];
  /** The trial's time is the part's time and so much more, give or take the bound. Absent: they are the same. */
  readonly clock?: { readonly aheadNs: number; readonly boundNs: number };
}

export interface PlacedReport<Report> extends PartPlace {
  readonly report: Report;
}

/** Why a merged figure is missing, or is no more than it says: a closed set, with the sentence for people. */
export const inexactReasons = {
  "per measurer": "it is of each measurer's own frames, against its own target",
  "targets differ": "the measurers had different targets",
  "own windows": "each measurer closed its own window",
  "shares of the load": "it is the mean over the measurers, each by its share of the load",
  "each alone": "nobody saw all arrivals in their order",
  "several receivers": "frames of one stream came in at several measurers",
  strayed: "frames that came in at a measurer that did not send them are not in it",
  "numbers never sent": "frames came in with numbers that were never sent",
  "list cut": "a measurer's list was cut",
  "not in every report": "a measurer's report does not say it",
  clocks: "the measurers have several clocks",
} as const;

export type InexactReason = keyof typeof inexactReasons;

export interface Inexact {
  /** The report's field. */
  readonly field: string;
  readonly reason: InexactReason;
  /** Absent: it is no stream's own figure. */
  readonly stream?: number;
  /** How far off it is at most; absent: no bound is known. */
  readonly boundNs?: number;
}

export interface Merged<Report> {
  readonly report: Report;
  readonly inexact: readonly Inexact[];
}

/** As threads share a trial: part i of N has queues i, i + N, i + 2·N … and one clock with all others. */
export function interleavedParts<Report>(plan: MergePlan, reports: readonly Report[]): PlacedReport<Report>[] {
  const { length } = reports;
  return reports.map((report, index) => {
    const queues = Array.from({ length: Math.ceil((plan.queues - index) / length) }, (_, k) => index + k * length);
    return { id: `share ${index}`, queues, startSequence: plan.startSequence, report };
  });
}

/**
 * The parts in the order of their ids, each once. So neither the order in which they came nor a second delivery changes
 * a merged figure.
 */
export function distinctParts<P extends PlacedReport<unknown>>(plan: MergePlan, given: readonly P[]): P[] {
  if (given.length === 0) throw usageError("there is no report to merge");
  const parts = new Map<string, P>();
  for (const part of given) {
    const before = parts.get(part.id);
    if (before === undefined) parts.set(part.id, part);
    else if (!isSame(before, part)) throw usageError("it reported twice, and differently", { where: part.id });
  }
  const sorted = [...parts.values()].sort((a, b) => byId(a.id, b.id));
  for (const part of sorted) checkPlace(plan, part);
  return sorted;
}

/** "share 2" comes before "share 10". */
const byId = (a: string, b: string): number =>
  a.localeCompare(b, "en", { numeric: true }) || (a < b ? -1 : Number(a > b));

function checkPlace(plan: MergePlan, { id, queues, streams = [] }: PartPlace): void {
  checkMap(id, "queue", queues, plan.queues);
  checkMap(id, "stream", streams, plan.streams);
}

function checkMap(id: string, what: string, map: readonly number[], end: number): void {
  const isFine = map.every((at, k) => Number.isInteger(at) && at >= 0 && at < end && (k === 0 || at > map[k - 1]));
  if (!isFine) {
    throw usageError(`its ${what}s are ${map.join(", ")}`, {
      where: id,
      accepted: `ascending numbers below ${end}`,
    });
  }
}

/** Where one of its own queues is in the whole trial. */
export function queueOf({ id, queues }: PartPlace, queue: number): number {
  const at = queues[queue];
  if (at === undefined) throw usageError(`it reports queue ${queue}, and has ${queues.length}`, { where: id });
  return at;
}

/** Where one of the trial's streams is among its own; −1: it has not got it. */
export const ownStreamOf = ({ streams }: PartPlace, stream: number): number => streams?.indexOf(stream) ?? stream;

/** From the number that one of its frames carries to the number that the whole trial gives that frame. */
export function numbersOf(plan: MergePlan, { queues, startSequence }: PartPlace): (number: number) => number {
  return (number) => {
    const place = number - startSequence;
    const queue = place % queues.length;
    return plan.startSequence + ((place - queue) / queues.length) * plan.queues + queues[queue];
  };
}

export const timeOf = ({ clock }: PartPlace, ns: number): number => ns + (clock?.aheadNs ?? 0);

/** The worst bound of all clocks; 0: there is one clock. */
export const clockBoundNs = (parts: readonly PartPlace[]): number =>
  parts.reduce((worst, { clock }) => Math.max(worst, clock?.boundNs ?? 0), 0);

export const sumOver = <T>(list: readonly T[], of: (one: T) => number): number =>
  list.reduce((sum, one) => sum + of(one), 0);

/** Counts by a part's own queue, added up by the trial's queues. */
export function addByQueue(sums: number[], place: PartPlace, counts: readonly number[]): void {
  for (const [queue, count] of counts.entries()) sums[queueOf(place, queue)] += count;
}

export const zeros = (length: number): number[] => Array<number>(length).fill(0);

/** Plain data with typed arrays in it: every number is the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [ofA, ofB] = [Object.entries(a), new Map(Object.entries(b))];
  return ofA.length === ofB.size && ofA.every(([key, value]) => ofB.has(key) && isSame(value, ofB.get(key)));
}
