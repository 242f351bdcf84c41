/** The load of a trial as somebody has changed it, and what its transmitters have to be told of each change. Pure. */
import type { TrialSpec } from "../engine/loop/index.js";
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { streamMeanBytes, streamPps } from "../stream/departures/loads.js";
import { checkSchedulable } from "../stream/departures/schedule.js";
import { type Rate, ratePps } from "../units.js";

/** Streams by their names, or all of them. */
export type StreamNames = readonly string[] | "all";

export type LoadChange =
  | { readonly kind: "pause"; readonly streams: StreamNames }
  /** "all": those that were paused alone, too. */
  | { readonly kind: "resume"; readonly streams: StreamNames }
  /** The trial lasts so much longer; its load stays as it is. */
  | { readonly kind: "extend"; readonly addNs: number }
  /** Of all streams together, which keep their shares; or of each of these. */
  | { readonly kind: "rate"; readonly streams: StreamNames; readonly rate: Exclude<Rate, { readonly kind: "max" }> };

export interface StreamState {
  readonly name: string;
  /** Frames per second asked for now; null: there is no one rate. */
  readonly pps: number | null;
  readonly paused: boolean;
}

/** The load of the trial that runs. */
export interface LoadState {
  /** All of it is paused. */
  readonly paused: boolean;
  /** Frames per second asked for now, of all streams together in each direction; null: max, or one rate after another. */
  readonly pps: number | null;
  readonly streams: readonly StreamState[];
}

/** How fast a stream's schedule runs from now on; −1: that of all streams. */
export interface StreamTurn {
  readonly stream: number;
  readonly speed: number;
  /** More time for the trial. Absent: its time stays. */
  readonly addNs?: number;
}

/** A change as it was understood. */
export interface AppliedChange {
  /** None: it was so before. */
  readonly turns: readonly StreamTurn[];
  /** null: all of them. */
  readonly streams: readonly string[] | null;
  /** Asked for afterwards, of these streams (each) or of all together; null: there is no one rate. */
  readonly pps: number | null;
}

interface StreamNow {
  readonly name: string;
  readonly plannedPps: number;
  readonly meanFrameBytes: number;
  /** Its schedule against the planned one, where it is not paused. */
  speed: number;
  paused: boolean;
}

export class LoadNow {
  readonly #load: TrialSpec["load"];
  readonly #lineRateBps: number | null;
  readonly #streams: readonly StreamNow[];
  #speed = 1;
  #paused = false;

