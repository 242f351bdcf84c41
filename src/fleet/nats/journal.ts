/** The journal of a fleet on a NATS server: a stream of JetStream, in files, for a week. */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type NatsConnection, nanos } from "@nats-io/transport-node";
import type { Journal } from "../bus.js";
import { packPayload, unpackPayload } from "./payload.js";

const keptMs = 7 * 24 * 3600 * 1000;
const answerMs = 5_000;

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
      await client.publish(prefix + subject, packPayload(data, takesBytes), { msgID: id, timeout: answerMs });
    },
    read: async (filter) => {
      const { state } = await manager.streams.info(stream, { subjects_filter: prefix + filter });
      let left = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
      const found: { subject: string; data: unknown }[] = [];
      if (left === 0) return found;
      const consumer = await client.consumers.get(stream, { filter_subjects: prefix + filter });
      for await (const { subject, data } of await consumer.fetch({ max_messages: left, expires: answerMs })) {
        found.push({ subject: subject.slice(prefix.length), data: unpackPayload(data) });
        if (--left === 0) break;
      }
      return found;
    },
  };
}
