/** Finds the name that was probably meant. */

/**
 * How many edits turn one word into the other: letters inserted, deleted, substituted, or exchanged with their neighbour
 * (the optimal string alignment distance).
 */
function editDistance(a: string, b: string): number {
  const [from, to] = [Array.from(a), Array.from(b)];
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isExchanged = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const at = (up: number, left: number): number =>
        (up === 0 ? current : rows[row - up])?.[column - left] ?? Number.POSITIVE_INFINITY;
      const edits = [at(1, 1) + (isSame ? 0 : 1), at(1, 0) + 1, at(0, 1) + 1];
      current.push(
        Math.min(...edits, isExchanged && row > 1 && column > 1 ? at(2, 2) + 1 : Number.POSITIVE_INFINITY),
      );
    }
    rows.push(current);
  }
  return rows[from.length]?.[to.length] ?? 0;
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
