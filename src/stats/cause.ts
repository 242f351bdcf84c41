/**
 * Why a trial is not a pass, as data: a cause out of a closed set, and a sentence for people. Code asks for the cause
 * and never reads the sentence.
 */

/** What each cause says about the trial. */
const classes = {
  /** A peer that went away, a full disk. */
  fault: "unsound",
  /** The user ended the run. */
  interrupted: "unsound",
  /** Somebody changed the load while it ran: the figures are of no one load. */
  changed: "unsound",
  /** The equations of the counts do not hold. */
  counts: "unsound",
  unaccounted: "unsound",
  "nothing sent": "unsound",
  /** A figure that was asked for is not there. */
  "not measured": "unsound",
  /** Fewer frames were offered than asked for. */
  load: "generator",
  /** A least rate was asked for and never offered. */
  "least rate not offered": "generator",
  /** Our own interface or receive ring had no room. */
  "own drops": "generator",
  "stood still": "generator",
  late: "unsteady",
  /** More frames were offered than asked for. */
  "more than asked": "unsteady",
  steal: "unsteady",
  /** The agents of a fleet did not begin together. */
  apart: "unsteady",
  /** The machine's speed changed. */
  speed: "unsteady",
  /** The device took nothing for long. */
  stopped: "device",
  "none came back": "device",
  lost: "device",
  refused: "device",
  corrupt: "device",
  /** An exact count had duplicates, or frames out of order or too old. */
  "not intact": "device",
  "too slow": "device",
  /** A further check that the user asked for: of a test plan, a threshold, a promise of a service. */
  check: "device",
} as const;

/** Why something is not a pass: one of a closed set. `docs/debugging.md` says what each means. */
export type Cause = keyof typeof classes;

/**
 * The classes of causes:
 *  - unsound: the figures mean nothing.
 *  - generator: the load was easier than the one asked for.
 *  - unsteady: the load was right in sum, but not at every moment. Known amounts of loss are no fault of the device.
 *  - device: the device under test did not do what it was asked.
 */
export type CauseClass = (typeof classes)[Cause];

export const causes = Object.keys(classes) as [Cause, ...Cause[]];

export const classOf = (cause: Cause): CauseClass => classes[cause];

export interface Reason {
  readonly cause: Cause;
  readonly text: string;
}

export const faultReason = (text: string): Reason => ({ cause: "fault", text });

export const interruptedReason: Reason = { cause: "interrupted", text: "interrupted" };

/** Something that was asked for and is not so. */
export const failedCheck = (text: string): Reason => ({ cause: "check", text });

export const notMeasured = (text: string): Reason => ({ cause: "not measured", text });

/** What carries a verdict with reasons; `causes` has one for each reason. */
export interface Reasoned {
  readonly verdict: VerdictWord;
  readonly reasons: readonly string[];
  readonly causes?: readonly Cause[] | undefined;
}

/** A document of another version may have no causes: then nothing is known but that it is of no use. */
export function reasonsOf({ reasons, causes: known = [] }: Omit<Reasoned, "verdict">): Reason[] {
  return reasons.map((text, i) => ({ cause: known[i] ?? "fault", text }));
}

/** A verdict with its reasons, as documents have them. */
export interface Judged {
  verdict: VerdictWord;
  reasons: string[];
  causes: Cause[];
}

export const judgedBy = (verdict: VerdictWord, reasons: readonly Reason[]): Judged => ({
  verdict,
  reasons: reasons.map(({ text }) => text),
  causes: reasons.map(({ cause }) => cause),
});

/** The same with further reasons, each said once, and a verdict that follows from them. */
export function withReasons<T extends Reasoned>(one: T, verdict: VerdictWord, added: readonly Reason[]): T & Judged {
  const fresh = added.filter(({ text }) => !one.reasons.includes(text));
  const all = [...reasonsOf(one), ...fresh];
  return { ...one, ...judgedBy(verdict, all) };
}

export type VerdictWord = "pass" | "fail" | "invalid";
