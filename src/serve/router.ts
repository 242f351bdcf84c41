/** From method and path to a route, and from texts to what its schemas have. Errors name the field. */
import { z } from "zod";
import { didYouMean } from "../nearest.js";
import { valueAtPath } from "../profile/check.js";
import type { YamlPath } from "../profile/document.js";
import { issueWords } from "./issue-words.js";
import { RequestRefusal } from "./refusal.js";
import { type Call, isMedia, type Reply, type Route } from "./route.js";
import { routes } from "./routes/index.js";
import type { Server } from "./server.js";

export interface Found {
  readonly route: Route;
  readonly path: Readonly<Record<string, string>>;
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>[^/]+)`)}$`);

const patterns = routes.map((route) => ({ route, pattern: patternOf(route.path) }));

function decoded(groups: Readonly<Record<string, string>> | undefined): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(groups ?? {}).map(([name, word]) => [name, decodeURIComponent(word)]));
  } catch {
    throw new RequestRefusal("bad-request", "the path is no URL", { where: "path" });
  }
}

/** @throws RequestRefusal (404, 405) */
export function findRoute(method: string, path: string): Found {
  // A plain path comes before one with names in it, as they stand in the table.
  const there = patterns.filter(({ pattern }) => pattern.test(path));
  const found = there.find(({ route }) => route.method === (method === "HEAD" ? "GET" : method));
  if (found !== undefined) return { route: found.route, path: decoded(found.pattern.exec(path)!.groups) };
  if (there.length > 0) {
    const accepted = there.map(({ route }) => route.method).join(", ");
    throw new RequestRefusal("method-not-allowed", `${method} is nothing that can be done there`, {
      where: path,
      accepted,
    });
  }
  const paths = [...new Set(routes.map((route) => route.path))];
  throw new RequestRefusal("not-found", "there is nothing", {
    where: path,
    accepted: "GET /openapi.json",
    ...didYouMean(path, paths),
  });
}

/** Each unknown field is one, though all of an object's are told as one issue. */
const mistakes = (issues: readonly z.core.$ZodIssue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1), 0);

/** Of one of many shapes: what is wrong with the one that it is most like, where that names a field. */
function nearestIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const [nearest] = [...issue.errors].sort((a, b) => mistakes(a) - mistakes(b));
  const inner = nearest?.[0];
  if (inner === undefined || (inner.path.length === 0 && inner.code !== "unrecognized_keys")) return issue;
  return { ...inner, path: [...issue.path, ...inner.path] };
}

/** @throws RequestRefusal (400) that names the first field that is wrong. */
export function readAs<T>(schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const issue = nearestIssue(error.issues[0]!);
  const path = issue.path.join(".");
  const unknown = issue.code === "unrecognized_keys" ? (issue.keys[0] ?? "") : null;
  const where = unknown === null ? path : [path, unknown].filter((word) => word !== "").join(".");
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape).join(", ") : undefined;
  const words = issueWords(issue, valueAtPath(value, issue.path as YamlPath));
  const accepted = known === undefined || (unknown === null && path !== "") ? words.accepted : known;
  throw new RequestRefusal("bad-request", unknown === null ? words.message : "there is no such field", {
    ...(where === "" ? {} : { where }),
    ...(accepted === undefined ? {} : { accepted }),
  });
}

/** `body`: JSON that was read, or bytes; undefined: there was none. */
export interface RawCall extends Omit<Call, "path" | "query"> {
  readonly query: Readonly<Record<string, string>>;
}

export async function answer(server: Server, { route, path }: Found, raw: RawCall): Promise<Reply> {
  server.admit(route);
  const query = readAs(route.query ?? z.strictObject({}), raw.query) as Record<string, string>;
  const { body } = route;
  if (body === undefined && raw.body !== undefined) {
    throw new RequestRefusal("bad-request", "there is nothing to be said there", {
      where: "body",
      accepted: "an empty body",
    });
  }
  const isBytes =
    body === undefined || isMedia(body) || (route.inBytes !== undefined && raw.body instanceof Uint8Array);
  const said = isBytes ? raw.body : readAs(body, raw.body ?? {});
  return route.handle(server, { path, query, body: said, lastEventId: raw.lastEventId, gone: raw.gone });
}
