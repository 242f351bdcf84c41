/** What agents answer to a trial's orders, as events of the trial. */
import { PktgenError } from "../errors.js";
import type { AgentLink } from "./agent-link.js";
import { answers } from "./protocol.js";
import type { TrialEvent } from "./trial-events.js";

const prepareMs = 30_000;

/** `ready`: what has to be done before anybody is asked; why it cannot be prepared now, or null. */
export async function preparedEvent(
  link: AgentLink,
  attempt: number,
  fields: object,
  ready: Promise<string | null>,
): Promise<TrialEvent | null> {
  const agent = link.name;
  try {
    const why = await ready;
    const asked = await link.ask("prepare", fields, answers.prepare, prepareMs);
    if (asked.kind === "answer" && why !== null) return { kind: "refused", agent, attempt, why, lasting: false };
    if (asked.kind === "answer") return { kind: "armed", agent, attempt };
    if (asked.kind === "absent") return { kind: "absent", agent };
    if (asked.kind !== "refused") return null;
    return { kind: "refused", agent, attempt, why: asked.error.message, lasting: asked.lasting };
  } catch (error) {
    const why = error instanceof PktgenError ? error.toLine() : String(error);
    return { kind: "refused", agent, attempt, why, lasting: true };
  }
}

export function goingEvent(agent: string, attempt: number, data: unknown): TrialEvent {
  const checked = answers.going.safeParse(data);
  if (!checked.success) return { kind: "refused", agent, attempt, why: "its answer cannot be read", lasting: false };
  if (checked.data.kind === "going") return { kind: "going", agent, attempt };
  return { kind: "late", agent, attempt, byNs: checked.data.byNs };
}
