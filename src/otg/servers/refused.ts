/** Any error as the models' `Error`. A bug says no more than that it is one. */
import { PktgenError } from "../../errors.js";
import { OtgRefusal } from "../refusal.js";
import { MalformedMessage } from "../wire/binary-reader.js";
import type { Value } from "../wire/read-value.js";

export interface RefusedCall {
  /** As of HTTP. */
  readonly status: number;
  readonly error: Value;
}

const refused = (status: number, kind: "validation" | "internal", errors: readonly string[]): RefusedCall => ({
  status,
  error: { code: status, kind, errors },
});

export function refusedCall(thrown: unknown): RefusedCall {
  if (thrown instanceof OtgRefusal) return refused(thrown.status, thrown.kind, thrown.errors);
  if (thrown instanceof MalformedMessage) return refused(400, "validation", [`body: ${thrown.message}`]);
  if (thrown instanceof PktgenError) return refused(500, "internal", [thrown.toLine()]);
  const what = thrown instanceof Error ? thrown.message : String(thrown);
  return refused(500, "internal", [`this is a bug in pktgen-ts, not yours: ${what}`]);
}
