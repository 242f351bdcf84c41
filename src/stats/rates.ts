/** Rates from counts and a window. Layer 2 counts the frame with its FCS; layer 1 adds what a line adds. */

/** Preamble 7, start delimiter 1, inter-frame gap 12 (IEEE 802.3 §3.1.1, §4.4.2). */
export const lineOverheadBytes = 20;

export interface Rates {
  readonly pps: number;
  readonly bpsL2: number;
  /** Notional on a port without a line. */
  readonly bpsL1: number;
}

/** `meanFrameBytes` with FCS. All rates are 0 for an empty window. */
export function ratesOf(frames: number, meanFrameBytes: number, windowNs: number): Rates {
  const pps = windowNs > 0 ? (frames * 1e9) / windowNs : 0;
  return {
    pps,
    bpsL2: bpsL2Of(pps, meanFrameBytes),
    bpsL1: bpsL1Of(pps, meanFrameBytes),
  };
}

export function bpsL2Of(pps: number, meanFrameBytes: number): number {
  return pps * meanFrameBytes * 8;
}

export function bpsL1Of(pps: number, meanFrameBytes: number): number {
  return pps * (meanFrameBytes + lineOverheadBytes) * 8;
}

/** Lost ÷ sent, 0 when nothing was sent. */
export function lossRatioOf(lost: number, sent: number): number {
  return sent > 0 ? lost / sent : 0;
}

/** What frames in flight cost at a rate (Little's law), in ns: at max the rings' figure, not the DUT's. */
export function queueingNsOf(inFlightFrames: number, pps: number): number | null {
  return pps > 0 ? (inFlightFrames * 1e9) / pps : null;
}
