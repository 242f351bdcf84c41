/** Profiles, what they send, and the bytes of the first frame. */
import { z } from "zod";
import { errorDetail, frames, number, text } from "./common.js";

export const profileList = z.object({
  profiles: z.array(z.object({ name: text, description: text, streams: frames.nullable(), bytes: frames })),
});

export const profileText = z.object({
  name: text,
  text,
  description: text,
  parameters: z.array(z.object({ name: text, value: text })),
});

export const profileCheck = z.strictObject({
  name: text.optional().describe("out of GET /profiles"),
  text: text.optional().describe("the profile itself"),
  set: z.record(text, z.union([text, number])).optional(),
  sizes: text.optional(),
  streams: z.int().min(1).max(64).optional().describe("streams whose first frame is wanted; default 16"),
});

const place = z.object({ offset: frames, bytes: frames }).nullable();

export const frameMap = z
  .object({
    frameBytes: frames.describe("with FCS"),
    hex: text.describe("without FCS"),
    fields: z.array(z.object({ offset: frames, bitOffset: frames, bits: frames, path: text, text })),
    payload: place,
    signature: place,
    faults: z.array(z.object({ offset: frames, protocol: text, field: text, what: text })),
  })
  .describe("frame 0 at the first size");

export const trafficFacts = z.object({
  name: text,
  description: text,
  sizes: z.array(z.union([number, text])),
  streamCount: frames,
  streams: z.array(
    z.object({
      name: text,
      protocols: z.array(text),
      rate: text.nullable().describe("null: a share of the trial's rate"),
      weight: number,
      schedule: text,
      size: text.nullable(),
      changes: z.array(text),
      payload: text,
      signed: z.boolean(),
      firstFrame: frameMap,
    }),
  ),
});

export const profileChecked = z.object({
  ok: z.boolean(),
  mistakes: z.array(errorDetail),
  notes: z.array(text),
  traffic: trafficFacts.nullable(),
});
