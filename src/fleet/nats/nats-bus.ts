/**
 * A bus over a NATS server. The client's packages are loaded with this file, which nothing imports but where a fleet with
 * a server is used.
 */
import { readFileSync } from "node:fs";
import {
  type ConnectionOptions,
  connect,
  createInbox,
  credsAuthenticator,
  errors,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
  nkeys,
  type Subscription,
} from "@nats-io/transport-node";
import { environmentError, usageError } from "../../errors.js";
import type { NatsAddress } from "../../options/fleet-address.js";
import { type Bus, type BusAnswer, type BusMessage, Gathering, type Journal } from "../bus.js";
import { openJournal } from "./journal.js";
import { packPayload, tooLong, unpackPayload } from "./payload.js";
import { HeldAnswers, inPieces, pieceWanted } from "./pieces.js";

export interface NatsSetup {
  readonly address: NatsAddress;
  /** For the server's list of connections. */
  readonly name: string;
  /** A file with a user's seed, or with credentials. Absent: neither. */
  readonly nkeyFile?: string;
  readonly credsFile?: string;
  readonly tlsCaFile?: string;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
}

/** The client's own settings let a partition go unnoticed for minutes, and give up after 20 s. */
const patience = { maxReconnectAttempts: -1, reconnectTimeWait: 250, pingInterval: 2_000, maxPingOut: 2 } as const;
/** Where a question was asked says nothing here, and noting it took longer than asking. */
const quick = { noAsyncTraces: true } as const;
const connectMs = 5_000;

function readKey(path: string, option: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw usageError(`${path} cannot be read`, { where: option, accepted: "a file that you may read", cause: error });
  }
}

function identityOf({
  address,
  nkeyFile,
  credsFile,
}: NatsSetup): Pick<ConnectionOptions, "authenticator" | "user" | "pass"> {
  if (credsFile !== undefined) {
    const creds = readKey(credsFile, "--creds");
    if (!/USER JWT-+\s[\s\S]*USER NKEY SEED-+\s/.test(Buffer.from(creds).toString("utf8"))) {
      throw usageError(`${credsFile} has no credentials`, { where: "--creds", accepted: "a file as nsc writes it" });
    }
    return { authenticator: credsAuthenticator(creds) };
  }
  if (nkeyFile !== undefined) return { authenticator: nkeyAuthenticator(seedOf(nkeyFile)) };
  return address.user === null ? {} : { user: address.user.name, pass: address.user.password };
}

function seedOf(path: string): Uint8Array {
  const seed = new TextEncoder().encode(Buffer.from(readKey(path, "--nkey")).toString("utf8").trim());
  try {
    nkeys.fromSeed(seed);
    return seed;
  } catch (cause) {
    const accepted = "a file with nothing but a seed, which begins with SU";
    throw usageError(`${path} has no seed of a user`, { where: "--nkey", accepted, cause });
  }
}

function tlsOf({ address, tlsCaFile, tlsCertFile, tlsKeyFile }: NatsSetup): Pick<ConnectionOptions, "tls"> {
  const files = [
    { key: "ca", option: "--tls-ca", path: tlsCaFile },
    { key: "cert", option: "--tls-cert", path: tlsCertFile },
    { key: "key", option: "--tls-key", path: tlsKeyFile },
  ];
  const texts: [key: string, text: string][] = [];
  for (const { key, option, path } of files) {
    if (path === undefined) continue;
    if (!address.encrypted) {
      throw usageError("this server is not spoken to over TLS", { where: option, accepted: "with --fleet tls://…" });
    }
    texts.push([key, Buffer.from(readKey(path, option)).toString("utf8")]);
  }
  return address.encrypted ? { tls: { handshakeFirst: false, ...Object.fromEntries(texts) } } : {};
}

