/** The OpenAPI 3.1 document, made of the routes and the same schemas that requests and answers are checked by. */
import { z } from "zod";
import { isMedia, type Media, type Route } from "./route.js";
import { errorAnswer } from "./schema/common.js";
import { eventData } from "./schema/events.js";

type Json = Readonly<Record<string, unknown>>;

const schemaOf = (schema: z.ZodType, io: "input" | "output"): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, reused: "inline", unrepresentable: "any" });
  return open(rest, io) as Json;
};

/** Fields may be added to answers: readers ignore what they do not know. */
function open(value: unknown, io: "input" | "output"): unknown {
  if (io === "input" || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => open(one, io));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !(key === "additionalProperties" && one === false))
      .map(([key, one]) => [key, open(one, io)]),
  );
}

/** `inBytes`: what stands there in place of JSON. */
const contentOf = (what: z.ZodType | Media, io: "input" | "output", inBytes?: Media): Json => ({
  content: {
    ...(isMedia(what) ? {} : { "application/json": { schema: schemaOf(what, io) } }),
    ...Object.fromEntries(
      [...(isMedia(what) ? [what] : []), ...(inBytes === undefined ? [] : [inBytes])].map(({ media }) => [
        media.split(";")[0]!,
        { schema: { type: "string" } },
      ]),
    ),
  },
});

const parametersOf = ({ path, query }: Route): Json[] => {
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true, schema: { type: "string" } },
  }));
  if (query === undefined) return named;
  const { properties = {}, required = [] } = schemaOf(query, "input") as {
    readonly properties?: Json;
    readonly required?: readonly string[];
  };
  const asked = Object.entries(properties).map(([name, schema]) => ({
    ...{ name, in: "query", required: required.includes(name), schema },
  }));
  return [...named, ...asked];
};

const answersOf = ({ answers, inBytes }: Route): Json => ({
  ...Object.fromEntries(
    Object.entries(answers).map(([status, what]) => [
      status,
      {
        description: what !== null && isMedia(what) ? what.means : "as asked for",
        ...(what === null ? {} : contentOf(what, "output", inBytes?.answer)),
      },
    ]),
  ),
  default: { $ref: "#/components/responses/Error" },
});

/** `postRunsIdStop` */
const operationId = ({ method, path }: Route): string =>
  method.toLowerCase() +
  (path.match(/[A-Za-z0-9]+/g) ?? ["page"]).map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");

function operationOf(route: Route): Json {
  const { body, summary, inBytes } = route;
  const parameters = parametersOf(route);
  return {
    operationId: operationId(route),
    summary,
    ...(route.open === true ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: contentOf(body, "input", inBytes?.body) }),
    responses: answersOf(route),
  };
}

export function openApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  return {
    openapi: "3.1.0",
    info: { title: "pktgen-ts serve", version, license: { name: "BSD-3-Clause", identifier: "BSD-3-Clause" } },
    servers: [{ url: "/" }],
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      responses: { Error: { description: "what was wrong, and what to do", ...contentOf(errorAnswer, "output") } },
      schemas: Object.fromEntries(
        Object.entries(eventData).map(([name, schema]) => [`Event_${name}`, schemaOf(schema, "output")]),
      ),
    },
  };
}
