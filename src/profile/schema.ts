/**
 * The shape of a profile: keys, types, and in `describe` what is accepted, which errors quote. Only the code that makes
 * a stream of the values checks what they mean (stream/spec.ts).
 */
import { z } from "zod";

const mac = z.string().describe("six pairs of hex digits, e.g. 00:11:22:33:44:10");
const address = z.string().describe("an address of that IP version, e.g. 198.18.0.1 or 2001:2::1");
const port = z.int().describe("a port number, 0 to 65535");

/** As --threshold has them. */
export const thresholdsSchema = z
  .array(z.string().describe("e.g. 'NDR>=1Mpps', 'latency.p99<=50us', 'loss<=0.1%'"))
  .describe("a list of what must be reached, e.g. ['NDR>=1Mpps', 'loss<=0.1%']");

export const profileSchema = z
  .strictObject({
    description: z.string().describe("a text"),
    sizes: z.unknown().describe("sizes with FCS: [64, 1518], 64-1518:64, imix, rfc2544, plan, or mixes"),
    ethernet: z.strictObject({ dst: mac, src: mac }).partial().describe("keys dst, src"),
    vlan: z.strictObject({ id: z.int().describe("0 to 4094") }).describe("key id"),
    ip: z
      .strictObject({ version: z.literal([4, 6]).describe("4 or 6"), src: address, dst: address })
      .partial()
      .describe("keys version, src, dst"),
    udp: z.strictObject({ src: port, dst: port }).partial().describe("keys src, dst"),
    flows: z.int().describe("a whole number from 1"),
    pinFlows: z
      .int()
      .describe(
        "the receive queues of the device: source ports are chosen so that its RSS puts flow f on queue f mod n",
      ),
    thresholds: thresholdsSchema,
  })
  .partial()
  .describe("keys and values");

/** One entry of `sizes` that is not a plain size. */
export const mixSchema = z
  .strictObject({
    mix: z.string().min(1).describe("a name for reports"),
    parts: z
      .array(
        z.strictObject({
          size: z.int().describe("a frame size with FCS"),
          weight: z.int().min(1).describe("a whole number from 1"),
        }),
      )
      .min(1)
      .describe("a list of { size, weight }"),
  })
  .describe("keys mix, parts");

export type ProfileShape = z.infer<typeof profileSchema>;
export type MixShape = z.infer<typeof mixSchema>;
