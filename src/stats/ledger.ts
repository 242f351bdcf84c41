/**
 * The ledger: does every frame that was sent lie somewhere that is known? From the generator's and the DUT's own
 * counters, per link and hop and queue. Only drop counters and ring indices explain a loss; what they leave over is a
 * residual, and `unaccounted` is the sum of their magnitudes, so that two errors never cancel.
 *
 *   generator ──link──▸ host> ──link──▸ container ──link──▸ host< ──link──▸ generator
 */

import { framesWord } from "./words.js";

/** Differences of two snapshots, read while nothing was in flight. */
export interface HopQueueCounters {
  readonly queue: number;
  /** Frames that the hop took, and that it handed on. */
  readonly rx: number;
  readonly tx: number;
  readonly dropped: number;
  /** Frames the hop made out of others, on purpose. */
  readonly duplicated: number;
  /** Frames left in the ring before the hop that it has not taken, where ring indices tell; else 0. */
  readonly inRing: number;
}

export interface HopCounters extends Omit<HopQueueCounters, "queue"> {
  readonly name: string;
  /** Empty where the DUT counts per port only: then links and hops are compared in total. */
  readonly queues: readonly HopQueueCounters[];
}

export interface GeneratorQueueCounters {
  readonly queue: number;
  /** Taken by the peer: the used index moved past them. */
  readonly sent: number;
  /** Every frame taken from the receive ring, stale and foreign ones too. */
  readonly arrived: number;
  /** Frames left in the receive ring. */
  readonly inRing: number;
}

/** One sum that should be zero. `queue` is null where it is a total. */
export interface Residual {
  readonly kind: "link" | "hop" | "sum";
  /** The hop that took (link), or whose counters these are. The generator's receive side is "generator". */
  readonly name: string;
  readonly queue: number | null;
  /** link: tx − rx − in the ring; hop: rx + duplicated − tx − dropped; sum: port − Σ queues. */
  readonly frames: number;
}

export interface Ledger {
  /** Those that are not zero. */
  readonly residuals: readonly Residual[];
  /** Σ |residual|. Null without any hop: a DUT without counters. */
  readonly unaccounted: number | null;
  /** One sentence for each residual that is not zero. */
  readonly sentences: readonly string[];
}

const generatorName = "generator";

/**
 * Frames that are not the trial's and that hops count all the same, since interfaces count everything: what others, or
 * we beside the trial, sent into the device, and what came out of it that was no frame of this trial.
 */
export interface ForeignCounters {
  readonly entered: number;
  readonly left: number;
}

const noForeign: ForeignCounters = { entered: 0, left: 0 };

/**
 * The ledger of one trial. `hops` in the frame's order; `generator` has all queues of the generator's port, with
 * everything that was sent and that arrived, whatever it was.
 */
export function ledger(
  generator: readonly GeneratorQueueCounters[],
  hops: readonly HopCounters[],
  foreign: ForeignCounters = noForeign,
): Ledger {
  if (hops.length === 0) return { residuals: [], unaccounted: null, sentences: [] };
  const ends: readonly HopCounters[] = [generatorAsSource(generator), ...hops, generatorAsSink(generator)];
  const findings: Finding[] = [];
  for (let i = 1; i < ends.length; i++) findings.push(...linkFindings(ends[i - 1], ends[i], i === 1));
  for (const hop of hops) findings.push(...hopFindings(hop), ...sumFindings(hop));
  const open = findings.filter(({ residual }) => residual.frames !== 0);
  const residuals = open.map(({ residual }) => residual);
  const unaccounted = unexplained(residuals, hops, foreign);
  return { residuals, unaccounted, sentences: unaccounted === 0 ? [] : open.map(({ sentence }) => sentence) };
}

/**
 * Σ |residual|, less what foreign frames explain. Of those that entered some went through, and the others ended in a
 * hop, which may have counted them as dropped; of those that left, the ones that did not come through began in one. So
 * an ended frame is a hop's +1 (0 where it was counted as dropped) and a begun one a hop's −1, and nothing else is
 * explained: without foreign frames this is Σ |residual|, and what a link lost or a device lost of ours stays.
 */
