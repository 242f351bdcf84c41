/**
 * A bus inside this process, for a fleet without a server. Messages take the same way as on a wire: as text, and later.
 * What does not survive that does not arrive here either.
 */
import { type Bus, type BusAnswer, type BusMessage, Gathering, hears, type Journal } from "./bus.js";
import { decodeWire, encodeWire } from "./wire.js";

interface Listener {
  readonly filter: string;
  readonly owner: object;
  readonly take: (message: BusMessage) => void;
}

/** Where all ends of a local bus meet. */
export class LocalHub {
  readonly #listeners = new Set<Listener>();
  readonly #kept: { readonly subject: string; readonly id: string; readonly text: string }[] = [];

  connect(): Bus {
    return new LocalBus(this);
  }

  listen(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Hands it to all who listen; returns how many do. */
  send(subject: string, data: unknown, reply: (text: string) => void): number {
    const text = encodeWire(data);
    const hearing = [...this.#listeners].filter(({ filter }) => hears(filter, subject));
    for (const listener of hearing) {
      setImmediate(() => {
        if (!this.#listeners.has(listener)) return;
        listener.take({ subject, data: decodeWire(text), reply: (answer) => reply(encodeWire(answer)) });
      });
    }
    return hearing.length;
  }

  leave(owner: object): void {
    for (const listener of this.#listeners) if (listener.owner === owner) this.#listeners.delete(listener);
  }

  readonly journal: Journal = {
    keep: async (subject, id, data) => {
      if (this.#kept.some((one) => one.id === id)) return;
      this.#kept.push({ subject, id, text: encodeWire(data) });
    },
    read: async (filter) =>
      this.#kept
        .filter(({ subject }) => hears(filter, subject))
        .map(({ subject, text }) => ({ subject, data: decodeWire(text) })),
  };
}

const nobodyAsked = (): void => {};

class LocalBus implements Bus {
  readonly gone = new Promise<never>(() => {});
  readonly #hub: LocalHub;
  /** Ends what still waits when this end is closed. */
  readonly #closed = new AbortController();

  constructor(hub: LocalHub) {
    this.#hub = hub;
  }

  /** An end that is closed keeps and reads nothing any more. */
  readonly journal: Journal = {
    keep: async (subject, id, data) => {
      if (!this.#closed.signal.aborted) await this.#hub.journal.keep(subject, id, data);
    },
    read: async (filter) => (this.#closed.signal.aborted ? [] : this.#hub.journal.read(filter)),
  };

  publish(subject: string, data: unknown): void {
    if (!this.#closed.signal.aborted) this.#hub.send(subject, data, nobodyAsked);
  }

  async subscribe(filter: string, take: (message: BusMessage) => void): Promise<Disposable> {
    return this.#hub.listen({ filter, owner: this, take });
  }

  request(subject: string, data: unknown, timeoutMs: number): Promise<BusAnswer> {
    if (this.#closed.signal.aborted) return Promise.resolve({ kind: "absent" });
    return new Promise((resolve) => {
      const give = this.#untilThen(timeoutMs, () => resolve({ kind: "slow" }));
      const answered = (text: string): void => {
        give();
        resolve({ kind: "answer", data: decodeWire(text) });
      };
      if (this.#hub.send(subject, data, answered) > 0) return;
      give();
      resolve({ kind: "absent" });
    });
  }

  gather(
    subject: string,
    data: unknown,
    expected: readonly string[] | null,
    timeoutMs: number,
  ): Promise<ReadonlyMap<string, unknown>> {
    const gathering = new Gathering(expected);
    if (this.#closed.signal.aborted) return Promise.resolve(gathering.answers);
    return new Promise((resolve) => {
      const give = this.#untilThen(timeoutMs, () => resolve(gathering.answers));
      const end = (): void => {
        give();
        resolve(gathering.answers);
      };
      // Here it is known who hears it: where nobody is expected by name, these are all.
      let open = this.#hub.send(subject, data, (text) => {
        gathering.add(decodeWire(text));
        if (gathering.complete || (expected === null && --open === 0)) end();
      });
      if (open === 0 || gathering.complete) end();
    });
  }

  /** It never goes. */
  onLink(): Disposable {
    return { [Symbol.dispose]: nobodyAsked };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hub.leave(this);
    this.#closed.abort();
  }

  /** Calls `over` after that time, or when this end is closed, unless the returned function was called before. */
  #untilThen(timeoutMs: number, over: () => void): () => void {
    const timer = setTimeout(over, timeoutMs);
    const { signal } = this.#closed;
    const closed = (): void => {
      clearTimeout(timer);
      over();
    };
    signal.addEventListener("abort", closed, { once: true });
    return () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", closed);
    };
  }
}
