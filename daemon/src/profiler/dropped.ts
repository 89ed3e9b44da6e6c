/** What of a text is not said, as the documents have it. */

import type { DroppedCharacters } from '@tidemark/shared/protocol/profile-document.ts';

/** Characters that a document names; a text in another script would drop hundreds. */
const mostNamed = 20;

/** Undefined where nothing was dropped. */
export function droppedRecord(counts: ReadonlyMap<string, number>): DroppedCharacters | undefined {
  const characters = Array.from(counts, ([character, count]) => ({ character, count }));
  const count = characters.reduce((sum, each) => sum + each.count, 0);
  const byCount = characters.toSorted((a, b) => b.count - a.count);
  return count === 0 ? undefined : { count, characters: byCount.slice(0, mostNamed) };
}

/** Of several texts together. */
export function droppedOfAll(
  records: readonly (DroppedCharacters | undefined)[],
): DroppedCharacters | undefined {
  const all = records.filter((record) => record !== undefined);
  const counts = new Map<string, number>();
  for (const { character, count } of all.flatMap(({ characters }) => characters)) {
    counts.set(character, (counts.get(character) ?? 0) + count);
  }
  const record = droppedRecord(counts);
  // A record names only some of its characters, but counts all of them.
  return record && { ...record, count: all.reduce((sum, { count }) => sum + count, 0) };
}