/** @throws PktgenError (2): a file that cannot be read, or is of no use there; (3): no server answers there, or it refuses. */
export async function connectNats(setup: NatsSetup): Promise<Bus> {
  const { address, name } = setup;
  const servers = [...address.servers];
  const options = { ...patience, ...quick, servers, name, timeout: connectMs, ...identityOf(setup), ...tlsOf(setup) };
  const connection = await connect(options).catch((error: unknown) => {
    throw environmentError(`no connection to the fleet's server: ${reasonOf(error)}`, {
      where: servers.join(","),
      hint: "is nats-server running there, and does it accept this user?",
      cause: error,
    });
  });
  try {
    const journal = await openJournal(connection, address.fleet);
    return new NatsBus(connection, `${subjectRoot}.${address.fleet}`, journal);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** All subjects of all fleets begin with it. */
export const subjectRoot = "pktgen.v1";

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isNobodyThere = (message: Msg): boolean => message.data.length === 0 && message.headers?.code === 503;

class NatsBus implements Bus {
  readonly journal: Journal | null;
  readonly gone: Promise<string>;
  readonly #connection: NatsConnection;
  readonly #prefix: string;
  readonly #watchers = new Set<(isUp: boolean) => void>();
  /** What still waits for answers, to be ended with the connection. */
  readonly #waiting = new Set<() => void>();
  readonly #held = new HeldAnswers();

  constructor(connection: NatsConnection, prefix: string, journal: Journal | null) {
    this.#connection = connection;
    this.#prefix = `${prefix}.`;
    this.journal = journal;
    this.gone = connection.closed().then((error) => (error ? reasonOf(error) : "the connection was closed"));
    void this.#watch();
  }

  publish(subject: string, data: unknown): void {
    if (!this.#connection.isClosed()) this.#connection.publish(this.#full(subject), this.#pack(data));
  }

  async subscribe(filter: string, take: (message: BusMessage) => void): Promise<Disposable> {
    const subscription = this.#connection.subscribe(this.#full(filter), {
      callback: (error, message) => {
        if (error === null) this.#hand(message, take);
      },
    });
    // Where the way is down just now, the client asks for it again when it is back.
    await this.#connection.flush().catch(() => {});
    return { [Symbol.dispose]: () => subscription.unsubscribe() };
  }

  async request(subject: string, data: unknown, timeoutMs: number): Promise<BusAnswer> {
    const payload = this.#pack(data);
    try {
      const answer = await this.#connection.request(this.#full(subject), payload, { timeout: timeoutMs });
      const data = unpackPayload(answer.data);
      const cut = inPieces(data);
      if (cut === null) return { kind: "answer", data };
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < cut.count; at++) {
        const wanted = this.#pack({ $piece: cut.$pieces, at });
        pieces.push((await this.#connection.request(this.#full(subject), wanted, { timeout: timeoutMs })).data);
      }
      return { kind: "answer", data: unpackPayload(Buffer.concat(pieces)) };
    } catch (error) {
      return { kind: error instanceof errors.RequestError && error.isNoResponders() ? "absent" : "slow" };
    }
  }

  gather(
    subject: string,
    data: unknown,
    expected: readonly string[] | null,
    timeoutMs: number,
  ): Promise<ReadonlyMap<string, unknown>> {
    const payload = this.#pack(data);
    const gathering = new Gathering(expected);
    const inbox = createInbox();
    return new Promise((resolve) => {
      let answers: Subscription | null = null;
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        answers?.unsubscribe();
        resolve(gathering.answers);
      };
      const timer = setTimeout(end, timeoutMs);
      this.#waiting.add(end);
      answers = this.#connection.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null || isNobodyThere(message)) return end();
          // What cannot be read is nobody's answer, and others may still come.
          const answer = readable(message);
          if (answer !== null) gathering.add(answer.data);
          if (gathering.complete) end();
        },
      });
      this.#connection.publish(this.#full(subject), payload, { reply: inbox });
    });
  }

  onLink(watch: (isUp: boolean) => void): Disposable {
    this.#watchers.add(watch);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watch) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#waiting) end();
    this.#held[Symbol.dispose]();
    await this.#connection.close();
  }

  #full(subject: string): string {
    return this.#prefix + subject;
  }

  get #serverTakesBytes(): number {
    return this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  }

  /** @throws PktgenError (3): it is longer than the server takes. */
  #pack(data: unknown): Uint8Array {
    const bytes = packPayload(data, this.#serverTakesBytes);
    if (bytes.length > this.#serverTakesBytes) throw tooLong(bytes.length, this.#serverTakesBytes);
    return bytes;
  }

  /** What is too long is fetched by whoever asked. */
  #packAnswer(data: unknown): Uint8Array {
    const most = this.#serverTakesBytes;
    const bytes = packPayload(data, most);
    return bytes.length <= most ? bytes : this.#pack(this.#held.hold(bytes, most));
  }

  #hand(message: Msg, take: (message: BusMessage) => void): void {
    const read = readable(message);
    if (read === null) return;
    const wanted = pieceWanted(read.data);
    if (wanted !== null) return void message.respond(this.#held.pieceOf(wanted));
    take({
      subject: message.subject.slice(this.#prefix.length),
      data: read.data,
      reply: (answer) => {
        if (!this.#connection.isClosed()) message.respond(this.#packAnswer(answer));
      },
    });
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type !== "disconnect" && type !== "reconnect") continue;
      for (const watch of this.#watchers) watch(type === "reconnect");
    }
  }
}

/** null: it is no message of ours. */
function readable(message: Msg): { readonly data: unknown } | null {
  try {
    return { data: unpackPayload(message.data) };
  } catch {
    return null;
  }
}
