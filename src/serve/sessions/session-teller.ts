/** What a session's events say: a sample four times a second, and what somebody or something changed. */
import type { FlowCounters, FlowHistograms, SessionEvent, SessionSnapshot } from "../../session/index.js";
import { streamHistogramsKept } from "../../stats/trial-report.js";
import { hostFacts } from "../../sys/host.js";
import { packageVersion } from "../../sys/version.js";
import type { EventData } from "../contract.js";
import { EventJournal } from "../events/journal.js";
import { sampleValues, sessionFigures, sessionUnits } from "../events/sample-figures.js";
import {
  columnsOf,
  flowFigureNames,
  flowFigures,
  isAwaited,
  portFigureNames,
  portFigures,
  sumFigures,
} from "./session-figures.js";

/** Time between two samples. */
const sampleEveryMs = 250;
/** A table of more flows than that comes less often, so that it costs little. */
const flowsPerSample = 256;
/** Names of flows in one marker. */
const namesInMarker = 5;

type Marker = EventData<"marker">["what"];

interface ToldSession {
  readonly id: string;
  readonly name: string;
  readonly ports: readonly string[];
  readonly started: Date;
}

/** `pps` null: it was started since the sample before. */
interface Loss {
  generation: number;
  lost: number;
  pps: number | null;
}

export class SessionTeller {
  readonly journal = new EventJournal();
  readonly #startedMs = performance.now();
  readonly #look: () => SessionSnapshot;
  readonly #histogramsOf: (flow: string) => FlowHistograms | null;
  readonly #timer: NodeJS.Timeout;
  /** Never used again. */
  readonly #indexes = new Map<string, number>();
  #nextIndex = 0;
  #ticks = 0;
  #beforeNs = Number.NEGATIVE_INFINITY;
  #lostOfAll: number | null = 0;
  /** By flow, as of the last sample. */
  readonly #losses = new Map<string, Loss>();
  /** By flow: the start whose histograms were told. */
  readonly #histograms = new Map<string, number>();
  /** Flows that ended by themselves since the last sample. */
  #ended: string[] = [];

  constructor(told: ToldSession, look: () => SessionSnapshot, histogramsOf: (flow: string) => FlowHistograms | null) {
    this.#look = look;
    this.#histogramsOf = histogramsOf;
    this.#writeConfig(told);
    this.#timer = setInterval(() => this.sample(this.#look()), sampleEveryMs);
  }

  /** Lost frames a second, of all flows. null: not known of one of them. */
  get lostOfAll(): number | null {
    return this.#lostOfAll;
  }

  indexOf(flow: string): number {
    return this.#indexes.get(flow) ?? -1;
  }

  lostPps(flow: string): number | null {
    return this.#losses.get(flow)?.pps ?? null;
  }

