/** What a session's events say: a sample four times a second, and what somebody or something changed. */
import type { FlowCounters, SessionEvent, SessionSnapshot } from "../../session/index.js";
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

export class SessionTeller {
  readonly journal = new EventJournal();
  readonly #startedMs = performance.now();
  readonly #look: () => SessionSnapshot;
  readonly #timer: NodeJS.Timeout;
  /** Never used again. */
  readonly #indexes = new Map<string, number>();
  #nextIndex = 0;
  #ticks = 0;
  #before: SessionSnapshot | null = null;
  #lostPps = new Map<string, number | null>();
  /** Flows that ended by themselves since the last sample. */
  #ended: string[] = [];

  constructor(told: ToldSession, look: () => SessionSnapshot) {
    this.#look = look;
    this.#writeConfig(told);
    this.#timer = setInterval(() => this.sample(this.#look()), sampleEveryMs);
  }

  /** Lost frames a second, of all flows. null: not known of one of them. */
  get lostOfAll(): number | null {
    const lost = [...this.#lostPps.values()];
    return lost.includes(null) ? null : lost.reduce<number>((sum, pps) => sum + pps!, 0);
  }

  indexOf(flow: string): number {
    return this.#indexes.get(flow) ?? -1;
  }

  lostPps(flow: string): number | null {
    return this.#lostPps.get(flow) ?? null;
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
    for (const name of flows) this.#indexes.delete(name);
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
    const before = this.#before;
    if (before !== null && now.atNs <= before.atNs) return;
    const known = new Map((before?.flows ?? []).map((flow) => [flow.name, flow]));
    const seconds = before === null ? 0 : (now.atNs - before.atNs) / 1e9;
    this.#lostPps = new Map(
      now.flows.filter(isAwaited).map((flow) => {
        const last = known.get(flow.name);
        const isSame = last !== undefined && last.generation === flow.generation;
        return [flow.name, isSame ? Math.max(0, (flow.lost - last.lost) / seconds) : null];
      }),
    );
    this.#before = now;
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
