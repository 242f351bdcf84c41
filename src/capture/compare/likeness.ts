/** The share of two frames' bytes that is the same. Below one half, one frame is no changed form of the other. */
export const leastLikeness = 0.5;

/** A frame's bytes, as far as the capture has them. */
export interface Likened {
  readonly body: Uint8Array;
  /** Bytes that the capture cut. */
  readonly cutBytes: number;
}

/** Bytes that only one of the frames has count as different. Bytes that a capture cut do not count. */
export function likeness(a: Likened, b: Likened): number {
  const shorter = Math.min(a.body.length, b.body.length);
  const isCut = a.cutBytes > 0 || b.cutBytes > 0;
  const lengths = [a.body.length + a.cutBytes, b.body.length + b.cutBytes];
  const off = isCut ? Math.abs(lengths[0] - lengths[1]) : Math.abs(a.body.length - b.body.length);
  let same = 0;
  for (let i = 0; i < shorter; i++) if (a.body[i] === b.body[i]) same++;
  return shorter + off === 0 ? 1 : same / (shorter + off);
}
