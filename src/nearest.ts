/** Finds the word that a mistyped word most likely stands for. */

/**
 * Edit distance with transpositions (optimal string alignment), so that `szies` is one step from `sizes`. Its cost is
 * quadratic, which is fine for words.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let steps = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) steps = Math.min(steps, beforeLast[j - 2]! + 1);
      row.push(steps);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

const mostSteps = 3;

/**
 * The candidate nearest to `word`; null where none is within three steps and two fifths of its length. Candidates of other
 * lengths are not compared, so a word of megabytes costs nothing.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestSteps = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (Math.abs(word.length - candidate.length) > mostSteps) continue;
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps < bestSteps && steps <= Math.min(mostSteps, Math.ceil(0.4 * Math.max(word.length, candidate.length)))) {
      best = candidate;
      bestSteps = steps;
    }
  }
  return best;
}

/**
 * The hint of an error about an unknown word; empty where no known name is near. Spread it into the error's details.
 */
export function didYouMean(word: string, names: readonly string[]): { readonly hint?: string } {
  const meant = nearest(word, names);
  return meant === null ? {} : { hint: `did you mean ${meant}?` };
}
