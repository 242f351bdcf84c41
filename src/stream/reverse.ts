/** The stream of the other direction: between the same two ends, the other way round. */
import type { StreamSpec } from "./spec.js";

/** Stream numbers of the reverse direction start here (of 2^24), so that each side knows the frames that are for it. */
export const reverseFirstStream = 2 ** 23;

export const isReverse = (stream: number): boolean => stream >= reverseFirstStream;

/** MAC and IP addresses swapped; ports stay, since the source port tells flows apart. */
export const reverseStream = (spec: StreamSpec): StreamSpec => ({
  ...spec,
  srcMac: spec.dstMac,
  dstMac: spec.srcMac,
  srcAddress: spec.dstAddress,
  dstAddress: spec.srcAddress,
});
