/** Refuses times and counts of a flow that no schedule has. */
import { SessionError } from "./session-error.js";
import type { FlowSpec } from "./types.js";

/** @throws SessionError bad-spec */
export function checkDuration({ name, duration, delayNs }: FlowSpec): void {
  const refuse = (what: string, field: string, accepted: string): SessionError =>
    new SessionError("bad-spec", what, { where: `flow "${name}" ${field}`, accepted });
  if (delayNs != null && !(Number.isSafeInteger(delayNs) && delayNs >= 0)) {
    throw refuse(`the delay cannot be ${delayNs} ns`, "delayNs", "whole nanoseconds from 0");
  }
  if (duration === undefined || duration.kind === "continuous") return;
  if (duration.kind === "seconds") {
    if (duration.seconds > 0 && duration.seconds <= 1e7) return;
    throw refuse(`the duration cannot be ${duration.seconds} s`, "duration", "above 0, up to 10,000,000 s");
  }
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(duration.frames))
    throw refuse(`frames cannot be ${duration.frames}`, "duration", "whole numbers from 1");
  if (duration.kind === "frames") return;
  if (duration.bursts !== null && !isCount(duration.bursts)) {
    throw refuse(`bursts cannot be ${duration.bursts}`, "duration", "whole numbers from 1, or null");
  }
  if (!(Number.isSafeInteger(duration.gapNs) && duration.gapNs >= 0)) {
    throw refuse(`the gap cannot be ${duration.gapNs} ns`, "duration", "whole nanoseconds from 0");
  }
}
