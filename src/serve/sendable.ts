/** A rate that something can be changed to while it sends: a number, not all that there is room for. */
import type { Rate } from "../units.js";
import { RequestRefusal } from "./refusal.js";

/** @throws RequestRefusal (422, 501) */
export function sendable(rate: Rate | null, where: string): Exclude<Rate, { readonly kind: "max" }> {
  const accepted = "a rate, e.g. 10kpps or 1Gbps";
  if (rate === null) throw new RequestRefusal("invalid", "a flow has a rate", { where, accepted });
  if (rate.kind !== "max") return rate;
  throw new RequestRefusal("not-built", "what is changed while it sends cannot send all that there is room for", {
    where,
    accepted,
  });
}
