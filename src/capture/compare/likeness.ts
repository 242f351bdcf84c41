/** The share of two frames' bytes that is the same; frames below one half are not the same frame, changed. */
export const leastLikeness = 0.5;

/** A frame's bytes, of which there are `wireBytes` unless the capture cut it. */
export interface Likened {
  readonly body: Uint8Array;
  /** Bytes that the capture cut. */
  readonly cutBytes: number;
}

/** Bytes that only one of two frames has differ; those that a capture cut say nothing. */
export function likeness(a: Likened, b: Likened): number {
  const shorter = Math.min(a.body.length, b.body.length);
  const isCut = a.cutBytes > 0 || b.cutBytes > 0;
  const lengths = [a.body.length + a.cutBytes, b.body.length + b.cutBytes];
  const off = isCut ? Math.abs(lengths[0] - lengths[1]) : Math.abs(a.body.length - b.body.length);
  let same = 0;
  for (let i = 0; i < shorter; i++) if (a.body[i] === b.body[i]) same++;
  return shorter + off === 0 ? 1 : same / (shorter + off);
}