function unexplained(residuals: readonly Residual[], hops: readonly HopCounters[], foreign: ForeignCounters): number {
  let [ended, begun, others] = [0, 0, 0];
  for (const { kind, frames } of residuals) {
    if (kind !== "hop") others += Math.abs(frames);
    else if (frames > 0) ended += frames;
    else begun -= frames;
  }
  const dropped = hops.reduce((sum, hop) => sum + hop.dropped, 0);
  let least = Number.POSITIVE_INFINITY;
  for (let through = 0; through <= Math.min(foreign.entered, foreign.left); through++) {
    const mostEnded = foreign.entered - through;
    const leastEnded = Math.max(0, mostEnded - dropped);
    const endedApart = Math.max(0, ended - mostEnded, leastEnded - ended);
    least = Math.min(least, endedApart + Math.abs(begun - (foreign.left - through)));
  }
  return others + least;
}

/** The counts of one trial, all whole frames: RFC 2285's intended and offered load, and what came of it. */
export interface TrialCounts {
  readonly intended: number;
  readonly late: number;
  readonly missed: number;
  readonly blocked: number;
  readonly sent: number;
  readonly received: number;
  readonly accepted: number;
  readonly lost: number;
  /** Frames beyond the first of their number, and damaged ones beyond the numbers that are missing: `damagedCopies`. */
  readonly duplicate: number;
  readonly reordered: number;
  /** Damaged frames, each in the place of one that is missing: at most so many of the missing ones came back damaged. */
  readonly corrupt: number;
  readonly tooOld: number;
  /** Whole frames of other trials; they are in none of the sums. */
  readonly stale: number;
  readonly foreign: number;
  /** Of the stale ones those of another run or generator. Absent: none. */
  readonly staleOfOthers?: number | undefined;
  /** Of the duplicate ones those that came back damaged: fewer frames are missing than came back damaged. Absent: none. */
  readonly damagedCopies?: number | undefined;
}

/** Which of the equations that hold for every trial do not: one sentence each, none when all hold. */
export function checkEquations(counts: TrialCounts): string[] {
  const { intended, late, missed, blocked, sent, received, accepted, lost, duplicate, reordered, corrupt, tooOld } =
    counts;
  const wrong: string[] = [];
  for (const [name, value] of Object.entries(pickCounts(counts))) {
    if (!Number.isSafeInteger(value) || value < 0) wrong.push(`${name} is ${value}, which is no count of frames`);
  }
  const equal = (left: string, total: number, right: string, parts: readonly number[]): void => {
    const sum = parts.reduce((a, b) => a + b, 0);
    if (sum !== total) wrong.push(`${left} = ${right} does not hold: ${total} ≠ ${parts.join(" + ")} = ${sum}`);
  };
  equal("intended", intended, "sent + missed + blocked", [sent, missed, blocked]);
  equal("sent", sent, "accepted + lost + corrupt", [accepted, lost, corrupt]);
  equal("received", received, "accepted + duplicate + corrupt + tooOld", [accepted, duplicate, corrupt, tooOld]);
  if (late > sent) wrong.push(`late ⊂ sent does not hold: ${late} > ${sent}`);
  const { damagedCopies = 0 } = counts;
  if (damagedCopies > duplicate) {
    wrong.push(`damagedCopies ⊂ duplicate does not hold: ${damagedCopies} > ${duplicate}`);
  }
  if (damagedCopies > 0 && lost > 0) {
    wrong.push(`${framesWord(lost)} lost beside ${damagedCopies} damaged copies: these came in place of those`);
  }
  if (reordered > accepted) wrong.push(`reordered ⊂ accepted does not hold: ${reordered} > ${accepted}`);
  return wrong;
}

interface Finding {
  readonly residual: Residual;
  readonly sentence: string;
}

function generatorAsSource(queues: readonly GeneratorQueueCounters[]): HopCounters {
  return asHop(queues.map(({ queue, sent }) => ({ queue, rx: 0, tx: sent, dropped: 0, duplicated: 0, inRing: 0 })));
}

