/** Requests as they are read, and their answers: one way for all calls. */
import { invalid } from "./refusal.js";
import { type OtgFindings, readOtg, type Value, withDefaults } from "./wire/read-value.js";

const mostWarnings = 200;

export function warningOf(warnings: readonly string[]): Value {
  if (warnings.length <= mostWarnings) return { warnings };
  const more = `${warnings.length - mostWarnings} more of these`;
  return { warnings: [...warnings.slice(0, mostWarnings), more] };
}

/** Reads a request. @throws OtgRefusal */
export function readRequest(
  name: string,
  value: unknown,
): { readonly given: Value; readonly warnings: readonly string[] } {
  const found: OtgFindings = { errors: [], warnings: [] };
  const given = readOtg(name, value, "", found);
  if (found.errors.length > 0) throw invalid(...found.errors);
  return { given, warnings: found.warnings };
}

/** Reads a request, with defaults. @throws OtgRefusal */
export function request<T>(name: string, value: unknown): T {
  return withDefaults(name, readRequest(name, value).given) as T;
}
