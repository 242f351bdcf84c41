/** What is wrong with a value of a request, in words for people, and what is accepted there. */
import type { z } from "zod";
import { quoted } from "../profile/check.js";

export interface IssueWords {
  readonly message: string;
  readonly accepted?: string;
}

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** One, and many. */
const things: Readonly<Record<string, readonly [string, string]>> = {
  string: [" character", " characters"],
  array: [" entry", " entries"],
};

/** `words`: the limit included, or not. "at least 1 character", "above 0". */
function bound(words: readonly [string, string], limit: number | bigint, isIncluded: boolean, origin: string): string {
  return `${words[isIncluded ? 0 : 1]} ${limit}${things[origin]?.[limit === 1 ? 0 : 1] ?? ""}`;
}

/** `value`: what stands at the issue's place. */
export function issueWords(issue: z.core.$ZodIssue, value: unknown): IssueWords {
  const message = value === undefined ? "this is missing" : `${quoted(value)} cannot be here`;
  switch (issue.code) {
    case "invalid_type":
      return { message, accepted: kinds[issue.expected] ?? issue.expected };
    case "too_small":
      return {
        message,
        accepted: bound(["at least", "above"], issue.minimum, issue.inclusive !== false, issue.origin),
      };
    case "too_big":
      return { message, accepted: bound(["at most", "below"], issue.maximum, issue.inclusive !== false, issue.origin) };
    case "invalid_value":
      return { message, accepted: issue.values.map((one) => JSON.stringify(one)).join(", ") };
    case "invalid_union":
      return { message, accepted: "the forms of it in GET /openapi.json" };
    default:
      return { message: issue.message };
  }
}
