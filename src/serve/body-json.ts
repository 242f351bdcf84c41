/** A body that is JSON. */
import { RequestRefusal } from "./refusal.js";

/** @throws RequestRefusal (400) */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestRefusal("bad-request", "the body is no JSON", { where: "body", accepted: "JSON" });
  }
}
