/** A server whose answers are held against the description of their routes, and which notes what was asked for. */
import { expect } from "vitest";
import type { z } from "zod";
import { isMedia } from "../../src/serve/route.js";
import { findRoute } from "../../src/serve/router.js";
import { routes } from "../../src/serve/routes/index.js";
import type { Answer, Asked, Rig } from "./serve-rig.js";

/** Routes, by method and path, go into `askedFor`. */
export function notingRoutes(plain: Rig, askedFor: Set<string>): Rig {
  const note = (method: string, path: string): void => {
    const { route } = findRoute(method, path.split("?")[0]!);
    askedFor.add(`${route.method} ${route.path}`);
  };
  return {
    ...plain,
    ask: (method, path, how) => {
      note(method, path);
      return plain.ask(method, path, how);
    },
    get: (path) => {
      note("GET", path);
      return plain.get(path);
    },
  };
}

/** Answers are as the description of their route has them. */
export async function askAsDescribed(
  rig: Rig,
  method: string,
  template: string,
  path: string,
  body?: Asked["body"],
): Promise<Answer> {
  const answer = await rig.ask(method, path, body === undefined ? {} : { body });
  const route = routes.find((one) => one.method === method && one.path === template)!;
  const schema = route.answers[answer.status];
  if (schema !== undefined && schema !== null && !isMedia(schema)) {
    expect((schema as z.ZodType).parse(answer.json), `${method} ${path}`).toEqual(answer.json);
  }
  return answer;
}
