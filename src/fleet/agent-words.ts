/** What an agent says: a refusal where something goes wrong, and of a report what the run does not know already. Pure. */
import { type ExitCode, exitCodes, PktgenError } from "../errors.js";
import type { TrialInputs } from "../measure/trial-result.js";

export function refusal(error: unknown): Readonly<Record<string, unknown>> {
  const isKnown = error instanceof PktgenError;
  const exitCode: ExitCode = isKnown ? error.exitCode : exitCodes.environment;
  const why = isKnown ? error.toLine() : `a bug: ${error instanceof Error ? error.message : String(error)}`;
  return { kind: "refused", why, exitCode, lasting: exitCode === exitCodes.usage };
}

/** The coordinator knows what was to be sent. */
export const withoutTraffic = ({ spec: { stream: _, ...spec }, ...inputs }: TrialInputs): object => ({
  ...inputs,
  spec,
});