  constructor({ stream, size, load }: TrialSpec, lineRateBps: number | null) {
    // One rate after another: transmitters have to keep up with the highest.
    const most =
      load.kind === "stepped"
        ? { ...load, kind: "paced" as const, pps: Math.max(...load.steps.map(({ pps }) => pps)) }
        : load;
    const pps = streamPps(stream, size, most);
    this.#load = load;
    this.#lineRateBps = lineRateBps;
    this.#streams = stream.streams.map((each, k) => ({
      name: each.name,
      plannedPps: pps[k]!,
      meanFrameBytes: streamMeanBytes(stream, each, size),
      speed: 1,
      paused: false,
    }));
  }

  get state(): LoadState {
    const hasRates = this.#hasRates;
    return {
      paused: this.#paused,
      pps: hasRates ? this.totalPps : null,
      streams: this.#streams.map((stream) => {
        const paused = this.#paused || stream.paused;
        return { name: stream.name, paused, pps: hasRates ? (paused ? 0 : this.#ppsOf(stream)) : null };
      }),
    };
  }

  /** Frames per second that are sent now, of all streams together. */
  get totalPps(): number {
    if (this.#paused) return 0;
    return this.#streams.reduce((sum, stream) => sum + (stream.paused ? 0 : this.#ppsOf(stream)), 0);
  }

  /** One after another. @throws PktgenError (2) as `apply` does; then none of them has changed anything. */
  applyAll(changes: readonly LoadChange[]): AppliedChange[] {
    const before = {
      speed: this.#speed,
      paused: this.#paused,
      streams: this.#streams.map((stream) => ({ ...stream })),
    };
    try {
      return changes.map((change) => this.apply(change));
    } catch (error) {
      [this.#speed, this.#paused] = [before.speed, before.paused];
      for (const [k, stream] of this.#streams.entries()) Object.assign(stream, before.streams[k]);
      throw error;
    }
  }

  /** @throws PktgenError (2): no such stream, or no such rate for this load; then nothing has changed. */
  apply(change: LoadChange): AppliedChange {
    if (change.kind === "extend") return this.#longer(change.addNs);
    const streams = change.streams === "all" ? null : this.#named(change.streams);
    const pps = change.kind === "rate" ? this.#setRate(change.rate, streams) : null;
    const turns = change.kind === "rate" ? this.#turnsOf(streams) : this.#setPaused(streams, change.kind === "pause");
    const names = streams?.map((stream) => this.#streams[stream]!.name) ?? null;
    return { turns, streams: names, pps: pps ?? (this.#hasRates && streams === null ? this.totalPps : null) };
  }

  /** Its time is not the load's: who asks for it says whether it can be (run-control.ts). */
  #longer(addNs: number): AppliedChange {
    const turns = this.#turnsOf(null).map((turn) => ({ ...turn, addNs }));
    return { turns, streams: null, pps: this.#hasRates ? this.totalPps : null };
  }

  get #hasRates(): boolean {
    return this.#load.kind === "paced" || this.#load.kind === "own";
  }

  #ppsOf({ plannedPps, speed }: StreamNow): number {
    return plannedPps * speed * this.#speed;
  }

  #setPaused(streams: readonly number[] | null, paused: boolean): StreamTurn[] {
    if (streams === null) {
      const isSo = paused ? this.#paused : !this.state.streams.some((stream) => stream.paused);
      if (isSo) return [];
      this.#paused = paused;
      const alone = paused ? [] : this.#streams.flatMap((stream, k) => (stream.paused ? [k] : []));
      for (const stream of alone) this.#streams[stream]!.paused = false;
      return [...this.#turnsOf(null), ...this.#turnsOf(alone)];
    }
    if (this.#paused && !paused) {
      throw usageError("all of the load is paused, so that no stream can go on alone", {
        where: "streams",
        accepted: "all, or another pause first",
      });
    }
    const others = streams.filter((stream) => this.#streams[stream]!.paused !== paused);
    for (const stream of others) this.#streams[stream]!.paused = paused;
    return this.#turnsOf(others);
  }

  #setRate(rate: Rate, streams: readonly number[] | null): number {
    if (!this.#hasRates) {
      const load = this.#load.kind === "max" ? "a trial at max" : "a trial of one rate after another";
      throw usageError(`${load} has no rate that could be changed`, { where: "rate", accepted: "pause and resume" });
    }
    return streams === null ? this.#setWholeRate(rate) : this.#setRateOf(rate, streams);
  }

  #setWholeRate(rate: Rate): number {
    const planned = this.#streams.map(({ plannedPps, speed }) => plannedPps * speed);
    const sum = planned.reduce((total, pps) => total + pps, 0);
    const bytes = this.#streams.reduce((total, { meanFrameBytes }, k) => total + meanFrameBytes * planned[k]!, 0) / sum;
    const pps = ratePps(rate, bytes, this.#lineRateBps, "rate");
    checkSchedulable(pps, "rate");
    for (const each of planned) checkSchedulable((each * pps) / sum, "rate");
    this.#speed = pps / sum;
    // Those that are paused alone are not asked for.
    return this.#streams.reduce((total, stream) => total + (stream.paused ? 0 : this.#ppsOf(stream)), 0);
  }

  /** The same for each, as their frames have it: of a rate in bits, each has its own frames per second. Returns those of all. */
  #setRateOf(rate: Rate, streams: readonly number[]): number {
    const wanted = streams.map((stream) => {
      const { name, meanFrameBytes } = this.#streams[stream]!;
      const pps = ratePps(rate, meanFrameBytes, this.#lineRateBps, "rate");
      checkSchedulable(pps, `stream "${name}" rate`);
      return pps;
    });
    for (const [k, stream] of streams.entries()) {
      const now = this.#streams[stream]!;
      now.speed = wanted[k]! / (now.plannedPps * this.#speed);
    }
    return wanted.reduce((sum, pps) => sum + pps, 0);
  }

  #turnsOf(streams: readonly number[] | null): StreamTurn[] {
    if (streams === null) return [{ stream: -1, speed: this.#paused ? 0 : this.#speed }];
    return streams.map((stream) => {
      const { speed, paused } = this.#streams[stream]!;
      return { stream, speed: paused ? 0 : speed };
    });
  }

  /** @throws PktgenError (2): there is no such stream, or only one. */
  #named(names: readonly string[]): number[] {
    if (names.length === 0) throw usageError("no stream is named", { where: "streams", accepted: "names, or all" });
    const known = this.#streams.map(({ name }) => name);
    const found = [...new Set(names)].map((name) => {
      const stream = known.indexOf(name);
      if (stream >= 0) return stream;
      throw usageError(`there is no stream "${name}"`, {
        where: "streams",
        accepted: known.slice(0, 20).join(", "),
        ...didYouMean(name, known),
      });
    });
    return found;
  }
}
