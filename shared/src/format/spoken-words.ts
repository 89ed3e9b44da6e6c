/** What a run says, in a line: runs that say the same in the same voice can be compared. */

import type { RunRecord } from '../protocol/daemon/run-record.ts';
import { formatCount } from './numbers.ts';

/** In quotation marks; of many texts the first one and how many more. Undefined where phonemes were given. */
export function spokenWords(
  { text, workload }: Pick<RunRecord, 'text' | 'workload'>,
  mostCharacters: number,
): string | undefined {
  const first = text ?? workload?.firstText;
  if (first === undefined) {
    return undefined;
  }
  const more = (workload?.texts ?? 1) - 1;
  return `“${shortened(first, mostCharacters)}”${more <= 0 ? '' : ` and ${formatCount(more)} more`}`;
}

/** One line, of whole characters as a person counts them. */
function shortened(text: string, mostCharacters: number): string {
  // No more than it can need: a text may be long, and finding where characters end is slow.
  const line = text
    .slice(0, 8 * mostCharacters)
    .replaceAll(/\s+/gu, ' ')
    .trim();
  const characters = Array.from(segmenter.segment(line), ({ segment }) => segment);
  return characters.length <= mostCharacters
    ? line
    : `${characters
        .slice(0, mostCharacters - 1)
        .join('')
        .trimEnd()}…`;
}

const segmenter = new Intl.Segmenter();
