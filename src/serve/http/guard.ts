/**
 * Who may ask: a name of this server in `Host`, so that no foreign name leads here (DNS rebinding); no other origin, so that
 * no foreign page asks; and the token, where there is one.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { RequestRefusal } from "../refusal.js";

export interface Guard {
  /** null: whoever reaches it may ask. */
  readonly token: string | null;
  /** Names beside addresses and localhost; null: every name is as good, e.g. over a Unix socket. */
  readonly names: readonly string[] | null;
}

const cookieName = "pktgen_token";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const isSame = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token));

/** `[::1]:8080` → `::1`. */
const nameIn = (host: string): string =>
  host
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();

function checkHost({ headers }: IncomingMessage, { names }: Guard): void {
  if (names === null) return;
  const { host = "" } = headers;
  const name = nameIn(host);
  const known = ["localhost", hostname().toLowerCase(), ...names.map((one) => one.toLowerCase())];
  // An address cannot be made to lead elsewhere.
  if (isIP(name) !== 0 || known.includes(name)) return;
  throw new RequestRefusal("forbidden", `this server is not known as "${name}"`, {
    where: "Host",
    accepted: known.join(", "),
  });
}

function checkOrigin({ headers }: IncomingMessage): void {
  const { origin, host } = headers;
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
  throw new RequestRefusal("forbidden", "pages of another origin may not ask", {
    where: "Origin",
    accepted: "none, or this server's",
  });
}

const cookieIn = ({ headers }: IncomingMessage): string | undefined =>
  (headers.cookie ?? "")
    .split(";")
    .map((one) => one.trim().split("="))
    .find(([name]) => name === cookieName)?.[1];

function givenToken(request: IncomingMessage): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const cookie = cookieIn(request);
  return bearer ?? (cookie === undefined ? undefined : safeDecode(cookie));
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function hasToken(request: IncomingMessage, { token }: Guard): boolean {
  if (token === null) return true;
  const given = givenToken(request);
  return given !== undefined && isSame(given, token);
}

/** The cookie for whoever opened the page with `?token=`. null: it is not the token. */
export function cookieFor(given: string | null, { token }: Guard): string | null {
  if (given === null || token === null || !isSame(given, token)) return null;
  return `${cookieName}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`;
}

/** @throws RequestRefusal (401, 403). `open`: the route needs no token. */
export function admit(request: IncomingMessage, guard: Guard, open: boolean): void {
  checkHost(request, guard);
  checkOrigin(request);
  if (open || hasToken(request, guard)) return;
  throw new RequestRefusal("unauthorised", "this server wants its token", {
    where: "Authorization",
    accepted: "Bearer TOKEN",
    hint: "in a browser, open /?token=TOKEN once",
  });
}
