/** A body that is JSON. */
import { Refusal } from "./refusal.js";

/** @throws Refusal (400) */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("bad-request", "the body is no JSON", { where: "body", accepted: "JSON" });
  }
}
