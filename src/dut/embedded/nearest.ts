/** For "did you mean": the name that a misspelled one is closest to. */

/** Letters to change, add, leave out or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(changed, rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1);
      rows[i]![j] = swapped ? Math.min(best, rows[i - 2]![j - 2]! + 1) : best;
    }
  }
  return rows[a.length]![b.length]!;
}

/** null if none is near: more than two letters, or half of it, are different. */
export function nearest(name: string, names: readonly string[]): string | null {
  const close = names
    .map((candidate) => ({ candidate, letters: distance(name.toLowerCase(), candidate) }))
    .filter(({ candidate, letters }) => letters <= 2 && letters <= candidate.length / 2)
    .sort((a, b) => a.letters - b.letters);
  return close[0]?.candidate ?? null;
}
