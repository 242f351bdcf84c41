/** What all answers share: errors, figures that may be unknown, options as texts. */
import { z } from "zod";

export const frames = z.int().min(0);
export const number = z.number();
export const maybe = z.number().nullable().describe("null: unknown");
export const text = z.string();

export const errorCodes = [
  "bad-request",
  "unauthorised",
  "forbidden",
  "not-found",
  "method-not-allowed",
  "busy",
  "wrong-state",
  "too-large",
  "unsupported-media",
  "invalid",
  "too-many",
  "not-built",
  "missing-here",
  "failed",
] as const;

export const errorDetail = z.object({
  message: text.describe("one sentence for people"),
  where: text.optional().describe("the field, or file:line:column"),
  accepted: text.optional(),
  hint: text.optional(),
});

export const ownerKinds = z.enum(["run", "session", "exchange"]);

export const errorAnswer = z.object({
  error: errorDetail.extend({
    code: z.enum(errorCodes),
    holder: z.object({ kind: ownerKinds, id: text, port: text }).optional().describe("of a port that is busy"),
    mistakes: z.array(errorDetail).optional(),
  }),
});

const optionValue = z.union([
  text,
  number,
  z.boolean(),
  z.array(z.union([text, number])),
  z.record(text, z.union([text, number])),
]);

export const optionValues = z
  .record(text, optionValue)
  .describe("options of the command line, keys in camelCase: { sizes: '64,1518', rate: '10kpps', quick: true }");

export const figures = z.record(text, maybe);

export const done = z.object({ ok: z.literal(true) });
