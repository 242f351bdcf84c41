/** A recording as the page has it in it when there is no server. */
import type { KeptEvent } from "./journal.js";

/** Nothing in it can end the element that it stands in. */
const inElement = (json: string): string => json.replaceAll("<", "\\u003c");

/** `result`: the document as JSON; null: there is none. */
export const pageRecording = (events: readonly KeptEvent[], result: string | null): string => {
  const lines = events.map(({ id, event, data }) => `{"id":${id},"event":"${event}","data":${data}}`);
  return inElement(`{"format":"pktgen-ts recording 1","events":[${lines.join(",")}],"result":${result ?? "null"}}`);
};
