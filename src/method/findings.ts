/** What methods find besides their trials, as parts of the result document, and how parts are joined. */

import type { RunResult, SearchStep, Verdict } from "../result/run-result.js";
import { judgedBy, type Reason } from "../stats/cause.js";

/** Lists of the result document that a method may fill. */
type Lists = Pick<
  RunResult,
  "results" | "searchPath" | "lossCurves" | "backToBack" | "recovery" | "resets" | "service" | "absorption" | "checks"
>;
export type Findings = { readonly [K in keyof Lists]?: NonNullable<Lists[K]> } & Pick<RunResult, "soak">;

/** Appends the lists of each. */
export function joinFindings(parts: readonly Findings[]): Findings {
  const joined: Record<string, unknown> = {};
  for (const part of parts) {
    for (const [key, value] of Object.entries(part)) {
      const before = joined[key];
      joined[key] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
    }
  }
  return joined as Findings;
}

/** Something that was asked for and has no verdict elsewhere: what became of it. */
export const checkFindings = (what: string, verdict: Verdict, reasons: readonly Reason[] = []): Findings => ({
  checks: [{ what, ...judgedBy(verdict, reasons) }],
});

/** A search's part. */
export const searchFindings = (results: NonNullable<RunResult["results"]>, path: readonly SearchStep[]): Findings => ({
  results: [...results],
  searchPath: [...path],
});
