/**
 * A reader of events. It has a place in the journal and no buffer of its own: while its socket is full nothing is
 * written, and it goes on with what the journal still has.
 */
import type { ServerResponse } from "node:http";
import type { KeptEvent } from "../events/journal.js";
import { nextEvents } from "../events/next-events.js";
import type { EventsReply } from "../route.js";

/** A reader that takes nothing for so long is let go. */
const patienceMs = 60_000;

const lines = ({ id, event, data }: KeptEvent): string => `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;

export function streamEvents(reply: EventsReply, response: ServerResponse): void {
  const { journal, reads } = reply;
  let at = reply.after;
  let isFull = false;
  let patience: NodeJS.Timeout | null = null;
  const leave = reads();
  const write = (): void => {
    while (!isFull && !response.destroyed) {
      const next = nextEvents(reply, at);
      if (next.length === 0) break;
      at = next.at(-1)!.id;
      isFull = !response.write(next.map(lines).join(""));
    }
    if (isFull) patience ??= setTimeout(() => response.destroy(), patienceMs);
    else if (journal === null || (journal.ended && at >= journal.lastId)) response.end();
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
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
  });
  response.write("retry: 1000\n\n");
  write();
}
