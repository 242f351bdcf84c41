/**
 * Rates from counts and a window. Layer 2 counts the frame with its FCS; layer 1 adds what the line adds. Bits come
 * from byte counters and not from a mean size, so that they show a device that loses the large frames of a mix.
 */
import { fcsBytes, layer1OverheadBytes } from "../units.js";

export interface Rates {
  readonly pps: number;
  readonly bpsL2: number;
  /** Notional on a port without a line. */
  readonly bpsL1: number;
}

const noRates: Rates = { pps: 0, bpsL2: 0, bpsL1: 0 };

/** `bufferBytes` of all the frames together, without FCS. All rates are 0 for an empty window. */
export function ratesOf(frames: number, bufferBytes: number, windowNs: number): Rates {
  if (!(windowNs > 0)) return noRates;
  const perSecond = (amount: number): number => (amount * 1e9) / windowNs;
  const bytesL2 = bufferBytes + frames * fcsBytes;
  return {
    pps: perSecond(frames),
    bpsL2: perSecond(bytesL2 * 8),
    bpsL1: perSecond((bytesL2 + frames * layer1OverheadBytes) * 8),
  };
}

/** What came back of a trial. Times from any one moment. */
export interface Arrivals {
  readonly frames: number;
  readonly bufferBytes: number;
  /** −1: nothing came. */
  readonly firstNs: number;
  readonly lastNs: number;
  /** Counts within the receive window (see `receiveRates`), and its length; null: not counted. */
  readonly inWindow: { readonly frames: number; readonly bytes: number; readonly windowNs: number } | null;
}

/** A window shorter than this says little about a steady rate. */
const steadyWindowNs = 100_000_000;
/** Arrivals may be spread over so much more than the transmit window: delays vary. */
const spreadShare = 0.001;

/**
 * The rate of what came back: frames and bytes that arrived within the receive window, over its length. The receive
 * window is the transmit window, moved by the time from the first departure to the first arrival. So a constant delay
 * takes nothing away, frames that a queue gives back after the window add nothing, and a lost frame is missing in the
 * rate.
 *
 * All arrivals count if they came within the length of the transmit window and a thousandth more: a slightly longer
 * delay at the end is no lower rate. If the window is shorter than 100 ms, or nothing counted the arrivals within it,
 * the rate is that of all arrivals between the first and the last.
 */
export function receiveRates(arrivals: Arrivals, transmitWindowNs: number): Rates {
  const { frames, bufferBytes, firstNs, lastNs, inWindow } = arrivals;
  if (frames === 0 || firstNs < 0) return noRates;
  const spreadNs = lastNs - firstNs;
  if (spreadNs <= transmitWindowNs * (1 + spreadShare)) return ratesOf(frames, bufferBytes, transmitWindowNs);
  if (inWindow !== null && transmitWindowNs >= steadyWindowNs) {
    return ratesOf(inWindow.frames, inWindow.bytes, inWindow.windowNs);
  }
  // n arrivals have n − 1 gaps between them.
  return ratesOf(frames, bufferBytes, (spreadNs * frames) / Math.max(1, frames - 1));
}

/** Lost ÷ sent, 0 when nothing was sent. */
export function lossRatioOf(lost: number, sent: number): number {
  return sent > 0 ? lost / sent : 0;
}
