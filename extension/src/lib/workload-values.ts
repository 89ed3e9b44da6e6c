/** The workload part of a form: lines of which each is a text, from the field or a file, and what becomes of MLX's cache. */

import { readFileSync, statSync } from 'node:fs';
import { TidemarkError } from '@tidemark/client/errors';
import { parseBytes } from '@tidemark/client/format/bytes';
import type { ScheduleSettings } from '@tidemark/client/protocol/daemon/schedule';
import { linesOf, textsIn } from '@tidemark/client/protocol/workload';

export interface WorkloadValues {
  text: string;
  /** Whether each line of the text is a text of its own. */
  isList: boolean;
  /** At most one path; its lines take the place of the text. */
  textsFile: string[];
  shuffled: boolean;
  keepCache: boolean;
  /** As a person writes a size; empty for MLX's own. */
  cacheLimit: string;
}

type Workload = Pick<ScheduleSettings, 'text' | 'texts' | 'shuffled' | 'keepCache' | 'cacheLimitBytes'>;

export const usualWorkload = {
  isList: false,
  textsFile: [] as string[],
  shuffled: false,
  keepCache: false,
  cacheLimit: '',
};

/** Of a schedule, for its form. */
export const workloadValues = ({
  text = '',
  texts,
  shuffled = false,
  keepCache = false,
  cacheLimitBytes,
}: Workload): WorkloadValues => ({
  text: texts?.join('\n') ?? text,
  isList: texts !== undefined,
  textsFile: [],
  shuffled,
  keepCache,
  cacheLimit: cacheLimitBytes === undefined ? '' : `${cacheLimitBytes}B`,
});

/** More than any list of texts that the daemon takes. */
const mostBytes = 1_000_000;

function linesIn(path: string): string[] {
  const stats = statSync(path);
  if (!stats.isFile() || stats.size > mostBytes) {
    throw new TidemarkError('bad-input', 'The file is no text file, or is larger than 1 MB.');
  }
  return linesOf(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)));
}

/** What the form asks for. Throws what makes {@link workloadMistake} say so. */
export function workloadOfForm(values: WorkloadValues): Workload {
  const { text, isList, textsFile, shuffled, keepCache, cacheLimit } = values;
  const [file] = textsFile;
  const texts =
    file === undefined ? (isList && text.trim() !== '' ? linesOf(text) : undefined) : linesIn(file);
  const cacheLimitBytes = parseBytes(cacheLimit);
  return {
    text: texts !== undefined || text.trim() === '' ? undefined : text,
    ...(texts === undefined ? {} : { texts, ...(shuffled ? { shuffled } : {}) }),
    ...(keepCache ? { keepCache } : {}),
    ...(cacheLimitBytes === undefined ? {} : { cacheLimitBytes }),
  };
}

/** What a person is told at the field. */
export function workloadMistake(
  values: WorkloadValues,
): { readonly field: 'text' | 'textsFile' | 'cacheLimit'; readonly message: string } | undefined {
  if (values.cacheLimit.trim() !== '' && parseBytes(values.cacheLimit) === undefined) {
    return { field: 'cacheLimit', message: 'Enter a size such as 512MB or 1GiB' };
  }
  const fromFile = values.textsFile.length > 0;
  try {
    const { texts } = workloadOfForm(values);
    if (texts !== undefined) {
      textsIn(texts);
    }
    return undefined;
  } catch (error) {
    const said = error instanceof TidemarkError ? error.message.replace(/\.$/u, '') : undefined;
    return fromFile
      ? { field: 'textsFile', message: said ?? 'Choose a text file that can be read' }
      : { field: 'text', message: said ?? 'Enter one text per line' };
  }
}
