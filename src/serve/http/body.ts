/** The body of a request, up to a limit, as JSON or as bytes. */
import type { IncomingMessage } from "node:http";
import { parseJson } from "../body-json.js";
import { RequestRefusal } from "../refusal.js";
import { isMedia, type Route } from "../route.js";
import { bodyBytes } from "./guarded-server.js";

const mostJsonBytes = 1 << 20;
/** Of captures. */
const mostMediaBytes = 64 << 20;

const tooLarge = (most: number): RequestRefusal =>
  new RequestRefusal("too-large", "the body is too long", { where: "body", accepted: `at most ${most} bytes` });

/** undefined: there is none. @throws RequestRefusal (400, 413, 415) */
export async function bodyOf(request: IncomingMessage, { body, inBytes }: Route): Promise<unknown> {
  const type = (request.headers["content-type"] ?? "").split(";")[0]!.trim();
  const isBytes = body !== undefined && (isMedia(body) || (inBytes !== undefined && type !== "application/json"));
  const most = isBytes ? mostMediaBytes : mostJsonBytes;
  const bytes = await bodyBytes(request, most, () => tooLarge(most));
  if (isBytes) return bytes;
  if (bytes.length === 0) return undefined;
  if (type !== "application/json") {
    const what = type === "" ? "the body has no type" : `the body is ${type}`;
    throw new RequestRefusal("unsupported-media", what, { where: "Content-Type", accepted: "application/json" });
  }
  return parseJson(bytes.toString("utf8"));
}
