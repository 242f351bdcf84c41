/** The answer that is a stream of events. */
import { z } from "zod";
import type { EventJournal, KeptEvent } from "../events/journal.js";
import { RequestRefusal } from "../refusal.js";
import type { Call, Reply } from "../route.js";
import type { Server } from "../server.js";

/** Streams of events at the same time, of all clients. */
const mostStreams = 256;

export const digits = z.string().regex(/^\d{1,9}$/, "a whole number");

interface ToldThing {
  /** null: `kept` are all there will be. */
  readonly journal: EventJournal | null;
  readonly kept: readonly KeptEvent[];
  readonly addReader: () => (() => void) | undefined;
}

/** @throws RequestRefusal (429) */
export function eventsReply(server: Server, { query, lastEventId }: Call, told: ToldThing): Reply {
  const after = lastEventId ?? Number(query["after"] ?? 0);
  const { journal, kept, addReader } = told;
  const lastId = journal?.lastId ?? kept.at(-1)?.id ?? 0;
  const isOver = journal === null || journal.ended;
  // What makes an EventSource ask no more.
  if (isOver && after >= lastId) return { kind: "nothing", status: 204 };
  if (server.eventStreams >= mostStreams) {
    throw new RequestRefusal("too-many", `${mostStreams} streams of events are read`, { hint: "close one" });
  }
  return {
    ...{ kind: "events", journal, events: kept, after },
    reads: () => {
      server.eventStreams++;
      const left = addReader();
      return () => {
        server.eventStreams--;
        left?.();
      };
    },
  };
}
