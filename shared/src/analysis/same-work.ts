/** What keeps two documents from being compared: other work, and another kind of device. Each refusal is 'not-comparable'. */

import { TidemarkError } from '../errors.ts';
import { formatBytes } from '../format/bytes.ts';
import { readerIn } from '../format/workload.ts';
import type { ProfileDocument, ProfileSettings } from '../protocol/profile-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import type { WatchDocument } from '../protocol/watch-document.ts';

export interface Side {
  /** What it is called in the document and in errors. */
  readonly file: string;
  readonly document: RunDocument;
}

type Measured = Pick<ProfileDocument, 'device'>;

export const refusal = (message: string, hint: string): TidemarkError =>
  new TidemarkError('not-comparable', message, { hint });

/** Other phonemes, voices or speeds are other work, however alike the figures look; of a program, what an iteration is. */
export function refuseOtherWork(before: Side, after: Side): void {
  const [first, second] = [before.document, after.document];
  if (first.kind === 'watch' || second.kind === 'watch') {
    refuseOtherPrograms(before.file, first, after.file, second);
    return;
  }
  const [a, b] = [first.settings, second.settings];
  const differences: readonly [what: string, of: (settings: ProfileSettings) => string][] = [
    ['text', ({ phonemes }) => phonemes.join(' ')],
    ['list of texts', ({ texts = [] }) => texts.map(({ phonemes }) => phonemes.join(' ')).join(' / ')],
    ['voice', ({ voice }) => voice],
    ['speed', ({ speed }) => String(speed)],
    ['treatment of the cache', ({ keepCache = false }) => (keepCache ? 'kept' : 'cleared')],
    [
      'cache limit',
      ({ cacheLimitBytes }) => (cacheLimitBytes === undefined ? 'MLX’s own' : formatBytes(cacheLimitBytes)),
    ],
  ];
  for (const [what, of] of differences) {
    if (of(a) !== of(b)) {
      const [first, second] = excerpts(of(a), of(b));
      if (spokenDifferences.has(what)) {
        refuseOtherReader(before.file, a, after.file, b);
      }
      throw refusal(
        `The two were measured with a different ${what}: ${before.file} with “${first}”, ${after.file} with “${second}”.`,
        `Measure both with the same ${what}: what is spoken determines how much memory it takes.`,
      );
    }
  }
}

const spokenDifferences: ReadonlySet<string> = new Set(['text', 'list of texts']);

/** Where the text is the same, and what is said is not. */
function refuseOtherReader(
  firstFile: string,
  first: ProfileSettings,
  secondFile: string,
  second: ProfileSettings,
): void {
  const [a, b] = [readerIn(first), readerIn(second)];
  const textOf = ({ text, texts = [] }: ProfileSettings): string =>
    text ?? texts.map((each) => each.text).join('\n');
  const isSameText = textOf(first) === textOf(second) && textOf(first) !== '';
  if (isSameText && a !== undefined && b !== undefined && a !== b) {
    throw refusal(
      `The same text was read differently: ${firstFile} has the phonemes of ${a}, ${secondFile} those of ${b}.`,
      'Measure both with the same Python, or give both the same phonemes with --phonemes.',
    );
  }
}

function refuseOtherPrograms(
  firstFile: string,
  first: RunDocument,
  secondFile: string,
  second: RunDocument,
): void {
  if (first.kind !== 'watch' || second.kind !== 'watch') {
    const [file, other] = first.kind === 'watch' ? [firstFile, secondFile] : [secondFile, firstFile];
    throw refusal(
      `${file} is a watched program, and ${other} is not.`,
      'Compare two watched programs, or two profiles or studies.',
    );
  }
  const marked = ({ marks, settings }: WatchDocument): string =>
    marks.kind === 'timer' ? `a timer of ${settings.everySeconds ?? 0} s` : markWords[marks.kind];
  if (marked(first) !== marked(second)) {
    throw refusal(
      `An iteration is not the same in both: ${firstFile} has them by ${marked(first)}, ${secondFile} by ${marked(second)}.`,
      'Watch both with the same options, and mark their iterations in the same way.',
    );
  }
}

const markWords: Readonly<Record<WatchDocument['marks']['kind'], string>> = {
  function: 'the program’s own marks',
  timer: 'a timer',
  clear_cache: 'calls of mx.clear_cache',
  eval: 'calls of mx.eval',
  none: 'nothing',
};

/** Two long texts from a word before they begin to differ. */
function excerpts(first: string, second: string): readonly [first: string, second: string] {
  let at = 0;
  while (at < first.length && first[at] === second[at]) {
    at += 1;
  }
  const start = at < 30 ? 0 : first.lastIndexOf(' ', at - 2) + 1;
  const excerpt = (text: string): string =>
    `${start === 0 ? '' : '…'}${text.slice(start, start + 40)}${text.length > start + 40 ? '…' : ''}`;
  return [excerpt(first), excerpt(second)];
}

/** Memory is allocated in another way there. */
export function refuseOtherDevice(
  firstFile: string,
  first: Measured,
  secondFile: string,
  second: Measured,
): void {
  if (first.device.type !== second.device.type) {
    throw refusal(
      `${firstFile} was measured on the ${first.device.type.toUpperCase()}, ${secondFile} on the ${second.device.type.toUpperCase()}.`,
      'Measure both on the same kind of device: MLX computes and allocates memory differently on each.',
    );
  }
}