  state(state: string, text?: string): void {
    this.journal.write("state", { t: this.#t(), state, ...(text === undefined ? {} : { text }) });
  }

  /** Somebody did that to these flows. */
  deed(what: Marker, verb: string, flows: readonly string[]): void {
    if (flows.length > 0) this.mark(what, `${verb}: ${shortList(flows)}`);
  }

  mark(what: Marker, text: string): void {
    this.journal.write("marker", { t: this.#t(), what, text });
  }

  /** Flows that are there from now on. */
  added(flows: readonly { readonly name: string; readonly from: string; readonly to: readonly string[] }[]): void {
    const list = flows.map(({ name, from, to }) => {
      const index = this.#nextIndex++;
      this.#indexes.set(name, index);
      return { index, name, tx: from, rx: [...to] };
    });
    this.journal.write("flowlist", { t: this.#t(), flows: list, removed: [] });
  }

  removed(flows: readonly string[]): void {
    const removed = flows.flatMap((name) => this.#indexes.get(name) ?? []);
    if (flows.some((name) => this.#histograms.has(name))) this.journal.forgetHistograms(removed);
    for (const name of flows) {
      this.#indexes.delete(name);
      this.#losses.delete(name);
      this.#histograms.delete(name);
    }
    if (removed.length > 0) this.journal.write("flowlist", { t: this.#t(), flows: [], removed });
  }

  take(event: SessionEvent): void {
    if (event.kind === "flow" && event.why === "ended") this.#ended.push(event.flow);
    if (event.kind === "link") {
      const text = `link ${event.state}: ${event.port}${event.why === null ? "" : ` (${event.why})`}`;
      this.journal.write("marker", { t: this.#t(), what: "link", text, port: event.port });
    }
    if (event.kind === "trouble") this.journal.write("trouble", { t: this.#t(), text: event.message });
  }

  sample(snapshot: SessionSnapshot): void {
    this.#takeLost(snapshot);
    const ended = this.#ended.splice(0);
    if (ended.length > 0) this.mark("stop", `ended: ${shortList(ended)}`);
    const t = this.#t();
    this.journal.write("sample", { t, v: sampleValues(sessionFigures, sumFigures(snapshot, this.lostOfAll)) });
    this.journal.write("ports", { t, v: columnsOf(portFigureNames, snapshot.ports.map(portFigures)) });
    this.#writeLedger(snapshot, t);
    const every = Math.ceil(snapshot.flows.length / flowsPerSample);
    if (this.#ticks++ % Math.max(1, every) === 0) this.#writeFlows(snapshot, t);
    this.histograms(snapshot);
  }

  /** The last sample, whole, and nothing after it. */
  end(snapshot: SessionSnapshot | null, done: Pick<EventData<"done">, "state" | "stopped" | "error">): void {
    clearInterval(this.#timer);
    if (snapshot !== null) {
      this.#ticks = 0;
      this.sample(snapshot);
    }
    this.state(done.state);
    this.journal.write("done", {
      ...{ t: this.#t(), ...done, verdict: null, reasons: [], causes: [], result: null },
    });
  }

  #t(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  #writeConfig({ id, name, ports, started }: ToldSession): void {
    const { cpu, cores, kernel } = hostFacts();
    this.journal.write("config", {
      ...{ format: "pktgen-ts events 1", kind: "session", id, name },
      started: started.toISOString(),
      ...{
        commandLine: "",
        command: null,
        options: {},
        everyMs: sampleEveryMs,
        names: [...sessionFigures],
        units: sessionUnits,
      },
      ...{ ports: [...ports], portNames: [...portFigureNames], flowNames: [...flowFigureNames] },
      version: packageVersion(),
      host: { cpu, cores, kernel },
      ...{ plan: null, thresholds: [] },
    });
  }

  /** Of flows whose generation is the one of the sample before. A frame that comes late takes loss back: then it is 0. */
  #takeLost(now: SessionSnapshot): void {
    if (now.atNs <= this.#beforeNs) return;
    const seconds = (now.atNs - this.#beforeNs) / 1e9;
    this.#beforeNs = now.atNs;
    this.#lostOfAll = 0;
    for (const flow of now.flows) {
      if (!isAwaited(flow)) continue;
      const { name, generation, lost } = flow;
      const last = this.#losses.get(name);
      const pps = last?.generation === generation ? Math.max(0, (lost - last.lost) / seconds) : null;
      this.#lostOfAll = this.#lostOfAll === null || pps === null ? null : this.#lostOfAll + pps;
      if (last === undefined) this.#losses.set(name, { generation, lost, pps });
      else Object.assign(last, { generation, lost, pps });
    }
  }

  /** Of flows whose frames are awaited. */
  #writeLedger({ flows }: SessionSnapshot, t: number): void {
    const awaited = flows.filter(isAwaited);
    const sum = (of: (flow: FlowCounters) => number): number => awaited.reduce((total, flow) => total + of(flow), 0);
    this.journal.write("ledger", {
      ...{ t, settled: awaited.every(({ settled }) => settled), hops: [], unaccounted: null },
      ...{ sent: sum(({ sent }) => sent), received: sum(({ received }) => received) },
      inFlight: sum(({ inFlight }) => inFlight),
    });
  }

  /** Of flows that have settled, once for each start; of as many flows as there is room for. */
  histograms({ flows }: SessionSnapshot): void {
    const t = this.#t();
    for (const { name, settled, generation } of flows) {
      if (!settled || generation === 0 || this.#histograms.get(name) === generation) continue;
      const flow = this.indexOf(name);
      if (flow < 0 || (!this.#histograms.has(name) && this.#histograms.size >= streamHistogramsKept)) continue;
      const histograms = this.#histogramsOf(name);
      if (histograms === null) continue;
      this.#histograms.set(name, generation);
      const both = { latency: histograms.latency, gap: histograms.gaps } as const;
      for (const what of ["latency", "gap"] as const) {
        this.journal.write("histogram", { t, what, flow, buckets: both[what].map((bucket) => [...bucket]) });
      }
    }
  }

  /** By growing index: the order in which they were added. */
  #writeFlows({ flows }: SessionSnapshot, t: number): void {
    const rows = flows
      .filter(({ name }) => this.#indexes.has(name))
      .sort((a, b) => this.indexOf(a.name) - this.indexOf(b.name));
    const figures = rows.map((flow) => flowFigures(flow, this.lostPps(flow.name)));
    const numbers = rows.map(({ name }) => this.indexOf(name));
    this.journal.write("flows", { t, rows: numbers, v: columnsOf(flowFigureNames, figures) });
  }
}

const shortList = (flows: readonly string[]): string =>
  flows.length <= namesInMarker
    ? flows.join(", ")
    : `${flows.slice(0, namesInMarker).join(", ")} and ${flows.length - namesInMarker} more`;
