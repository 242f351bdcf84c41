/** How the page asks the server. Without a server, in a page that is a file, nothing is asked. */
import type { ErrorAnswer, EventData, EventKind } from "./contract.js";
import type { PageRecording, RecordedEvent } from "./events.js";
import type { ToldRun } from "./told-run.js";

/** What the server said instead of an answer. */
export class Refusal extends Error {
  readonly status: number;
  readonly detail: ErrorAnswer["error"] | null;

  constructor(status: number, detail: ErrorAnswer["error"] | null, message: string) {
    super(detail === null ? message : sentenceOf(detail));
    this.status = status;
    this.detail = detail;
  }
}

const sentenceOf = ({ message, accepted, hint }: ErrorAnswer["error"]): string =>
  [message, accepted === undefined ? "" : `accepted: ${accepted}`, hint ?? ""].filter((part) => part !== "").join("; ");

/** Rejects with a Refusal, whatever went wrong. */
export async function ask<T>(path: string, method = "GET", body?: object): Promise<T> {
  const init: RequestInit = { method, headers: { Accept: "application/json" }, cache: "no-store" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { Accept: "application/json", "Content-Type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Refusal(0, null, "the server does not answer: it has ended, or the network is gone");
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const detail = (answer as ErrorAnswer | null)?.error ?? null;
  throw new Refusal(response.status, detail, `the server answers ${response.status}`);
}

export const refusalText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const eventNames: readonly EventKind[] = [
  ...(["config", "state", "sample", "ports", "flowlist", "flows", "ledger", "histogram", "trial"] as const),
  ...(["marker", "trouble", "done"] as const),
];

/**
 * Follows the events of a run or session (`runs/ID`). All events of one picture are shown at once; a tab that is hidden
 * draws nothing. Returns what ends it.
 */
export function follow(path: string, run: ToldRun): () => void {
  const source = new EventSource(`${path}/events`);
  let picture = 0;
  const draw = (): void => {
    picture = 0;
    run.commit();
  };
  const take = (name: EventKind) => (message: MessageEvent<string>) => {
    const data = JSON.parse(message.data) as EventData<EventKind>;
    run.apply({ id: Number(message.lastEventId), event: name, data } as RecordedEvent, performance.now());
    run.source.value = name === "done" ? "ended" : "live";
    if (name === "done") source.close();
    if (picture === 0) picture = requestAnimationFrame(draw);
  };
  for (const name of eventNames) source.addEventListener(name, take(name) as (event: Event) => void);
  source.addEventListener("error", () => {
    const isClosed = source.readyState === EventSource.CLOSED;
    run.source.value = run.done.value !== null ? "ended" : isClosed ? "gone" : "again";
  });
  return () => {
    source.close();
    cancelAnimationFrame(picture);
  };
}

/** The recording that this page was made with; null: it is served. */
export function inlinedRecording(): PageRecording | null {
  const text = document.getElementById("pktgen-recording")?.textContent;
  return text === null || text === undefined ? null : (JSON.parse(text) as PageRecording);
}
