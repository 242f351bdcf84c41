/** Frames out of order, as results have them (RFC 4737); stats/reordering.ts says what a run is. */
import { z } from "zod";

const frames = z.int().min(0);

const runs = (what: string) =>
  z
    .strictObject({ count: frames, mean: z.number(), max: frames })
    .nullable()
    .optional()
    .describe(`${what}: how many runs, and frames in them; null: nothing was reordered; absent: not known`);

export const reordering = {
  reorderExtent: z
    .strictObject({ max: frames, mean: z.number(), unknown: frames })
    .nullable()
    .describe("RFC 4737 §4.2.1, in frames"),
  reorderedRuns: runs("frames out of order that came back one right after the other"),
  reorderingFreeRuns: runs("RFC 4737 §4.6, frames in order between those out of order, runs of one frame or more"),
};
