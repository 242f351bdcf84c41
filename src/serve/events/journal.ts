/**
 * The events of a run or session, in constant memory. What decides is kept; samples are thinned, the older the thinner;
 * of tables only the latest is kept. Readers have a place in it, not a buffer of their own: who is slow gets what is
 * still there.
 */
import type { EventData, EventKind } from "../contract.js";

export interface KeptEvent {
  /** Grows with each event. */
  readonly id: number;
  readonly event: EventKind;
  /** JSON. */
  readonly data: string;
  /** Of samples: 0, 1, 2 … */
  readonly sample?: number;
  /** Of what only the latest is kept: the name of it. */
  readonly table?: string;
}

type FlowList = EventData<"flowlist">;

/** Lists of flows that are kept; then they become one. */
const mostFlowLists = 200;
/** Removed flows in such a one: who reads on from the middle learns of the last ones. */
const mostRemoved = 65_536;

/** Of which only the last one matters; of histograms, the last one of each kind and flow. */
const latestOnly: ReadonlySet<EventKind> = new Set(["ports", "flows", "ledger", "histogram"]);

/** Events with the same name take each other's place; null: the event takes nobody's. */
function tableOf(event: EventKind, data: EventData<EventKind>): string | null {
  if (!latestOnly.has(event)) return null;
  if (event !== "histogram") return event;
  const { what, flow } = data as EventData<"histogram">;
  return `${event} ${what} ${flow}`;
}

export interface JournalLimits {
  readonly samples: number;
  /** Of all other kinds together; the oldest trials and markers go first. */
  readonly others: number;
}

const usualLimits: JournalLimits = { samples: 4_096, others: 10_000 };

export class EventJournal {
  readonly #limits: JournalLimits;
  #events: KeptEvent[] = [];
  #lastId = 0;
  /** Kept, and written until now. */
  #samples = 0;
  #written = 0;
  /** Of the older samples every such one is kept. */
  #stride = 1;
  #ended = false;
  #flowLists = 0;
  readonly #listeners = new Set<() => void>();

  constructor(limits = usualLimits) {
    this.#limits = limits;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** The last event was written. */
  get ended(): boolean {
    return this.#ended;
  }

  write<Kind extends EventKind>(event: Kind, data: EventData<Kind>): void {
    if (this.#ended) return;
    const table = tableOf(event, data);
    if (table !== null) {
      const before = this.#events.findLastIndex((kept) => kept.table === table);
      if (before >= 0) this.#events.splice(before, 1);
    }
    const number = event === "sample" ? { sample: this.#written++ } : {};
    const place = table === null ? {} : { table };
    this.#events.push({ id: ++this.#lastId, event, data: JSON.stringify(data), ...number, ...place });
    if (event === "sample" && ++this.#samples > this.#limits.samples) this.#thin();
    if (event === "flowlist" && ++this.#flowLists > mostFlowLists) this.#joinFlowLists();
    const others = this.#events.length - this.#samples;
    if (others > this.#limits.others) this.#forgetOne();
    if (event === "done") this.#ended = true;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Flows that are no more, by their indexes: nobody who comes late needs their histograms. */
  forgetHistograms(flows: readonly number[]): void {
    const tables = new Set(flows.flatMap((flow) => [`histogram latency ${flow}`, `histogram gap ${flow}`]));
    this.#events = this.#events.filter(({ table }) => table === undefined || !tables.has(table));
  }

  /** Those behind an id, in order; at most so many. */
  after(id: number, most = Number.POSITIVE_INFINITY): readonly KeptEvent[] {
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (events[middle]!.id <= id) low = middle + 1;
      else high = middle;
    }
    return events.slice(low, low + most);
  }

  /** Is told after each event. Returns what ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The newest quarter stays whole. The older ones lie evenly over all the time before. */
  #thin(): void {
    const newest = this.#written - this.#limits.samples / 4;
    const room = (this.#limits.samples * 3) / 4;
    do {
      const { length } = this.#events;
      this.#events = this.#events.filter(({ sample = 0 }) => sample >= newest || sample % this.#stride === 0);
      this.#samples -= length - this.#events.length;
      if (this.#samples > room) this.#stride *= 2;
    } while (this.#samples > room);
  }

  /** All flows that are there, in place of what came and went. */
  #joinFlowLists(): void {
    const lists = this.#events.filter(({ event }) => event === "flowlist");
    const { id } = lists.at(-1)!;
    const data = JSON.stringify(joinedFlowLists(lists.map((list) => JSON.parse(list.data) as FlowList)));
    this.#events = this.#events.flatMap((kept) => {
      if (kept.event !== "flowlist") return kept;
      return kept.id === id ? { id, event: kept.event, data } : [];
    });
    this.#flowLists = 1;
  }

  #forgetOne(): void {
    const isOld = ({ event }: KeptEvent): boolean => ["trial", "marker", "state", "trouble"].includes(event);
    const oldest = this.#events.findIndex(isOld);
    if (oldest >= 0) this.#events.splice(oldest, 1);
  }
}

function joinedFlowLists(lists: readonly FlowList[]): FlowList {
  const flows = new Map<number, FlowList["flows"][number]>();
  for (const list of lists) {
    for (const flow of list.flows) flows.set(flow.index, flow);
    for (const index of list.removed) flows.delete(index);
  }
  const removed = lists.flatMap((list) => list.removed).slice(-mostRemoved);
  return { t: lists.at(-1)!.t, flows: [...flows.values()], removed };
}

/** `{"id":…,"event":…,"data":…}`: a line of a recording. */
export const recordingLine = ({ id, event, data }: KeptEvent): string =>
  `{"id":${id},"event":"${event}","data":${data}}\n`;
