/** An exchange: frames out of a port, and what came back. */
import { z } from "zod";
import { frames, number, text } from "./common.js";

/** Of one exchange. */
export const mostSent = 10_000;
export const mostReturned = 100_000;

const tx = text.describe("a named port: where the frames leave");
const rx = text.optional().describe("where they come back; default: tx");
const rate = text.optional().describe("10kpps, 1Gbps, max; default: a capture's own gaps; of frames in hex: 10kpps");
const settle = text
  .optional()
  .describe("how long frames may come after the last one left, or came; default: 1s, at most 60s");
const waitPeer = text.optional().describe("how long a peer may take; not in a session; default: 10s");
const filter = text.optional().describe("which frames are returned, e.g. icmp || arp; default: all that came");
const awaitedMeans = "it ends when so many frames came; default: when nothing came for the time of settle";
const mostFramesMeans = `frames that are returned at most, up to ${mostReturned}; default: 10000`;
const maxFrameMeans = "the longest frame that may come, with FCS; not in a session; default: 1522, or what is sent";
const thisInterfaceMeans = "where the server was started with it, too; not in a session";

export const exchangeRequest = z.strictObject({
  ...{ tx, rx, rate, settle, waitPeer, filter },
  frames: z.array(text).min(1).max(mostSent).describe("hex:…, each without its FCS"),
  awaited: z.int().min(0).max(1_000_000).optional().describe(awaitedMeans),
  mostFrames: z.int().min(1).max(mostReturned).optional().describe(mostFramesMeans),
  maxFrame: z.int().min(64).max(65_535).optional().describe(maxFrameMeans),
  yesThisInterface: z.boolean().optional().describe(thisInterfaceMeans),
});

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,7}$/, "a whole number")
    .refine((digits) => Number(digits) >= least && Number(digits) <= most, `a number from ${least} to ${most}`);

/** Where the body is a capture. */
export const exchangeQuery = z.strictObject({
  tx: tx.optional(),
  ...{ rx, rate, settle, waitPeer, filter },
  awaited: wholeNumber(0, 1_000_000).optional().describe(awaitedMeans),
  mostFrames: wholeNumber(1, mostReturned).optional().describe(mostFramesMeans),
  maxFrame: wholeNumber(64, 65_535).optional().describe(maxFrameMeans),
  yesThisInterface: z.enum(["true", "false"]).optional().describe(thisInterfaceMeans),
  format: z.enum(["pcapng", "pcap"]).optional().describe("of the answer; default: pcapng"),
});

export const exchangeCounts = z.object({
  tx: text,
  rx: text,
  asked: frames.describe("= sent + unsent"),
  sent: frames.describe("the peer took them"),
  unsent: frames,
  late: frames.describe("of those that were sent: more than 10 us after their time"),
  received: frames.describe("all that came in on rx in that time = returned + filtered + missed"),
  returned: frames,
  filtered: frames,
  missed: frames.describe("for which there was no room"),
  tookMs: number,
});

export const exchangeAnswer = exchangeCounts.extend({
  frames: z.array(z.object({ atNs: number.describe("since the first of them"), hex: text })),
});
