/** Finds what somebody probably meant to type. */

/** How many edits (insertions, deletions, substitutions) turn one word into the other: Levenshtein's distance. */
export function editDistance(a: string, b: string): number {
  const letters = Array.from(b);
  let previous = Array.from({ length: letters.length + 1 }, (_, column) => column);
  for (const [row, letter] of Array.from(a).entries()) {
    const current = [row + 1];
    for (const [column, other] of letters.entries()) {
      const substituted = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const deleted = (previous[column + 1] ?? 0) + 1;
      const inserted = (current[column] ?? 0) + 1;
      current.push(Math.min(substituted, deleted, inserted));
    }
    previous = current;
  }
  return previous[letters.length] ?? 0;
}

/**
 * The candidate that is the fewest edits away, if it is near enough to be a slip (at most a third of the word), else the
 * first that contains the word.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const normal = word.toLowerCase();
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(normal, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const bound = Math.max(1, Math.floor(word.length / 3));
  if (best !== undefined && best.distance <= bound) {
    return best.candidate;
  }
  return normal.length < 3
    ? undefined
    : candidates.find((candidate) => candidate.toLowerCase().includes(normal));
}

/** ` Did you mean X?`, to follow the sentence that says what there is not; empty where nothing is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const suggestion = nearest(word, candidates);
  return suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
}
