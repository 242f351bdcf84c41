/**
 * Counters of the hops of a device that this program did not start. They are read around a trial, so that they agree
 * with what was received, to the frame.
 */
import { HopReader, type HopReading } from "../dut/external/index.js";
import type { TrialReport } from "../engine/loop/index.js";
import { PktgenError } from "../errors.js";
import type { PortSpec } from "../port/kinds.js";
import { readOwnInterface } from "../port/own-interface.js";
import type { ForeignCounters, HopCounters } from "../stats/ledger.js";
import type { ExternalChoice } from "./plan.js";
import { sentFrames } from "./sent-frames.js";

/** Frames that each port's interface sent, or dropped while it sent. null: the port has no interface. */
export type SentByPort = readonly (number | null)[];

export const readSentByPort = (ports: readonly PortSpec[]): SentByPort =>
  ports.map((spec) => readOwnInterface(spec)?.sent ?? null);

/** What the hops lie between: the generator of this process, or those of a fleet's agents. */
export interface CountedGenerators {
  /** Takes what lies in the receive rings, into the account if it is open; how many frames. */
  drain(): Promise<number>;
  /** Of each generator. */
  sent(): Promise<readonly SentByPort[]>;
}

/** Counters of the device's hops, and of the generators' interfaces, at one moment. */
interface Snapshot {
  readonly hops: readonly (readonly HopReading[] | null)[];
  readonly sent: readonly SentByPort[];
}

export interface TrialHops {
  readonly hops: readonly HopCounters[];
  readonly foreign: ForeignCounters;
  /** Why the counters say nothing, in words. */
  readonly faults: readonly string[];
  /** What was assumed of them. */
  readonly notes: readonly string[];
}

const mostTries = 25;
/** For the run's first reading: the device may have been connected a moment ago. */
const firstPatienceMs = 5_000;
const noForeign: ForeignCounters = { entered: 0, left: 0 };

/**
 * Reads counters so that no frame lies between two of them. Frames in a receive ring are taken in between two readings.
 * Only two equal readings count, and the chatter of other programs is rare enough for that.
 */
export class ExternalCounters implements AsyncDisposable {
  readonly #generators: CountedGenerators;
  readonly #readers: readonly (HopReader | null)[];
  #before: Snapshot | null = null;
  #after: Snapshot | null = null;
  /** Why the second reading failed: what was measured by then is not thrown away for it. */
  #failure: string | null = null;

  constructor(dut: ExternalChoice, directions: number, generators: CountedGenerators) {
    this.#generators = generators;
    const reader = (hops: ExternalChoice["hops"], where: string): HopReader | null =>
      hops.length === 0 ? null : new HopReader(hops, where);
    const readers = [reader(dut.hops, "--hop"), reader(dut.reverseHops, "--reverse-hop")];
    this.#readers = readers.slice(0, directions);
  }

  get any(): boolean {
    return this.#readers.some((reader) => reader !== null);
  }

  /** Before a trial's first frame. @throws PktgenError (3): a source that fails. */
  async begin(): Promise<void> {
    this.#after = null;
    this.#failure = null;
    if (this.#before === null && this.any) await this.#read(firstPatienceMs);
    this.#before = this.any ? await this.#settled() : null;
  }

  /** When the trial is over; where one process does it alone, while its account is still open. */
  async end(): Promise<void> {
    if (!this.any) return;
    try {
      this.#after = await this.#settled();
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      this.#failure = error.toLine();
    }
  }

  async #settled(): Promise<Snapshot> {
    let last = await this.#read();
    for (let tries = 0; tries < mostTries; tries++) {
      const moved = await this.#generators.drain();
      const next = await this.#read();
      if (moved === 0 && asText(next) === asText(last)) break;
      last = next;
    }
    return last;
  }

  async #read(patienceMs = 0): Promise<Snapshot> {
    const hops: (readonly HopReading[] | null)[] = [];
    for (const reader of this.#readers) hops.push(reader === null ? null : await reader.read(patienceMs));
    return { hops, sent: await this.#generators.sent() };
  }

  /**
   * What the trial's direction did to the counters. `reports`: of each generator, in their order; null: it had no part in
   * the trial.
   */
  of(direction: number, reports: readonly (TrialReport | null)[]): TrialHops {
    const reader = this.#readers[direction] ?? null;
    const [before, after] = [this.#before, this.#after];
    if (reader === null || before === null || after === null) {
      return { hops: [], foreign: noForeign, faults: this.#failure === null ? [] : [this.#failure], notes: [] };
    }
    const { hops, faults, notes } = reader.between(before.hops[direction]!, after.hops[direction]!);
    let [entered, left] = [0, 0];
    for (const [g, report] of reports.entries()) {
      entered += enteredOf(direction, before.sent[g], after.sent[g], report);
      left += report === null ? 0 : foreignOf(report);
    }
    return { hops, foreign: { entered, left }, faults, notes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.#readers) reader?.[Symbol.dispose]();
  }
}

/** Bigints as text: JSON has none. */
const asText = (snapshot: Snapshot): string =>
  JSON.stringify(snapshot, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

/** What left one generator's port and is none of its trial's frames. */
function enteredOf(
  direction: number,
  before: SentByPort | undefined,
  after: SentByPort | undefined,
  report: TrialReport | null,
): number {
  const port = direction === 0 ? 0 : (before?.length ?? 1) - 1;
  const [from, to] = [before?.[port] ?? null, after?.[port] ?? null];
  const beside = report?.beside ?? 0;
  const own = (report === null ? 0 : sentFrames([report])) + beside;
  // All other frames of our interface come from the kernel, which sends its own (router solicitations, MLD).
  return beside + (from === null || to === null ? 0 : Math.max(0, to - from - own));
}

/** What arrived and is none of this trial's frames of this direction. */
function foreignOf({ receive }: TrialReport): number {
  const arrived = receive.queues.reduce((sum, { packets }) => sum + packets, 0);
  return arrived - receive.received;
}
