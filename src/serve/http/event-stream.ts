/**
 * A reader of events. It has a place in the journal and no buffer of its own: while its socket is full nothing is
 * written, and it goes on with what the journal still has.
 */
import type { ServerResponse } from "node:http";
import type { KeptEvent } from "../events/journal.js";
import { nextEvents } from "../events/next-events.js";
import type { EventsReply } from "../route.js";

export const eventHeaders = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  "X-Accel-Buffering": "no",
} as const;

/** A reader that takes nothing for so long is let go. */
const patienceMs = 60_000;

const lines = ({ id, event, data }: KeptEvent): string => `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;

/** Where a reader is, and what it did not get because it was slow. */
class Place {
  at: number;
  /** The last sample that it got. */
  #sample: number | null = null;
  /** It had all that there was. */
  #isLive = false;

  constructor(after: number) {
    this.at = after;
  }

  /** What is to be written for these events. Before one that is not the next sample, a comment says how many went. */
  textOf(events: readonly KeptEvent[]): string {
    return events.map((event) => this.#goneBefore(event) + lines(event)).join("");
  }

  /** It has all that there is. */
  live(): void {
    this.#isLive = true;
  }

  #goneBefore({ id, sample }: KeptEvent): string {
    this.at = id;
    if (sample === undefined) return "";
    const before = this.#sample;
    this.#sample = sample;
    if (!this.#isLive || before === null || sample === before + 1) return "";
    return `: ${sample - before - 1} samples were left out, because this reader is slow\n\n`;
  }
}

export function streamEvents(reply: EventsReply, response: ServerResponse): void {
  const { journal, reads } = reply;
  const place = new Place(reply.after);
  let isFull = false;
  let patience: NodeJS.Timeout | null = null;
  const leave = reads();
  const write = (): void => {
    while (!isFull && !response.destroyed) {
      const next = nextEvents(reply, place.at);
      if (next.length === 0) break;
      isFull = !response.write(place.textOf(next));
    }
    if (isFull) {
      patience ??= setTimeout(() => response.destroy(), patienceMs);
      return;
    }
    place.live();
    if (journal === null || (journal.ended && place.at >= journal.lastId)) response.end();
  };
  const unlisten = journal?.listen(write);
  response.on("drain", () => {
    isFull = false;
    if (patience !== null) clearTimeout(patience);
    patience = null;
    write();
  });
  response.once("close", () => {
    if (patience !== null) clearTimeout(patience);
    unlisten?.();
    leave();
  });
  response.writeHead(200, eventHeaders);
  response.write("retry: 1000\n\n");
  write();
}
