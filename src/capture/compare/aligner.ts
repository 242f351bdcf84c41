/**
 * Finds for each frame of one capture its frame in the other, in one pass and in constant memory: frames that have no
 * partner yet wait in a window, by key; each frame is put there and taken out at most once, so that the work grows
 * with the number of frames alone. A frame that leaves the window, or is left at the end, is paired with one of the
 * same flow that is like it (that one was changed), or it is missing or unexpected. A frame is reordered if it comes
 * behind one that belongs after it (RFC 4737 §3.3), which needs no memory; a longest common order would name a few less.
 */
import type { AlignedPair, CaptureSide, FrameEntry } from "./entry.js";
import { leastLikeness, likeness } from "./likeness.js";

/** Frames of one side that wait for a partner. Displaced by more, a frame counts as missing and unexpected. */
export const windowFrames = 16_384;
/** Waiting frames of a flow that are compared with one that found no partner. */
const mostCandidates = 32;
/** Of these, so many may turn out to be more like another one. */
const mostRivals = 4;

/** Frames that wait, found by key, by what devices leave alone, by flow, and by age. */
class Waiting {
  readonly #byKey = new Map<number, FrameEntry[]>();
  readonly #byFlow = new Map<number, FrameEntry[]>();
  readonly #byRest = new Map<number, FrameEntry[]>();
  #queue: FrameEntry[] = [];
  #first = 0;
  size = 0;

