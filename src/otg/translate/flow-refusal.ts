/** What a session refuses of a flow, with the path of the request. */
import { SessionError } from "../../session/index.js";
import { invalid, type OtgRefusal } from "../refusal.js";

const fieldPattern = /^flow ".*" fields\[(\d+)\]/s;
const partPattern = /^flow ".*" (split\.\w+|\w+)/s;
const parts: Readonly<Record<string, string>> = {
  size: "size",
  rate: "rate",
  duration: "duration",
  delayNs: "duration",
  packet: "packet",
  "split.sent": "packet",
  "split.received": "egress_packet",
};

/** `path`: of the flow. `origins`: by changing field, the path of what it came from. What is no refusal is thrown as it is. */
export function flowRefusal(error: unknown, path: string, origins: readonly string[] = []): OtgRefusal {
  if (!(error instanceof SessionError)) throw error;
  const where = error.where ?? "";
  const field = fieldPattern.exec(where)?.[1];
  const part = parts[partPattern.exec(where)?.[1] ?? ""];
  const at = field === undefined ? (part === undefined ? path : `${path}.${part}`) : (origins[Number(field)] ?? path);
  const accepted = error.accepted === undefined ? "" : `; accepted: ${error.accepted}`;
  return invalid(`${at}: ${error.message}${accepted}`);
}
