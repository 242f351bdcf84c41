/** Subjects of a fleet's messages, below the fleet's own prefix. Names are one word each. */
import { usageError } from "../errors.js";

/** What an agent is asked, each with an answer. */
export type AgentVerb =
  | "facts"
  | "clock"
  | "claim"
  | "release"
  | "open"
  | "capacity"
  | "prepare"
  | "report"
  | "counters"
  | "close"
  | "clock-open"
  | "clock-ask"
  | "session";

/** What a run tells all its agents at once. */
export type RunWord = "go" | "confirm" | "totals" | "stop" | "renew" | "kept" | "end";

export const subjectOf = {
  agent: (agent: string, verb: AgentVerb): string => `agent.${agent}.${verb}`,
  /** All agents, by the same question. */
  everybody: (verb: AgentVerb): string => `agent.all.${verb}`,
  run: (run: string, word: RunWord): string => `run.${run}.${word}`,
  event: (run: string, agent: string): string => `run.${run}.event.${agent}`,
  beat: (agent: string): string => `beat.${agent}`,
  keptTrial: (run: string, trial: number, agent: string): string => `keep.${run}.trial.${trial}.${agent}`,
  /** What is kept of a run itself: how it was opened, each trial that began and that was put together, and its end. */
  keptPlan: (run: string): string => `keep.${run}.plan`,
  keptBegun: (run: string, trial: number | "*"): string => `keep.${run}.begun.${trial}`,
  keptMerged: (run: string, trial: number | "*"): string => `keep.${run}.merged.${trial}`,
  keptEnd: (run: string): string => `keep.${run}.end`,
} as const;

const isWord = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text);

/** `all` is everybody. @throws PktgenError (2) */
export function checkSubjectWord(name: string, what: string, where: string): string {
  if (isWord(name) && name !== "all") return name;
  const accepted = "at most 64 letters, digits, - and _, and not the word all";
  throw usageError(`"${name}" cannot be the name of ${what}`, { where, accepted });
}
