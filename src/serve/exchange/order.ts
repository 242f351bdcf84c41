/** From a request to an exchange that is decided: its frames, when they leave, and how long others may come. */
import { type FrameFilter, parseFilter } from "../../packet/filter.js";
import { type CapturedFrame, decodeCapture, linkTypeEthernet, linkTypeName } from "../../pcap/codec.js";
import { fcsBytes, parseDuration, parseRate, type Rate, ratePps } from "../../units.js";
import type { ExchangeBody, ExchangeWords } from "../contract.js";
import { hexFrameOf } from "../hex-frame.js";
import { RequestRefusal } from "../refusal.js";
import { mostSent } from "../schema/exchange.js";

export interface ExchangeOrder {
  readonly tx: string;
  readonly rx: string;
  /** Whole Ethernet frames without FCS, times that do not go back. */
  readonly frames: readonly CapturedFrame[];
  /** null: the frames' own times. */
  readonly rate: Rate | null;
  readonly settleNs: number;
  /** null: nobody knows how many come. */
  readonly awaited: number | null;
  readonly mostFrames: number;
  /** How long a peer may take, where ports are opened for it. */
  readonly waitPeerNs: number;
  readonly filter: FrameFilter | null;
  readonly maxFrameBytes: number;
  /** The request's own word; the server has one, too. */
  readonly yesThisInterface: boolean;
}

/** Longer ones are runs. */
export const mostSendNs = 60e9;
const mostSettleNs = 60e9;
const usualSettleNs = 1e9;
const usualWaitNs = 10e9;
const usualFrames = 10_000;
const usualFrameBytes = 1522;
/** Of frames in hex, which have no times. */
const usualRate = "10kpps";
const leastFrameBytes = 14;

const invalid = (what: string, where: string, accepted: string): RequestRefusal =>
  new RequestRefusal("invalid", what, { where, accepted });

/** @throws RequestRefusal, PktgenError (2) */
export function orderOfHex({ frames, ...words }: ExchangeBody): ExchangeOrder {
  const read = frames.map((text, index) => {
    const where = `frames.${index}`;
    const bytes = hexFrameOf(text, where);
    if (bytes.length < leastFrameBytes)
      throw invalid(`${bytes.length} bytes are no Ethernet frame`, where, "14 or more");
    return { seconds: 0, nanoseconds: 0, originalBytes: bytes.length, bytes };
  });
  return orderOf(read, { rate: usualRate, ...words }, "frames");
}

/** @throws RequestRefusal, PktgenError (2) */
export function orderOfCapture(file: Uint8Array, words: ExchangeWords): ExchangeOrder {
  const { format, frames, interfaces, fault } = decodeCapture(file);
  if (fault !== null || format === null) {
    throw new RequestRefusal("invalid", `the body is no whole capture: ${fault?.what ?? "nothing is known of it"}`, {
      where: "body",
      accepted: "pcap or pcapng; or frames in hex, with Content-Type: application/json",
    });
  }
  const whole = frames.map((frame, index): CapturedFrame => {
    const { linkType, fcsBytes: tail } = interfaces[frame.interface]!;
    const name = `frame ${index + 1}`;
    if (linkType !== linkTypeEthernet)
      throw invalid(`${name} is ${linkTypeName(linkType)}, which cannot be sent`, "body", "captures of Ethernet");
    const wireBytes = frame.originalBytes - (tail ?? 0);
    if (frame.bytes.length < wireBytes)
      throw invalid(`${name} was cut at ${frame.bytes.length} of ${wireBytes} bytes`, "body", "whole frames");
    if (wireBytes < leastFrameBytes) throw invalid(`${name} has ${wireBytes} bytes`, "body", "14 or more");
    return { ...frame, originalBytes: wireBytes, bytes: frame.bytes.subarray(0, wireBytes) };
  });
  return orderOf(withoutStepsBack(whole), words, "body");
}

const isBefore = (a: CapturedFrame, b: CapturedFrame): boolean =>
  a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds < b.nanoseconds);

/** A frame whose time goes back leaves with the one before it. */
function withoutStepsBack(frames: readonly CapturedFrame[]): CapturedFrame[] {
  let last = frames[0];
  return frames.map((frame) => {
    if (isBefore(frame, last!)) return { ...frame, seconds: last!.seconds, nanoseconds: last!.nanoseconds };
    last = frame;
    return frame;
  });
}

/** ns from the first frame to each. */
export function departuresNs({ frames, rate }: Pick<ExchangeOrder, "frames" | "rate">): number[] {
  const [first] = frames;
  if (rate === null) {
    return frames.map(
      ({ seconds, nanoseconds }) => (seconds - first!.seconds) * 1e9 + nanoseconds - first!.nanoseconds,
    );
  }
  let atNs = 0;
  return frames.map(({ bytes }) => {
    const dueNs = atNs;
    atNs += 1e9 / ratePps(rate, bytes.length + fcsBytes, null, "rate");
    return dueNs;
  });
}

function orderOf(frames: readonly CapturedFrame[], words: ExchangeWords, where: string): ExchangeOrder {
  const { tx } = words;
  if (tx === undefined) throw new RequestRefusal("bad-request", "which port?", { where: "tx", accepted: "GET /ports" });
  if (frames.length === 0) throw invalid("there is no frame in it", where, "a frame or more");
  if (frames.length > mostSent)
    throw invalid(`${frames.length} frames are too many`, where, `at most ${mostSent}; longer ones: pktgen-ts replay`);
  const rate = words.rate === undefined ? null : parseRate(words.rate, "rate");
  const spanNs = departuresNs({ frames, rate }).at(-1)!;
  if (spanNs > mostSendNs)
    throw invalid(
      `sending takes ${Math.ceil(spanNs / 1e9)} s`,
      words.rate === undefined ? where : "rate",
      "at most 60 s",
    );
  const settleNs = words.settle === undefined ? usualSettleNs : parseDuration(words.settle, "settle");
  if (settleNs > mostSettleNs) throw invalid("this is long to wait", "settle", "at most 60s");
  const longest = frames.reduce((most, { bytes }) => Math.max(most, bytes.length + fcsBytes), 0);
  return {
    ...{ tx, rx: words.rx ?? tx, frames, rate, settleNs },
    awaited: words.awaited === undefined ? null : Number(words.awaited),
    mostFrames: Number(words.mostFrames ?? usualFrames),
    filter: words.filter === undefined ? null : parseFilter(words.filter, "filter"),
    waitPeerNs: words.waitPeer === undefined ? usualWaitNs : parseDuration(words.waitPeer, "waitPeer"),
    maxFrameBytes: Number(words.maxFrame ?? Math.max(usualFrameBytes, longest)),
    yesThisInterface: words.yesThisInterface === true || words.yesThisInterface === "true",
  };
}
