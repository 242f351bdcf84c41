/** The journal of a fleet on a NATS server: a stream of JetStream, in files, for a week. */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection, nanos } from "@nats-io/transport-node";
import type { Journal } from "../bus.js";
import { packPayload, unpackPayload } from "./payload.js";
import { cutUp } from "./pieces.js";

const keptMs = 7 * 24 * 3600 * 1000;
const answerMs = 5_000;
/** `at count id`: the message is a piece of what is kept under that id. */
const pieceHeader = "Pktgen-Piece";

/** null: the server keeps nothing (JetStream is off, or not allowed for this user). */
export async function openJournal(connection: NatsConnection, fleet: string): Promise<Journal | null> {
  try {
    const manager = await jetstreamManager(connection, { timeout: answerMs });
    const stream = `PKTGEN_${fleet}`;
    const prefix = `pktgen.v1.${fleet}.`;
    // Servers before 2.10 know neither descriptions of subjects nor compression: only what all know.
    await manager.streams.add({
      name: stream,
      subjects: [`${prefix}keep.>`],
      max_age: nanos(keptMs),
    });
    return journalOn({ connection, manager, client: jetstream(connection), stream, prefix });
  } catch {
    return null;
  }
}

interface JournalParts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly stream: string;
  readonly prefix: string;
}

function journalOn({ connection, manager, client, stream, prefix }: JournalParts): Journal {
  return {
    keep: async (subject, id, data) => {
      const takesBytes = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
      const bytes = packPayload(data, takesBytes);
      if (bytes.length <= takesBytes) {
        await client.publish(prefix + subject, bytes, { msgID: id, timeout: answerMs });
        return;
      }
      // Its headers take some of the room.
      const pieces = cutUp(bytes, Math.floor(takesBytes / 2));
      for (const [at, piece] of pieces.entries()) {
        const about = headers();
        about.set(pieceHeader, `${at} ${pieces.length} ${id}`);
        await client.publish(prefix + subject, piece, { msgID: `${id}#${at}`, headers: about, timeout: answerMs });
      }
    },
    read: async (filter) => {
      const { state } = await manager.streams.info(stream, { subjects_filter: prefix + filter });
      let left = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
      const found: { subject: string; data: unknown }[] = [];
      if (left === 0) return found;
      const consumer = await client.consumers.get(stream, { filter_subjects: prefix + filter });
      const open = new Pieces();
      for await (const { subject, data, headers } of await consumer.fetch({ max_messages: left, expires: answerMs })) {
        const whole = open.add(headers?.get(pieceHeader) ?? "", data);
        if (whole !== null) found.push({ subject: subject.slice(prefix.length), data: unpackPayload(whole) });
        if (--left === 0) break;
      }
      return found;
    },
  };
}

/** Pieces of several records, as they come. */
class Pieces {
  readonly #open = new Map<string, (Uint8Array | undefined)[]>();

  /** The record, once all of it is there; null: more is to come. "": it is one message. */
  add(header: string, data: Uint8Array): Uint8Array | null {
    const [, at, count, id] = /^(\d{1,4}) (\d{1,4}) (.+)$/.exec(header) ?? [];
    if (id === undefined) return data;
    const pieces = this.#open.get(id) ?? Array<Uint8Array | undefined>(Number(count)).fill(undefined);
    pieces[Number(at)] = data;
    this.#open.set(id, pieces);
    const there = pieces.filter((piece) => piece !== undefined);
    if (there.length < pieces.length) return null;
    this.#open.delete(id);
    return Buffer.concat(there);
  }
}
