/** How evenly frames left, as a zod schema of the result document. */
import { z } from "zod";

const frames = z.int().min(0);
const share = z.number().min(0).max(1);
const ns = z.number();

export const pacingSchema = z.strictObject({
  targetNs: ns.describe("the gap asked for"),
  within64ns: share,
  within128ns: share,
  within256ns: share,
  within512ns: share,
  bursts: frames.describe("runs of frames with gaps below a tenth of the target"),
  p50Ns: ns,
  p99Ns: ns,
  p99_99Ns: ns,
  maxNs: ns,
  lagMaxNs: ns.describe("the most that a frame left after its slot"),
  observer: z.string().describe("whose clock saw it: self, or somebody else"),
  buckets: z
    .array(z.tuple([ns, frames]))
    .optional()
    .describe(
      "the histogram: gaps up to this one and above the one before; at most 8 buckets per doubling; absent where several threads or hosts sent: nobody knows the gaps between the frames of all",
    ),
});
