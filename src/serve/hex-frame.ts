/** The one kind of frame that a request has: in hex. */
import { frameOfHex } from "../profile/frame-file.js";
import { RequestRefusal } from "./refusal.js";

/** `hex:…`, without FCS. @throws RequestRefusal (422), PktgenError (2) */
export function hexFrameOf(text: string, where: string): Uint8Array {
  if (text.startsWith("hex:")) return frameOfHex(text, where);
  throw new RequestRefusal("invalid", "a request names no file of the server", {
    where,
    accepted: "hex: and pairs of hex digits: a frame without its FCS",
  });
}
