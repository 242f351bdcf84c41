/**
 * The receiving half of a host that receives what other hosts send. Each sender has its own block of stream numbers, and
 * here a receiving half of its own, so that its frames are judged as if it were the only one. A burst is dealt to these
 * halves by the numbers in its signatures:
 *
 *     ring ──burst──▸ sender 0 │ sender 1 │ …     frames whose place is here
 *                     strayed                     whole frames of the trial whose place is elsewhere: only counted
 *                     rest                        everything else: damaged, stale and foreign frames
 *
 * Clocks of hosts differ. Each half has a clock of its own: ours, moved by a line to its sender's.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames } from "../../ring/ring.js";
import type { PairReceive } from "../../stats/trial-report.js";
import {
  isSignature,
  readTrialHigh,
  readTrialStream,
  signatureBytes,
  streamOf,
  trialHighOf,
} from "../../stream/frames/signature.js";
import {
  type OpenQueue,
  type ReceiveReport,
  type SenderSkew,
  type SenderTotal,
  TrialClock,
  type TrialSpec,
  type WindowArrivals,
} from "../loop/index.js";
import type { Burst, BurstSorter, ReceiveAccount } from "./account.js";
import type { ReceiveHalf, ReceiveView } from "./half.js";

/** A half that bursts can be dealt to. */
export interface DealtHalf extends ReceiveHalf, BurstSorter {
  readonly account: ReceiveAccount;
  /** By the sender's queue: one more than the highest index seen. Absent: it has several streams. */
  seenByQueue?(): number[];
}

export interface FlowReceiverStart {
  readonly spec: TrialSpec;
  /** Streams of each share. */
  readonly streams: number;
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  /** Makes the half of a share; null: of everything that is no sender's. */
  readonly half: (share: number | null, clock: TrialClock) => DealtHalf;
}

/** The part of a burst that is one half's. */
class Dealt implements Burst {
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  arrivalsNs: Float64Array | null = null;
  readonly half: DealtHalf;
  readonly clock: TrialClock;
  /** −1: of no sender. */
  readonly share: number;
  frames = 0;
  /** Infinity: nobody has said it yet. */
  total = Number.POSITIVE_INFINITY;
  readonly #skew = new Float64Array(2);
  readonly #stamps = new Float64Array(burstFrames);

  constructor(share: number, half: DealtHalf, clock: TrialClock) {
    this.share = share;
    this.half = half;
    this.clock = clock;
  }

  skew(aheadNs: number, ratePpb: number): void {
    this.#skew[0] = aheadNs;
    this.#skew[1] = ratePpb / 1e9;
  }

  add(k: number, burst: Burst): void {
    const at = this.frames++;
    this.offsets[at] = burst.offsets[k];
    this.lengths[at] = burst.lengths[k];
    if (burst.arrivalsNs == null) return;
    this.arrivalsNs = this.#stamps;
    this.#stamps[at] = burst.arrivalsNs[k];
  }

  /** Hands over what was dealt, at the time of our clock. */
  take(q: number, { nowNs, epochNs }: TrialClock): void {
    if (this.frames === 0) return;
    const movedNs = Math.round(this.#skew[0] + this.#skew[1] * nowNs);
    this.clock.follow(nowNs - movedNs, epochNs + movedNs);
    this.half.account.takeBurst(q, this, this.frames, this.half);
    this.frames = 0;
    this.arrivalsNs = null;
  }
}

export class FlowReceiver implements ReceiveHalf {
  readonly account: ReceiveView;
  readonly #start: FlowReceiverStart;
  readonly #firstOfAll: number;
  readonly #shares: number;
  readonly #rest: Dealt;
  readonly #pairs: readonly Dealt[];
  readonly #all: readonly Dealt[];
  /** By share; null: its frames belong elsewhere. */
  readonly #byShare: readonly (Dealt | null)[];
  readonly #strayed: Float64Array;
  readonly #lastStrayNs = new Float64Array(1);
  #queues: readonly OpenQueue[] = [];

  constructor(start: FlowReceiverStart) {
    const { spec, streams, half } = start;
    const { index, of } = spec.share ?? { index: 0, of: 1 };
    const { from } = spec.flow!;
    const make = (share: number | null): Dealt => {
      const clock = new TrialClock(() => 0);
      return new Dealt(share ?? -1, half(share, clock), clock);
    };
    this.#start = start;
    this.#shares = of;
    this.#firstOfAll = (spec.firstStream ?? 0) - index * streams;
    this.#rest = make(null);
    this.#pairs = from.map(make);
    this.#all = [...this.#pairs, this.#rest];
    this.#byShare = Array.from({ length: of }, (_, share) => this.#pairs.find((one) => one.share === share) ?? null);
    this.#strayed = new Float64Array(of);
    this.account = new ViewOfAll(
      this.#all.map((one) => one.half.account),
      this.#lastStrayNs,
    );
  }

