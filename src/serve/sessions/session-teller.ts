/** What a session's events say: a sample four times a second, and what somebody or something changed. */
import type { FlowCounters, FlowHistograms, SessionEvent, SessionSnapshot } from "../../session/index.js";
import { streamHistogramsKept } from "../../stats/trial-report.js";
import { hostFacts, watchDisturbance } from "../../sys/host.js";
import { packageVersion } from "../../sys/version.js";
import type { EventData } from "../contract.js";
import { EventJournal } from "../events/journal.js";
import { sampleValues, sessionFigures, sessionUnits } from "../events/sample-figures.js";
import {
  type BetweenSamples,
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
interface Before {
  generation: number;
  lost: number;
  pps: number | null;
  sent: number;
  late: number;
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
  #between: BetweenSamples = { lostPps: 0, lateShare: null, stealShare: null };
  /** By flow, as of the last sample. */
  readonly #before = new Map<string, Before>();
  readonly #disturbance = watchDisturbance([]);
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

  get between(): BetweenSamples {
    return this.#between;
  }

  indexOf(flow: string): number {
    return this.#indexes.get(flow) ?? -1;
  }

  lostPps(flow: string): number | null {
    return this.#before.get(flow)?.pps ?? null;
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
      this.#before.delete(name);
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
    this.#compare(snapshot);
    const ended = this.#ended.splice(0);
    if (ended.length > 0) this.mark("stop", `ended: ${shortList(ended)}`);
    const t = this.#t();
    this.journal.write("sample", { t, v: sampleValues(sessionFigures, sumFigures(snapshot, this.#between)) });
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

  /** With the sample before, of flows that were not started since. A frame that comes late takes loss back: then it is 0. */
  #compare(now: SessionSnapshot): void {
    if (now.atNs <= this.#beforeNs) return;
    const seconds = (now.atNs - this.#beforeNs) / 1e9;
    this.#beforeNs = now.atNs;
    const sums = { sent: 0, late: 0, lostPps: 0 as number | null };
    for (const flow of now.flows) {
      const { name, generation, lost, sent, late } = flow;
      const last = this.#before.get(name);
      const isSame = last?.generation === generation;
      const pps = isSame ? Math.max(0, (lost - last.lost) / seconds) : null;
      sums.sent += isSame ? sent - last.sent : sent;
      sums.late += isSame ? late - last.late : late;
      // null: not known of one of them.
      if (isAwaited(flow)) sums.lostPps = sums.lostPps === null || pps === null ? null : sums.lostPps + pps;
      const next = { generation, lost, pps, sent, late };
      if (last === undefined) this.#before.set(name, next);
      else Object.assign(last, next);
    }
    const isSending = sums.sent > 0;
    const wasSending = this.#between.lateShare !== null;
    // Nobody is asked while nothing is sent: a session that rests costs no more for it. The first answer is of the rest.
    const stealMs = isSending ? this.#disturbance().stealMs : 0;
    this.#between = {
      lostPps: sums.lostPps,
      lateShare: isSending ? Math.min(1, Math.max(0, sums.late / sums.sent)) : null,
      stealShare: isSending && wasSending ? stealMs / (seconds * 1000) : null,
    };
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
