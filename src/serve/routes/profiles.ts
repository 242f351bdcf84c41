/** Routes about profiles. */
import type { ProfileCheck } from "../contract.js";
import { json, type Route } from "../route.js";
import * as schema from "../schema/profiles.js";

export const profileRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/profiles",
    summary: "the profiles that requests may name",
    answers: { 200: schema.profileList },
    handle: ({ profiles }) => json({ profiles: profiles.list() }),
  },
  {
    method: "POST",
    path: "/profiles/check",
    summary: "every mistake of a profile, or what it sends, with the bytes of the first frame",
    body: schema.profileCheck,
    answers: { 200: schema.profileChecked },
    handle: async ({ profiles }, { body }) => json(await profiles.check(body as ProfileCheck)),
  },
  {
    method: "GET",
    path: "/profiles/{name}",
    summary: "a profile as text, with its parameters",
    answers: { 200: schema.profileText },
    handle: ({ profiles }, { path }) => json(profiles.text(path["name"]!)),
  },
];