  attach(queues: readonly OpenQueue[]): void {
    this.#queues = queues;
    for (const { half } of this.#all) half.attach(queues);
  }

  /** What the clocks of the senders need, before any frame comes. Those that are not named have ours. */
  skew(skews: readonly SenderSkew[]): void {
    for (const { share, aheadNs, ratePpb } of skews) this.#byShare[share]?.skew(aheadNs, ratePpb);
  }

  /** Every sender has ended. */
  totals(totals: readonly SenderTotal[]): void {
    for (const { share, frames } of totals) {
      const pair = this.#byShare[share];
      if (pair != null) pair.total = frames;
    }
  }

  step(): number {
    const { clock } = this.#start;
    let moved = 0;
    for (let q = 0; q < this.#queues.length; q++) {
      const { rx: ring, notifyRx } = this.#queues[q];
      if (ring === null) continue;
      const n = ring.poll(burstFrames);
      if (n === 0) continue;
      clock.read();
      this.#deal(ring, n);
      for (let p = 0; p < this.#all.length; p++) this.#all[p].take(q, clock);
      ring.release(n);
      if (ring.notifyWanted()) notifyRx();
      moved += n;
    }
    return moved;
  }

  #deal(burst: Burst, n: number): void {
    const { spec, memory, streams, clock } = this.#start;
    const { view } = memory;
    const trialHigh = trialHighOf(spec.trial);
    const trialLow = spec.trial & 0xff;
    for (let k = 0; k < n; k++) {
      const bytes = burst.lengths[k];
      const end = burst.offsets[k] + bytes;
      let to: Dealt | null = this.#rest;
      if (bytes >= signatureBytes && readTrialHigh(view, end) === trialHigh) {
        const head = readTrialStream(view, end);
        const share = Math.floor((streamOf(head) - this.#firstOfAll) / streams);
        if ((head & 0xff) === trialLow && share >= 0 && share < this.#shares) {
          const pair = this.#byShare[share];
          // A damaged frame may have had another number.
          if (pair !== null) to = pair;
          else if (isSignature(view, end)) {
            this.#strayed[share]++;
            this.#lastStrayNs[0] = clock.nowNs;
            to = null;
          }
        }
      }
      to?.add(k, burst);
    }
  }

  /** Frames of other workers: there are none. */
  takeStray(): void {}

  acceptedByQueue(): number[] {
    return Array.from({ length: this.#start.spec.queues }, () => 0);
  }

  /** `sent`: frames of our own. */
  isComplete(sent: number): boolean {
    const { spec } = this.#start;
    const own = spec.flow!.sends ? (spec.share?.index ?? 0) : -1;
    for (let p = 0; p < this.#pairs.length; p++) {
      const { share, total, half } = this.#pairs[p];
      if (half.account.accepted < (share === own ? sent : total)) return false;
    }
    return true;
  }

  report(_sentByQueue: readonly number[], inWindow: WindowArrivals | null): ReceiveReport {
    const senders = this.#pairs.map(({ share, half }): PairReceive => {
      const seen = half.seenByQueue?.() ?? [];
      return { share, receive: half.report(seen, null), seenByQueue: seen };
    });
    const strayed = Array.from(this.#strayed, (frames, share) => ({ share, frames })).filter(
      ({ frames }) => frames > 0,
    );
    return { ...this.#rest.half.report([], inWindow), inWindow: null, pairs: { senders, strayed } };
  }
}

/** Sums over all halves. The loop looks at it in every turn after the last frame: it allocates nothing. */
class ViewOfAll implements ReceiveView {
  readonly #parts: readonly ReceiveAccount[];
  readonly #lastStrayNs: Float64Array;

  constructor(parts: readonly ReceiveAccount[], lastStrayNs: Float64Array) {
    this.#parts = parts;
    this.#lastStrayNs = lastStrayNs;
  }

  #sum(key: "accepted" | "received" | "receivedBytes" | "corrupt" | "missing" | "returned"): number {
    let sum = 0;
    for (let p = 0; p < this.#parts.length; p++) sum += this.#parts[p][key];
    return sum;
  }

  get accepted(): number {
    return this.#sum("accepted");
  }

  get received(): number {
    return this.#sum("received");
  }

  get receivedBytes(): number {
    return this.#sum("receivedBytes");
  }

  get corrupt(): number {
    return this.#sum("corrupt");
  }

  get missing(): number {
    return this.#sum("missing");
  }

  get returned(): number {
    return this.#sum("returned");
  }

  get firstArrivalNs(): number {
    let first = -1;
    for (let p = 0; p < this.#parts.length; p++) {
      const ns = this.#parts[p].firstArrivalNs;
      if (ns >= 0 && (first < 0 || ns < first)) first = ns;
    }
    return first;
  }

  get lastArrivalNs(): number {
    let last = this.#lastStrayNs[0];
    for (let p = 0; p < this.#parts.length; p++) last = Math.max(last, this.#parts[p].lastArrivalNs);
    return last;
  }
}
