/** Frames that filters and tshark are asked about: by hand, whole and cut at every byte, and many by chance. */
import fc from "fast-check";
import { buildFrame, type Header, headersBytes, icmpTypes } from "../../src/packet/index.js";
import type { CapturedFrame } from "../../src/pcap/index.js";
import { byHand } from "./frames-by-hand.js";
import { anyStack } from "./stacks.js";
import { vectors } from "./vectors.js";

type Captured = Pick<CapturedFrame, "bytes" | "originalBytes">;

const timed = (frames: readonly Captured[], stepNs: number): CapturedFrame[] =>
  frames.map((frame, i) => ({ ...frame, seconds: 1, nanoseconds: i * stepNs }));
const whole = (bytes: Uint8Array): Captured => ({ bytes, originalBytes: bytes.length });

/**
 * Where Wireshark differs from us by design, a frame cannot be compared:
 *
 * - It reads the options of IP and gives up on those that make no sense, as those by chance do. We do not look at what
 *   options say. IPv4's are made no-operations here. Frames with IPv6's are left out.
 * - It looks for a source route before it shows `ip.dst`, so that a cut inside of IPv4's options hides the address.
 * - It gives up on GRE with reserved bits, and reads the routes of RFC 1701, where we stop.
 * - Whatever an ICMP error quotes is an IP header to it, of a bogus version if need be. To us it is none.
 * - It asks the lower port first what is behind UDP. From source port 19 to VXLAN is chargen. Tunnels have a high source port
 *   here.
 * - Behind GTP-U it takes only the first bytes 0x45 to 0x4e for IPv4. We take 0x4f for it, too: a header of 60 bytes.
 */
const isOdd = (header: Header, i: number, stack: readonly Header[]): boolean =>
  ["ipv6HopByHop", "ipv6Destination", "ipv6Routing"].includes(header.protocol) ||
  (header.protocol === "gre" && header.reserved !== 0) ||
  quotesNothing(header) ||
  (header.protocol === "ipv4" && header.options.length === 40 && stack[i - 1]?.protocol === "gtpu");
const { unreachable, redirect, timeExceeded, parameterProblem } = icmpTypes;
const quoting: readonly number[] = [unreachable, 4, redirect, timeExceeded, parameterProblem];
const quotesNothing = (header: Header): boolean => header.protocol === "icmp" && quoting.includes(header.type);
const hasOptions = (header: Header): boolean => header.protocol === "ipv4" && header.options.length > 0;
const noOperation = 1;
const leastEphemeral = 0xc000;
function comparable(header: Header): Header {
  if (header.protocol === "ipv4") return { ...header, options: header.options.map(() => noOperation) };
  const isToTunnel = header.protocol === "udp" && header.dstPort === null;
  return isToTunnel ? { ...header, srcPort: header.srcPort | leastEphemeral } : header;
}

const anyComparable = anyStack.filter((stack) => !stack.some(isOdd)).map((stack) => stack.map(comparable));

/** Those by hand, and behind them so many by chance, some of them cut. The same on every run with this seed. */
export function filterFrames(byChance: number, seed: number): CapturedFrame[] {
  const stacks = fc.sample(fc.tuple(anyComparable, fc.nat(40), fc.nat(3), fc.nat(60)), { numRuns: byChance, seed });
  const random = stacks.map(([stack, payloadBytes, isCut, cut]) => {
    const bytes = buildFrame(stack, headersBytes(stack) + payloadBytes, new Uint8Array(payloadBytes).fill(7));
    const captured = isCut > 0 || stack.some(hasOptions) ? bytes.length : Math.max(14, bytes.length - cut);
    return { bytes: bytes.subarray(0, captured), originalBytes: bytes.length };
  });
  return timed([...byHand.map(whole), ...random], 1_000_000);
}

/** Frames by hand and golden frames, each cut at every byte: as a capture with a snap length has them. */
export function cutFrames(): CapturedFrame[] {
  const golden = vectors
    .filter(({ layers }) => !layers.some(quotesNothing) && !layers.some(hasOptions))
    .map(({ hex }) => new Uint8Array(Buffer.from(hex, "hex")));
  const cuts = (bytes: Uint8Array): Captured[] =>
    Array.from(bytes, (_, captured) => ({ bytes: bytes.subarray(0, captured), originalBytes: bytes.length }));
  return timed([...byHand, ...golden].flatMap(cuts), 1000);
}
