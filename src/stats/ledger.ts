/**
 * The ledger asks whether every frame that was sent lies in a known place. It uses the generator's and the device's own
 * counters, per link, hop and queue. Only drop counters and ring indices explain a loss. What they do not explain is a
 * residual. `unaccounted` is the sum of the residuals' magnitudes, so that two errors never cancel.
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
  /** Frames in the ring before the hop that it has not taken, where ring indices tell; else 0. */
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
  /**
   * The hop at the end of the link, or the hop whose counters these are. The generator's receive side is "generator".
   */
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
 * Frames that do not belong to the trial but that hops count, since interfaces count everything. They are frames that
 * others, or we outside the trial, sent into the device, and frames that came out of it and were none of this trial's.
 */
export interface ForeignCounters {
  readonly entered: number;
  readonly left: number;
}

const noForeign: ForeignCounters = { entered: 0, left: 0 };

/**
 * The ledger of one trial. `hops` is in the frame's order. `generator` has all queues of the generator's port, with
 * every frame that was sent and every frame that arrived.
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
 * Σ |residual|, less what foreign frames explain.
 *
 * Some foreign frames that entered went through. The others ended in a hop, which may have counted them as dropped.
 * Some foreign frames that left had not entered; they began in a hop. So an ended frame is a hop's +1 (0 where it was
 * counted as dropped), and a begun frame is a hop's −1. Nothing else is explained. Without foreign frames the result is
 * Σ |residual|, and frames of ours that a link or a device lost always remain.
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
  /**
   * Damaged frames. Each takes the place of a missing one: at most this many of the missing frames came back damaged.
   */
  readonly corrupt: number;
  readonly tooOld: number;
  /** Whole frames of other trials, which no sum includes. */
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
