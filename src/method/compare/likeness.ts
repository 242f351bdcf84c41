/** The share of two frames' bytes that is the same; frames below one half are not the same frame, changed. */
export const leastLikeness = 0.5;

export function likeness(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  const longer = Math.max(a.length, b.length);
  let same = 0;
  for (let i = 0; i < shorter; i++) if (a[i] === b[i]) same++;
  return longer === 0 ? 1 : same / longer;
}
