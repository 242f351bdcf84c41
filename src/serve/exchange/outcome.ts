/** What came of an exchange, and the answer that says it. */
import { FoundHeaders } from "../../packet/found-headers.js";
import { walkHeaders } from "../../packet/header-walk.js";
import { type CapturedFrame, encodeCapture } from "../../pcap/codec.js";
import type { ExchangeAnswer } from "../contract.js";
import type { ExchangeOrder } from "./order.js";

export interface ExchangeOutcome {
  readonly sent: number;
  readonly late: number;
  /** All that came in on rx. */
  readonly received: number;
  /** Those of them for which there was room. */
  readonly frames: readonly CapturedFrame[];
  readonly tookMs: number;
}

/** An answer's counts, and the frames that pass its filter. */
export interface AnsweredExchange {
  readonly counts: Omit<ExchangeAnswer, "frames">;
  readonly frames: readonly CapturedFrame[];
}

export function answeredExchange(order: ExchangeOrder, outcome: ExchangeOutcome): AnsweredExchange {
  const { tx, rx, frames: asked } = order;
  const { sent, late, received } = outcome;
  const frames = passing(order, outcome.frames);
  const counts = {
    ...{ tx, rx, asked: asked.length, sent, unsent: asked.length - sent, late, received },
    ...{ returned: frames.length, filtered: outcome.frames.length - frames.length },
    missed: received - outcome.frames.length,
    tookMs: Math.round(outcome.tookMs),
  };
  return { counts, frames };
}

const sinceNs = (frame: CapturedFrame, first: CapturedFrame): number =>
  (frame.seconds - first.seconds) * 1e9 + frame.nanoseconds - first.nanoseconds;

function passing({ filter }: ExchangeOrder, frames: readonly CapturedFrame[]): readonly CapturedFrame[] {
  if (filter === null) return frames;
  const headers = new FoundHeaders();
  return frames.filter((frame, index) => {
    const { bytes } = frame;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    walkHeaders(headers, view, 0, bytes.length, bytes.length);
    return filter({
      ...{ view, headers, number: index + 1, wireBytes: bytes.length, capturedBytes: bytes.length },
      relativeNs: sinceNs(frame, frames[0]!),
      interfaceId: -1,
    });
  });
}

export const exchangeInHex = ({ counts, frames }: AnsweredExchange): ExchangeAnswer => ({
  ...counts,
  frames: frames.map((frame) => ({
    atNs: sinceNs(frame, frames[0]!),
    hex: Buffer.from(frame.bytes).toString("hex"),
  })),
});

export const exchangeAsFile = ({ frames }: AnsweredExchange, format: "pcap" | "pcapng"): Uint8Array =>
  encodeCapture(frames, format);