  add(entry: FrameEntry): void {
    push(this.#byKey, entry.key, entry);
    push(this.#byFlow, entry.flow, entry);
    push(this.#byRest, entry.rest, entry);
    this.#queue.push(entry);
    this.size++;
  }

  /** The oldest with this key, taken out; null: there is none. */
  takeKey(key: number): FrameEntry | null {
    const found = this.#byKey.get(key)?.find(({ done }) => !done);
    return found === undefined ? null : this.#take(found);
  }

  /**
   * The one that is most like this one: of those in which only differs what devices change (addresses, ports, tags), or
   * else of its flow; null: none is. `except`: those that belong to somebody else.
   */
  mostAlike(entry: FrameEntry, except: readonly FrameEntry[] = nobody): Alike | null {
    return (
      mostAlikeOf(this.#byRest.get(entry.rest) ?? nobody, entry, except) ??
      mostAlikeOf(this.#byFlow.get(entry.flow) ?? nobody, entry, except)
    );
  }

  take(entry: FrameEntry): FrameEntry {
    return this.#take(entry);
  }

  takeOldest(): FrameEntry | null {
    while (this.#first < this.#queue.length) {
      const entry = this.#queue[this.#first++];
      if (!entry.done) return this.#take(entry);
    }
    return null;
  }

  #take(entry: FrameEntry): FrameEntry {
    entry.done = true;
    this.size--;
    drop(this.#byKey, entry.key);
    drop(this.#byFlow, entry.flow);
    drop(this.#byRest, entry.rest);
    // What is done stays in the queue until half of it is; then it goes in one sweep.
    if (this.#queue.length > 64 && this.#queue.length > 2 * this.size + this.#first) this.#sweep();
    else if (this.#first > windowFrames) this.#sweep();
    return entry;
  }

  #sweep(): void {
    this.#queue = this.#queue.slice(this.#first).filter(({ done }) => !done);
    this.#first = 0;
  }
}

interface Alike {
  readonly entry: FrameEntry;
  readonly likeness: number;
}

const nobody: readonly FrameEntry[] = [];

function mostAlikeOf(
  candidates: readonly FrameEntry[],
  entry: FrameEntry,
  except: readonly FrameEntry[],
): Alike | null {
  let best: FrameEntry | null = null;
  let bestLikeness = 0;
  let tried = 0;
  for (const candidate of candidates) {
    if (candidate.done || except.includes(candidate)) continue;
    const alike = likeness(candidate, entry);
    if (alike > bestLikeness) [best, bestLikeness] = [candidate, alike];
    if (++tried >= mostCandidates) break;
  }
  return best === null || bestLikeness < leastLikeness ? null : { entry: best, likeness: bestLikeness };
}

function push(map: Map<number, FrameEntry[]>, key: number, entry: FrameEntry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}

/** Takes what is done from a list's front, and the list away when nothing is left. */
function drop(map: Map<number, FrameEntry[]>, key: number): void {
  const list = map.get(key);
  if (list === undefined) return;
  let done = 0;
  while (done < list.length && list[done].done) done++;
  if (done === list.length) map.delete(key);
  else if (done > 32 || done * 2 > list.length) list.splice(0, done);
}

export class Aligner {
  readonly #expected = new Waiting();
  readonly #actual = new Waiting();
  readonly #emit: (pair: AlignedPair) => void;
  readonly #window: number;
  #lastExpected = 0;
  #lastActual = 0;

  constructor(emit: (pair: AlignedPair) => void, window = windowFrames) {
    this.#emit = emit;
    this.#window = window;
  }

  /** Which side to read from next, where both have frames left and their next two differ. */
  get next(): CaptureSide {
    return this.#expected.size > this.#actual.size ? "actual" : "expected";
  }

  /** The next frames of both sides have the same key: they belong together, and nothing is made. */
  matchNext(expectedNumber: number, actualNumber: number): boolean {
    const reordered = expectedNumber < this.#lastExpected || actualNumber < this.#lastActual;
    if (!reordered) this.#note(expectedNumber, actualNumber);
    return reordered;
  }

  add(side: CaptureSide, entry: FrameEntry): void {
    const [own, other] = side === "expected" ? [this.#expected, this.#actual] : [this.#actual, this.#expected];
    const partner = other.takeKey(entry.key);
    if (partner !== null) {
      this.#pair(side, entry, partner);
      return;
    }
    own.add(entry);
    if (own.size > this.#window) this.#decide(side, own.takeOldest()!);
  }

  /** Both captures have ended. */
  finish(): void {
    for (let left = this.#expected.takeOldest(); left !== null; left = this.#expected.takeOldest())
      this.#decide("expected", left);
    for (let left = this.#actual.takeOldest(); left !== null; left = this.#actual.takeOldest())
      this.#decide("actual", left);
  }

  /** A frame that waits no longer for its equal. */
  #decide(side: CaptureSide, entry: FrameEntry): void {
    const [own, other] = side === "expected" ? [this.#expected, this.#actual] : [this.#actual, this.#expected];
    const except: FrameEntry[] = [];
    for (let tries = 0; tries < mostRivals; tries++) {
      const found = other.mostAlike(entry, except);
      if (found === null) break;
      // Whoever is more like that one waits here still: it is his, and the next best may be ours.
      const rival = own.mostAlike(found.entry);
      if (rival === null || rival.likeness <= found.likeness) {
        this.#pair(side, entry, other.take(found.entry));
        return;
      }
      except.push(found.entry);
    }
    if (side === "expected") this.#emit({ expected: entry, actual: null, reordered: false });
    else this.#emit({ expected: null, actual: entry, reordered: false });
  }

  #pair(side: CaptureSide, entry: FrameEntry, partner: FrameEntry): void {
    const [expected, actual] = side === "expected" ? [entry, partner] : [partner, entry];
    const isSame = expected.key === actual.key;
    // Of frames paired by likeness the place was never in question.
    const reordered = isSame && (expected.number < this.#lastExpected || actual.number < this.#lastActual);
    // One that moved says nothing of where the others belong.
    if (isSame && !reordered) this.#note(expected.number, actual.number);
    this.#emit({ expected, actual, reordered });
  }

  #note(expected: number, actual: number): void {
    if (expected > this.#lastExpected) this.#lastExpected = expected;
    if (actual > this.#lastActual) this.#lastActual = actual;
  }
}