function generatorAsSink(queues: readonly GeneratorQueueCounters[]): HopCounters {
  return asHop(
    queues.map(({ queue, arrived, inRing }) => ({ queue, rx: arrived, tx: 0, dropped: 0, duplicated: 0, inRing })),
  );
}

function asHop(queues: readonly HopQueueCounters[]): HopCounters {
  const total = (key: "rx" | "tx" | "inRing"): number => queues.reduce((sum, queue) => sum + queue[key], 0);
  return {
    name: generatorName,
    queues,
    rx: total("rx"),
    tx: total("tx"),
    inRing: total("inRing"),
    dropped: 0,
    duplicated: 0,
  };
}

/** What one end handed on and the next took, queue by queue where both count queues. */
function linkFindings(from: HopCounters, to: HopCounters, first: boolean): Finding[] {
  const perQueue = from.queues.length > 0 && to.queues.length > 0;
  const findings: Finding[] = [];
  for (const queue of perQueue ? queuesOf(from, to) : [null]) {
    const source = countersOf(from, queue);
    const sink = countersOf(to, queue);
    const frames = source.tx - sink.rx - sink.inRing;
    const what = first ? "were sent" : `${from.name} handed on`;
    const inRing = sink.inRing === 0 ? "" : ` (with ${framesWord(sink.inRing)} left in its ring)`;
    const sentence = `${label(to.name, queue)} took ${framesWord(Math.abs(frames))} ${frames > 0 ? "fewer" : "more"} than ${what}${inRing}`;
    findings.push({ residual: { kind: "link", name: to.name, queue, frames }, sentence });
  }
  return findings;
}

/** What one hop took, and what became of it. */
function hopFindings(hop: HopCounters): Finding[] {
  const queues: readonly (number | null)[] = hop.queues.length > 0 ? queuesOf(hop) : [null];
  return queues.map((queue) => {
    const { rx, tx, dropped, duplicated } = countersOf(hop, queue);
    const frames = rx + duplicated - tx - dropped;
    const sentence =
      frames > 0
        ? `${label(hop.name, queue)} took ${framesWord(frames)} that it neither handed on nor counted as dropped`
        : `${label(hop.name, queue)} handed on or counted as dropped ${framesWord(-frames)} more than it took`;
    return { residual: { kind: "hop", name: hop.name, queue, frames }, sentence };
  });
}

/** A port's counters against its queues', where the DUT has both. */
function sumFindings(hop: HopCounters): Finding[] {
  if (hop.queues.length === 0) return [];
  return (["rx", "tx", "dropped", "duplicated"] as const).map((key) => {
    const frames = hop[key] - hop.queues.reduce((sum, queue) => sum + queue[key], 0);
    const sentence = `${hop.name} counts ${framesWord(Math.abs(frames))} ${frames > 0 ? "more" : "fewer"} in ${key} than its queues do`;
    return { residual: { kind: "sum", name: hop.name, queue: null, frames }, sentence };
  });
}

function queuesOf(...hops: readonly HopCounters[]): number[] {
  return [...new Set(hops.flatMap((hop) => hop.queues.map(({ queue }) => queue)))].sort((a, b) => a - b);
}

/** A queue that a DUT does not list carried nothing: testpmd leaves such streams out. */
function countersOf(hop: HopCounters, queue: number | null): Omit<HopQueueCounters, "queue"> {
  if (queue === null) return hop;
  return (
    hop.queues.find((counters) => counters.queue === queue) ?? { rx: 0, tx: 0, dropped: 0, duplicated: 0, inRing: 0 }
  );
}

function pickCounts(counts: TrialCounts): TrialCounts {
  const { intended, late, missed, blocked, sent, received, accepted } = counts;
  const { lost, duplicate, reordered, corrupt, tooOld, stale, foreign } = counts;
  return {
    ...{ intended, late, missed, blocked, sent, received, accepted },
    ...{ lost, duplicate, reordered, corrupt, tooOld, stale, foreign },
  };
}

function label(name: string, queue: number | null): string {
  return queue === null ? name : `${name} queue ${queue}`;
}
