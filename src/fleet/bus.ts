/**
 * What a fleet talks through: messages by subject, questions with answers, and a journal of results. One implementation
 * is in this process (local-bus.ts), one is a NATS server (nats/nats-bus.ts).
 *
 * A subject is words with dots between them: `agent.a7.prepare`. Who listens may use `*` for one word, and `>` for all
 * that follow. Messages are plain data (wire.ts).
 */

export interface BusMessage {
  readonly subject: string;
  /** Not yet checked. */
  readonly data: unknown;
  /** Answers who asked. Nothing happens where nobody did. */
  reply(data: unknown): void;
}

/** `absent`: nobody listens there, and that is known at once. `slow`: somebody does, and did not answer in time. */
export type BusAnswer =
  | { readonly kind: "answer"; readonly data: unknown }
  | { readonly kind: "absent" }
  | { readonly kind: "slow" };

export interface Bus extends AsyncDisposable {
  /** null: results are not kept anywhere on the way. */
  readonly journal: Journal | null;
  /** Resolves with why when the way to the others is gone for good, e.g. where the server does not know this side any more. */
  readonly gone: Promise<string>;
  /** At most once: whoever is cut off does not hear it. */
  publish(subject: string, data: unknown): void;
  /** Resolves once everything published from now on is heard. */
  subscribe(subject: string, take: (message: BusMessage) => void): Promise<Disposable>;
  request(subject: string, data: unknown, timeoutMs: number): Promise<BusAnswer>;
  /**
   * Asks all who listen, until each of `expected` answered or the time is over. Answers are objects whose `from` is the
   * name. null: nobody is expected by name, and the whole time is waited. A name's first answer counts.
   */
  gather(
    subject: string,
    data: unknown,
    expected: readonly string[] | null,
    timeoutMs: number,
  ): Promise<ReadonlyMap<string, unknown>>;
  /** Is called when the way to the others goes, and when it is back. */
  onLink(watch: (isUp: boolean) => void): Disposable;
}

/** Keeps results until somebody has them. It is never their only copy. */
export interface Journal {
  /** Resolves once it is kept. What is kept twice under one id may be read twice. */
  keep(subject: string, id: string, data: unknown): Promise<void>;
  /** Everything under subjects that match, in the order in which it was kept. */
  read(filter: string): Promise<readonly { readonly subject: string; readonly data: unknown }[]>;
}

/** Who answered, by its own word; null: it does not say. */
export function senderOf(data: unknown): string | null {
  const from = typeof data === "object" && data !== null ? (data as { from?: unknown }).from : undefined;
  return typeof from === "string" ? from : null;
}

/** What an agent says by itself ends with its name. The server may know who may publish there; the text knows nothing. */
export const isOwnWord = ({ subject, data }: Pick<BusMessage, "subject" | "data">): boolean =>
  senderOf(data) === subject.slice(subject.lastIndexOf(".") + 1);

/** Does a listener at `filter` hear `subject`? */
export function hears(filter: string, subject: string): boolean {
  const [words, said] = [filter.split("."), subject.split(".")];
  const rest = words.indexOf(">");
  if (rest >= 0 ? said.length <= rest : said.length !== words.length) return false;
  const fixed = rest >= 0 ? words.slice(0, rest) : words;
  return fixed.every((word, i) => word === "*" || word === said[i]);
}

/** Answers as they come in, until all that were expected are there. */
export class Gathering {
  readonly answers = new Map<string, unknown>();
  readonly #expected: ReadonlySet<string> | null;

  constructor(expected: readonly string[] | null) {
    this.#expected = expected === null ? null : new Set(expected);
  }

  add(data: unknown): void {
    const from = senderOf(data);
    if (from === null || this.answers.has(from) || this.#expected?.has(from) === false) return;
    this.answers.set(from, data);
  }

  get complete(): boolean {
    return this.#expected !== null && this.answers.size === this.#expected.size;
  }
}
