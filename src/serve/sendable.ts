/** A rate that a run can be changed to while it sends: a number, not all that there is room for. */
import type { Rate } from "../units.js";
import { RequestRefusal } from "./refusal.js";

/** @throws RequestRefusal (501) */
export function sendable(rate: Rate, where: string): Exclude<Rate, { readonly kind: "max" }> {
  if (rate.kind !== "max") return rate;
  throw new RequestRefusal("not-built", "the load of a run that sends cannot become all that there is room for", {
    where,
    accepted: "a rate, e.g. 10kpps or 1Gbps",
  });
}
