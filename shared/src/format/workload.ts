/** What is said in words: one text, or how many, in what order, and what becomes of MLX's cache. */

import { printable } from '../printable.ts';
import { mlxEnvironment } from '../protocol/mlx-settings.ts';
import type { MlxSettings } from '../protocol/mlx-settings.ts';
import type { DroppedCharacters, ProfileSettings } from '../protocol/profile-document.ts';
import type { StrategyName, WorkloadSummary } from '../protocol/workload.ts';
import { formatBytes } from './bytes.ts';
import { formatCount, formatList } from './numbers.ts';

type Workload = Omit<WorkloadSummary, 'textsSha256'>;

/** Of a run's settings, as {@link workloadPhrases} takes it. */
export function workloadIn({
  texts,
  shuffled,
  keepCache,
  cacheLimitBytes,
  mlx,
  engine,
  pythonHeap,
  ...manner
}: ProfileSettings): Workload {
  const first = texts?.toSorted((a, b) => a.line - b.line)[0];
  const strategy = strategyIn(manner);
  return {
    texts: texts?.length,
    firstText: first?.text,
    shuffled,
    keepCache,
    cacheLimitBytes,
    mlx,
    engine,
    pythonHeap,
    ...(strategy === 'faithful' ? {} : { strategy }),
  };
}

/** By which strategy the network was built; documents name it only where it is not the default. */
export const strategyIn = ({ strategy = 'faithful' }: Pick<WorkloadSummary, 'strategy'>): StrategyName =>
  strategy;

/** `40 texts from “Good morning.” on`; undefined where there is one text. */
export function textsPhrase({ texts, firstText }: Workload): string | undefined {
  if (texts === undefined || firstText === undefined) {
    return undefined;
  }
  const first = quotedLine(firstText, 40);
  return texts === 1 ? first : `${formatCount(texts)} texts from ${first} on`;
}

/** `random order`, `cache kept`, `cache limit 512 MB`, `engine mlx-audio`: what is not as usual, apart from the texts. */
export const mannerPhrases = ({
  shuffled,
  keepCache,
  cacheLimitBytes,
  mlx = {},
  engine,
  engines = [],
  pythonHeap,
  ...manner
}: Workload): string[] => [
  ...(strategyIn(manner) === 'faithful' ? [] : [`${strategyIn(manner)} strategy`]),
  ...(shuffled === true ? ['random order'] : []),
  ...(keepCache === true ? ['cache kept'] : []),
  ...(cacheLimitBytes === undefined ? [] : [`cache limit ${formatBytes(cacheLimitBytes)}`]),
  ...mlxPhrases(mlx),
  ...(engine === undefined || engine === 'tidemark' ? [] : [`engine ${engine}`]),
  ...(engines.length === 0 ? [] : [`engines ${formatList(engines)}`]),
  ...(pythonHeap === true ? ['Python heap traced'] : []),
];

type Origin = Pick<ProfileSettings, 'phonemesFrom'>;

/** `misaki`, `Tidemark`; undefined for phonemes that were given, and for those of Tidemark's own engine. */
export const readerIn = ({ phonemesFrom }: Origin): string | undefined =>
  phonemesFrom === 'misaki' ? 'misaki' : phonemesFrom === 'tidemark' ? 'Tidemark' : undefined;

/** `phonemes by misaki`, where another engine than Tidemark's says a text. */
export function readerPhrases(settings: Origin): string[] {
  const reader = readerIn(settings);
  return reader === undefined ? [] : [`phonemes by ${reader}`];
}

/** What of MLX is set, as its variables say it; empty where MLX is as it is by itself. */
export const mlxPhrases = ({ memoryLimitBytes, fullPrecision, ...mlx }: MlxSettings): string[] => [
  ...Object.entries(mlxEnvironment(mlx)).map(([name, value]) => `${name}=${value}`),
  ...(memoryLimitBytes === undefined ? [] : [`memory limit ${formatBytes(memoryLimitBytes)}`]),
  ...(fullPrecision === undefined ? [] : ['full precision']),
];

interface Spoken {
  readonly text?: string | undefined;
  readonly workload?: Workload | undefined;
}

/** What a run says, and in what manner, in a line: runs that say the same in the same voice can be compared. */
export function spokenWords({ text, workload = {} }: Spoken, mostCharacters: number): string {
  const said =
    text === undefined ? (textsPhrase(workload) ?? 'given phonemes') : quotedLine(text, mostCharacters);
  return [said, ...mannerPhrases(workload)].join(', ');
}

/** As {@link spokenWords}, where the engine is said beside it. */
export const spokenTextWords = ({ text, workload }: Spoken, mostCharacters: number): string =>
  spokenWords({ text, workload: { ...workload, engine: undefined, engines: undefined } }, mostCharacters);

/** One line in quotation marks. No more of it is looked at than can be shown: a text may be long. */
function quotedLine(text: string, mostCharacters: number): string {
  const line = text
    .slice(0, 16 * mostCharacters)
    .replaceAll(/\s+/gu, ' ')
    .trim();
  return `“${printable(line, mostCharacters)}”`;
}

/** All of it in one line; empty for one text and a cache that is cleared. */
export const workloadWords = (workload: Workload): string =>
  [textsPhrase(workload) ?? [], mannerPhrases(workload)].flat().join(', ');

/** Characters named in a sentence; more of them would not be read. */
const mostNamed = 8;

/** “5 characters have no sound in English and are not said: “*” (4 times), “😀”.” */
export function droppedWords({ count, characters }: DroppedCharacters): string {
  const named = characters
    .slice(0, mostNamed)
    .map(
      ({ character, count: times }) =>
        `“${printable(character)}”${times === 1 ? '' : ` (${formatCount(times)} times)`}`,
    );
  const verbs =
    count === 1 ? 'character has no sound in English and is' : 'characters have no sound in English and are';
  return `${formatCount(count)} ${verbs} not said: ${named.join(', ')}${characters.length > mostNamed ? ', and others' : ''}.`;
}
