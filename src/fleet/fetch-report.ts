/** A trial's report from the agent itself; where it is gone, from the journal. */
import { PktgenError } from "../errors.js";
import type { AgentLink, ReportPart } from "./agent-link.js";
import type { TaskId } from "./agent-task.js";
import { answers } from "./protocol.js";
import { checkedPart } from "./report-check.js";
import type { RunJournal } from "./run-journal.js";
import type { TrialEvent } from "./trial-events.js";

const reportMs = 5_000;

/** `directions`: of the trial. null: there is none yet. */
export async function fetchReport(
  link: AgentLink,
  journal: RunJournal,
  id: TaskId,
  directions: number,
): Promise<ReportPart | TrialEvent | null> {
  const { trial, attempt } = id;
  const asked = await link.ask("report", { trial, attempt }, answers.report, reportMs).catch(() => null);
  const agent = link.name;
  const refused = (why: string): TrialEvent => ({ kind: "refused", agent, attempt, why, lasting: false });
  try {
    if (asked?.kind === "answer" && asked.value.kind === "report") return checkedPart(asked.value, directions);
    const isOther = asked?.kind === "answer" && asked.value.incarnation !== link.facts.incarnation;
    if (asked?.kind === "answer" && !isOther) return { kind: "beat", agent, incarnation: asked.value.incarnation };
    if (asked?.kind === "refused") return refused(`its report: ${asked.error.message}`);
    const kept = await journal.reports(trial);
    const found = kept.find(
      (one) => one.from === agent && one.attempt === attempt && one.incarnation === link.facts.incarnation,
    );
    return found === undefined ? null : checkedPart(found, directions);
  } catch (error) {
    return refused(error instanceof PktgenError ? error.message : String(error));
  }
}
