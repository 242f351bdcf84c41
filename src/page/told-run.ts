/**
 * A run or a session as its events tell it. Events change plain data; `commit` then tells whoever shows it, once for
 * all events of a picture. The same store reads a live stream and a recording.
 */
import { batch, signal } from "@preact/signals";
import { parseRate } from "../units.js";
import type { EventConfig, EventData, EventKind, TrialRow } from "./contract.js";
import type {
  DoneEvent,
  HistogramEvent,
  LedgerEvent,
  MarkerEvent,
  PortsEvent,
  RecordedEvent,
  StateEvent,
  TroubleEvent,
} from "./events.js";
import { FlowRows } from "./flow-rows.js";
import { SampleSeries } from "./sample-series.js";

const mostTroubles = 100;
const mostMarkers = 1_000;

/** Plain values that events change; each has a signal that `commit` sets. */
class Told<T> {
  value: T;
  readonly #signal;

  constructor(value: T) {
    this.value = value;
    this.#signal = signal(value);
  }

  /** What is shown: the value of the last commit. */
  get shown(): T {
    return this.#signal.value;
  }

  commit(): void {
    this.#signal.value = this.value;
  }
}

/**
 * How the data arrive: by a stream that is open, that is tried again, that has ended, or that the server has no more
 * of, without an end; or out of a file.
 */
export type Arrival = "opening" | "live" | "again" | "ended" | "gone" | "file";

export class ToldRun {
  readonly config = new Told<EventConfig | null>(null);
  readonly state = new Told<StateEvent | null>(null);
  readonly ledger = new Told<LedgerEvent | null>(null);
  readonly markers = new Told<readonly MarkerEvent[]>([]);
  readonly trials = new Told<readonly TrialRow[]>([]);
  readonly histograms = new Told<ReadonlyMap<string, HistogramEvent>>(new Map());
  readonly ports = new Told<PortsEvent | null>(null);
  readonly troubles = new Told<readonly TroubleEvent[]>([]);
  readonly done = new Told<DoneEvent | null>(null);
  /** Grows with each commit that brought samples, or values of flows. */
  readonly samples = new Told(0);
  readonly flowTable = new Told(0);
  readonly source = signal<Arrival>("opening");
  series = new SampleSeries([], []);
  flows = new FlowRows([]);
  /** Milliseconds since the start, of the last event. */
  lastMs = 0;
  /** When that event came, by the page's own clock. */
  lastCame = 0;
  lastId = -1;
  readonly #changed = new Set<{ commit(): void }>();

  /** `now`: milliseconds of the page's own clock. */
  apply({ id, event, data }: RecordedEvent, now: number): void {
    this.lastId = Math.max(this.lastId, id);
    if (event === "config") {
      this.#begin(data);
    } else {
      this.lastMs = Math.max(this.lastMs, data.t);
      this.lastCame = now;
    }
    const take = this.#takers[event] as ((data: EventData<EventKind>) => void) | undefined;
    take?.(data);
  }

  /** What each event changes. */
  readonly #takers: { readonly [Kind in EventKind]: (data: EventData<Kind>) => void } = {
    config: (data) => this.#set(this.config, data),
    state: (data) => this.#set(this.state, data),
    sample: (data) => {
      this.series.add(data.t, data.v);
      this.#set(this.samples, this.samples.value + 1);
    },
    ports: (data) => this.#set(this.ports, data),
    flowlist: (data) => {
      this.flows.list(data);
      this.#set(this.flowTable, this.flowTable.value + 1);
    },
    flows: (data) => {
      this.flows.update(data);
      this.#set(this.flowTable, this.flowTable.value + 1);
    },
    ledger: (data) => this.#set(this.ledger, data),
    histogram: (data) =>
      this.#set(this.histograms, new Map(this.histograms.value).set(`${data.what} ${data.flow}`, data)),
    trial: (data) => this.#set(this.trials, [...this.trials.value.filter(({ index }) => index !== data.index), data]),
    marker: (data) => this.#set(this.markers, [...this.markers.value, data].slice(-mostMarkers)),
    trouble: (data) => this.#set(this.troubles, [...this.troubles.value, data].slice(-mostTroubles)),
    done: (data) => this.#set(this.done, data),
  };

  #begin({ names, units, flowNames }: EventConfig): void {
    this.series = new SampleSeries(
      names,
      names.map((name) => units[name] ?? "frames"),
    );
    this.flows = new FlowRows(flowNames);
    this.#set(this.markers, []);
    this.#set(this.trials, []);
    this.#set(this.troubles, []);
    this.#set(this.histograms, new Map());
  }

  #set<T>(told: Told<T>, value: T): void {
    told.value = value;
    this.#changed.add(told);
  }

  /** Shows what came since the last time. */
  commit(): void {
    batch(() => {
      for (const told of this.#changed) told.commit();
      this.#changed.clear();
    });
  }

  /** Milliseconds that it runs, as far as anybody knows: the clock goes on between two events while it runs. */
  elapsedMs(now: number): number {
    if (this.done.value !== null || this.source.value !== "live") return this.lastMs;
    return this.lastMs + Math.min(Math.max(0, now - this.lastCame), 5_000);
  }
}

/** The load of the trial that runs is paused, as the last such marker says. Each trial begins unpaused. */
export function isPaused({ state, markers }: ToldRun): boolean {
  const last = markers.value.findLast(
    ({ what, flow }) => flow === undefined && (what === "pause" || what === "resume"),
  );
  return last?.what === "pause" && state.value?.state === "running" && last.t >= state.value.t;
}

/** NaN: not in frames a second. */
function ppsOf(text: string): number {
  try {
    const rate = parseRate(text, "rate");
    return rate.kind === "pps" ? rate.pps : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/** How much longer the trial that began then lasts than it was planned to. */
const addedMs = ({ markers }: ToldRun, sinceMs: number): number =>
  markers.value.reduce((sum, { t, addMs = 0 }) => sum + (t >= sinceMs ? addMs : 0), 0);

/** What is left of a run of trials with known lengths; null: nobody knows. Settling and opening are not in it. */
export function remainingMs(run: ToldRun, now: number): number | null {
  const plan = run.config.value?.plan;
  if (run.done.value !== null) return 0;
  if (plan === null || plan === undefined || plan.trials.length === 0) return null;
  const lengths = plan.trials.map((trial) => {
    if (trial.durationNs !== null) return trial.durationNs / 1e6;
    return trial.count === null ? Number.NaN : (trial.count / ppsOf(trial.rate)) * 1000;
  });
  const state = run.state.value;
  const open = run.trials.value.length;
  if (state !== null && open < lengths.length) lengths[open]! += addedMs(run, state.t);
  const length = lengths[open] ?? 0;
  const hasSent = state?.state === "settling" && state.t > (run.trials.value.at(-1)?.t ?? -1);
  const inOpen = state?.state === "running" ? Math.min(run.elapsedMs(now) - state.t, length) : hasSent ? length : 0;
  const left = lengths.slice(open).reduce((sum, length) => sum + length, 0) - Math.max(0, inOpen);
  return Number.isNaN(left) ? null : Math.max(0, left);
}
