/**
 * Finds for each frame of one capture its frame in the other, in one pass and in constant memory. Frames that have no
 * partner yet wait in a window, by key. Each frame enters and leaves the window at most once, so the work grows with
 * the number of frames alone. A frame that leaves the window without a partner is paired with one of the same flow that
 * is like it: that one was changed. Otherwise it is missing or unexpected. A frame is reordered if it comes behind one
 * that belongs after it (RFC 4737 §3.3). That needs no memory; a longest common order would name a few less.
 */
import type { AlignedPair, CaptureSide, FrameEntry } from "./entry.js";
import { leastLikeness, likeness } from "./likeness.js";

/** The most frames of one side that wait. A frame that is displaced by more counts as missing and unexpected. */
export const windowFrames = 16_384;
/** How many waiting frames of a flow are compared with a frame that found no partner. */
const mostCandidates = 32;
/** How many of these may turn out to be more like another frame. */
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

  /** Takes out the oldest frame with this key; null: there is none. */
  takeKey(key: number): FrameEntry | null {
    const found = this.#byKey.get(key)?.find(({ done }) => !done);
    return found === undefined ? null : this.#take(found);
  }

  /**
   * The frame that is most like this one; null: none is. Frames in which only addresses, ports or tags differ come
   * first, then frames of the same flow. `except`: frames that belong to another one.
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
    // Frames that are done stay in the queue until they are half of it. Then one sweep removes them.
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

/** Removes frames that are done from a list's front, and an empty list from the map. */
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

  /** The side to read from next, if both have frames left and their next two differ. */
  get next(): CaptureSide {
    return this.#expected.size > this.#actual.size ? "actual" : "expected";
  }

  /** The next frames of both sides have the same key and belong together. Nothing is allocated. */
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

  /** A frame stops waiting for its equal. */
  #decide(side: CaptureSide, entry: FrameEntry): void {
    const [own, other] = side === "expected" ? [this.#expected, this.#actual] : [this.#actual, this.#expected];
    const except: FrameEntry[] = [];
    for (let tries = 0; tries < mostRivals; tries++) {
      const found = other.mostAlike(entry, except);
      if (found === null) break;
      // Another waiting frame is more like that one and gets it. The next best is tried for this one.
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
    // Frames that were paired by likeness are not judged by their place.
    const reordered = isSame && (expected.number < this.#lastExpected || actual.number < this.#lastActual);
    // A frame that moved does not tell where the others belong.
    if (isSame && !reordered) this.#note(expected.number, actual.number);
    this.#emit({ expected, actual, reordered });
  }

  #note(expected: number, actual: number): void {
    if (expected > this.#lastExpected) this.#lastExpected = expected;
    if (actual > this.#lastActual) this.#lastActual = actual;
  }
}
