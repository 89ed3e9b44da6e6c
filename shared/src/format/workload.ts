/** A workload in words: how many texts, in what order, and what becomes of MLX's cache. */

import type { ProfileSettings } from '../protocol/profile-document.ts';
import type { WorkloadSummary } from '../protocol/workload.ts';
import { formatBytes } from './bytes.ts';
import { formatCount } from './numbers.ts';

type Workload = Omit<WorkloadSummary, 'textsSha256'>;

/** Of a run's settings, as {@link workloadPhrases} takes it. */
export function workloadIn({ texts, shuffled, keepCache, cacheLimitBytes }: ProfileSettings): Workload {
  const first = texts?.toSorted((a, b) => a.line - b.line)[0];
  return { texts: texts?.length, firstText: first?.text, shuffled, keepCache, cacheLimitBytes };
}

/** `40 texts from “Good morning.” on`; undefined where there is one text. */
export function textsPhrase({ texts, firstText }: Workload): string | undefined {
  if (texts === undefined || firstText === undefined) {
    return undefined;
  }
  const line = firstText.replaceAll(/\s+/g, ' ');
  const shown = line.length <= 40 ? line : `${line.slice(0, 39).trimEnd()}…`;
  return texts === 1 ? `“${shown}”` : `${formatCount(texts)} texts from “${shown}” on`;
}

/** `random order`, `cache kept`, `cache limit 512 MB`: what is not as usual, apart from the texts. */
export const mannerPhrases = ({ shuffled, keepCache, cacheLimitBytes }: Workload): string[] => [
  ...(shuffled === true ? ['random order'] : []),
  ...(keepCache === true ? ['cache kept'] : []),
  ...(cacheLimitBytes === undefined ? [] : [`cache limit ${formatBytes(cacheLimitBytes)}`]),
];

/** All of it in one line; empty for one text and a cache that is cleared. */
export const workloadWords = (workload: Workload): string =>
  [textsPhrase(workload) ?? [], mannerPhrases(workload)].flat().join(', ');
