/** What a reader of events is to get next. */
import type { EventsReply } from "../route.js";
import type { KeptEvent } from "./journal.js";

/** Events that are written at once. */
const mostAtOnce = 64;

/** Those behind an id, from a journal or from what was kept of it. */
export const nextEvents = ({ journal, events }: EventsReply, after: number): readonly KeptEvent[] =>
  journal === null ? events.filter(({ id }) => id > after).slice(0, mostAtOnce) : journal.after(after, mostAtOnce);
