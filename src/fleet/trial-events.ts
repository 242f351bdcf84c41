/** What a trial over many agents is told, what it asks to be done, and how it ends: the words of trial-machine.ts. */

/** An agent as a trial knows it. A process that was started again is another incarnation, and never the same member. */
export interface Member {
  readonly agent: string;
  readonly incarnation: string;
}

/** How long each step may take, ns. */
export interface TrialTimes {
  readonly prepareNs: number;
  /** From the appointment to the appointed moment; twice as long in each further attempt with the same agents. */
  readonly leadNs: number;
  /** Everybody must have said this long before the moment that it goes. */
  readonly marginNs: number;
  /** In addition to the time that a trial takes. Frames that never stop coming end it some seconds later. */
  readonly overtimeNs: number;
  readonly collectNs: number;
  /** In addition, where a link was down. */
  readonly reconnectNs: number;
  /** After an interrupt nobody waits long. */
  readonly interruptedNs: number;
  /** Nothing was heard of an agent for so long: it is silent. */
  readonly silentNs: number;
  /** A report is asked for again after this time. */
  readonly askAgainNs: number;
  /** Times that a trial is prepared with the same agents. */
  readonly attempts: number;
}

export const usualTrialTimes: TrialTimes = {
  prepareNs: 30e9,
  leadNs: 100e6,
  marginNs: 30e6,
  overtimeNs: 12e9,
  collectNs: 10e9,
  reconnectNs: 20e9,
  interruptedNs: 2e9,
  silentNs: 3e9,
  askAgainNs: 1e9,
  attempts: 3,
};

export interface TrialSetup {
  readonly members: readonly Member[];
  /** With fewer no trial begins. */
  readonly minAgents: number;
  /** From the appointed moment until every agent's trial is over. Infinity: until it is stopped. */
  readonly lastsNs: number;
  /** A trial with a silent agent is stopped: a search does not wait for what it cannot use. */
  readonly endsWhenSilent: boolean;
  /** Agents end it by themselves, even if nobody knows when. */
  readonly hasEnd: boolean;
  /** Agents that only receive, and end when the others have. */
  readonly followers: readonly string[];
  readonly times: TrialTimes;
}

export type TrialEvent =
  /** Of one attempt. */
  | { readonly kind: "armed" | "going"; readonly agent: string; readonly attempt: number }
  | { readonly kind: "late"; readonly agent: string; readonly attempt: number; readonly byNs: number }
  /** `lasting`: it will say the same again. */
  | {
      readonly kind: "refused";
      readonly agent: string;
      readonly attempt: number;
      readonly why: string;
      readonly lasting: boolean;
    }
  /** Nobody listens at its name. */
  | { readonly kind: "absent"; readonly agent: string }
  | { readonly kind: "beat" | "report"; readonly agent: string; readonly incarnation: string }
  | { readonly kind: "done"; readonly agent: string; readonly incarnation: string; readonly attempt: number }
  /** The coordinator's own way to the others. */
  | { readonly kind: "link"; readonly isUp: boolean }
  /** The coordinator stood still itself for so long: what was said meanwhile lies unread. */
  | { readonly kind: "overslept"; readonly byNs: number }
  /** An agent says that its way was down meanwhile. */
  | { readonly kind: "reconnected"; readonly agent: string }
  | { readonly kind: "interrupt" }
  | { readonly kind: "tick" };

export type TrialEffect =
  | { readonly kind: "prepare"; readonly attempt: number; readonly members: readonly Member[] }
  | {
      readonly kind: "go";
      readonly attempt: number;
      readonly startNs: number;
      readonly members: readonly Member[];
    }
  /** All go: nobody begins before this, and nobody calls the trial off after it. */
  | { readonly kind: "confirm"; readonly attempt: number }
  | { readonly kind: "stop"; readonly attempt: number; readonly why: string }
  | { readonly kind: "ask report"; readonly agents: readonly string[] }
  | { readonly kind: "over"; readonly outcome: TrialOutcome };

/** An agent, and why it is not there. */
export interface Blamed {
  readonly agent: string;
  readonly why: string;
}

/** Names that one sentence has at most. */
const mostNames = 6;

/** Those with the same reason in one sentence, and no endless list of names. */
export function blamedWord(blamed: readonly Blamed[]): string {
  const reasons = new Map<string, string[]>();
  for (const { agent, why } of blamed) reasons.set(why, [...(reasons.get(why) ?? []), agent]);
  const word = (names: readonly string[]): string =>
    names.length <= mostNames
      ? names.join(", ")
      : `${names.slice(0, mostNames).join(", ")} and ${names.length - mostNames} more`;
  return [...reasons].map(([why, names]) => `${word(names)}: ${why}`).join("; ");
}

export interface SilentSpell {
  readonly agent: string;
  /** Since the appointed moment. */
  readonly fromNs: number;
  readonly toNs: number;
}

export type TrialOutcome =
  /** Nobody has sent anything. */
  | { readonly kind: "not begun"; readonly blamed: readonly Blamed[] }
  | {
      readonly kind: "over";
      readonly members: readonly Member[];
      readonly startNs: number;
      /** Their reports never came: the trial is invalid. */
      readonly lost: readonly Blamed[];
      /** They were left out before the trial began, and their shares were given to the others. */
      readonly left: readonly Blamed[];
      readonly silent: readonly SilentSpell[];
      /** Why it was stopped; null: it was not. */
      readonly stopped: string | null;
    };

export const interruptedWord = "interrupted";
