/** What a doctor's check finds: data, printed by the command. */

/** ok: there. note: there, but worth knowing. missing: not there; with `required`, the main job can't run. */
export type CheckState = "ok" | "note" | "missing";

export interface DoctorCheck {
  readonly name: string;
  readonly state: CheckState;
  /** What is here, e.g. `20.20.2`, or why it is missing. */
  readonly found: string;
  /** The command, or the one sentence, that mends it. */
  readonly fix?: string;
  /** Without it the main job can't run. */
  readonly required?: boolean;
}

/** Checks that the same job needs. */
export interface CheckGroup {
  readonly neededFor: string;
  readonly checks: readonly DoctorCheck[];
}

/** The first line of what failed: libraries put their advice below. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "unknown";
