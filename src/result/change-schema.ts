/** A change of a trial's load, as the result document has it. */
import { z } from "zod";

export const trialChangeSchema = z
  .strictObject({
    atNs: z.number().min(0).describe("since the trial's start"),
    kind: z.enum(["pause", "resume", "rate", "extend"]),
    streams: z.array(z.string()).nullable().describe("null: all of them"),
    pps: z.number().nullable().describe("asked for from then on; null: of no one rate"),
    addNs: z.number().positive().optional().describe("of extend alone: the trial's time is so much longer"),
  })
  .describe("what somebody did to the load while it ran");
