/**
 * The lanes of a session as two threads see them, in one thread: whenever one side touches a lane's row, the other one gets
 * its turn. So a reader meets every state that the loop leaves while it notes what came in.
 */
import { arrivedCell } from "../../src/engine/session/arrived.js";
import { LaneBook } from "../../src/engine/session/lane-book.js";
import { allocateSession, SessionMemory } from "../../src/engine/session/session-memory.js";

/** The same memory, of which each touch of a lane's row is told before it is done. */
function watched(memory: SessionMemory, touched: (deed: "get" | "set") => void): SessionMemory {
  const lanes = new Proxy(memory.lanes, {
    get(cells, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) touched("get");
      const value = Reflect.get(cells, key) as unknown;
      return typeof value === "function" ? value.bind(cells) : value;
    },
    set(cells, key, value) {
      touched("set");
      return Reflect.set(cells, key, value);
    },
  });
  return Object.create(memory, { lanes: { value: lanes } }) as SessionMemory;
}

export class InterleavedLanes {
  /** For a reader: it calls `whileReading` before each look at a row. */
  readonly memory: SessionMemory;
  /** The loop calls it before each write to a row. */
  whileNoting: () => void = () => {};
  whileReading: () => void = () => {};
  readonly #book: LaneBook;
  readonly #next: number[];

  constructor(lanes: number) {
    const memory = new SessionMemory(
      allocateSession({ capacity: lanes, lanes, ports: 1, trial: 0x747001, heapBytes: 4096 }),
    );
    memory.laneOf.set(Array.from({ length: lanes }, (_, lane) => lane));
    this.memory = watched(memory, (deed) => {
      if (deed === "get") this.whileReading();
    });
    this.#book = new LaneBook(
      watched(memory, (deed) => {
        if (deed === "set") this.whileNoting();
      }),
    );
    this.#next = new Array<number>(lanes).fill(0);
  }

  /** So many frames of a lane come in that took the same time. */
  take(lane: number, frames: number, latencyNs: number): void {
    const { seen } = this.#book;
    seen[arrivedCell.index] = this.#next[lane]!;
    seen[arrivedCell.atNs] = 1e6;
    seen[arrivedCell.latencyNs] = latencyNs;
    this.#next[lane]! += frames;
    this.#book.take(lane, 0, lane, frames, 60);
  }
}
