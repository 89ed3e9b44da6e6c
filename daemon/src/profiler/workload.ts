/** Many texts, of which one is said in each iteration: their phonemes, their order, and how lists of runs name them. */

import { createHash } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { MlxSettings } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { droppedOfAll } from './dropped.ts';
import { textsIn, workloadRequest } from '@tidemark/shared/protocol/workload.ts';
import type {
  EngineName,
  SpokenText,
  StrategyName,
  WorkloadSummary,
} from '@tidemark/shared/protocol/workload.ts';

/** What is asked of a run beyond one text and a cache that is cleared each time. */
export interface WorkloadRequest {
  /** Lines, of which one is said in each iteration in the place of a text; blank ones are skipped. */
  readonly texts?: string[] | undefined;
  /** Whether the seed draws their order. */
  readonly shuffled?: boolean | undefined;
  /** Whether MLX's cache is left as it is from one iteration to the next. */
  readonly keepCache?: boolean | undefined;
  readonly cacheLimitBytes?: number | undefined;
  /** What of MLX is set for the process, which then is one of the run's own. */
  readonly mlx?: MlxSettings | undefined;
  /** What runs the model; absent for Tidemark's own host. */
  readonly engine?: EngineName | undefined;
  /** The person's own interpreter for it. */
  readonly python?: string | undefined;
  /** In a study by several. */
  readonly engines?: readonly EngineName[] | undefined;
  /** Whether its heap is traced. */
  readonly pythonHeap?: boolean | undefined;
  /** How the network is built and evaluated; `faithful` where it is absent. */
  readonly strategy?: StrategyName;
}

/** Only these of what holds more; what is absent stays absent. */
export const workloadRequestOf = (request: object): WorkloadRequest =>
  Object.fromEntries(
    Object.entries(request).filter(([name, value]) => name in workloadRequest && value !== undefined),
  );

interface SpokenRequest extends WorkloadRequest {
  readonly text?: string | undefined;
  readonly phonemes?: string | undefined;
}

/** Throws a TidemarkError, 'bad-input', for what cannot go together, and as {@link textsIn} does. */
export function checkWorkload({ text, phonemes, texts, shuffled }: SpokenRequest): void {
  if (texts === undefined) {
    if (shuffled === true) {
      throw new TidemarkError('bad-input', 'There is nothing to shuffle: every iteration says the same.', {
        hint: 'Give several texts with --texts.',
      });
    }
    return;
  }
  if (text !== undefined || phonemes !== undefined) {
    throw new TidemarkError(
      'bad-input',
      `Both several texts and ${text === undefined ? 'phonemes' : 'a text'} were given.`,
      { hint: 'Give only one of them.' },
    );
  }
  textsIn(texts);
}

interface TextsRequest extends WorkloadRequest {
  readonly seed: number;
}

/**
 * The settings of what is said; `say` gives them for one text. Throws a TidemarkError: 'bad-input', or 'bad-text' with the line
 * of one that cannot be said.
 */
export async function settleTexts<Settings extends Pick<ProfileSettings, 'text' | 'phonemes' | 'dropped'>>(
  request: TextsRequest,
  say: (text: string) => Promise<Settings>,
  onProgress?: (done: number, of: number) => void,
): Promise<Settings & Pick<ProfileSettings, 'texts' | 'shuffled'>> {
  const { texts: lines = [], shuffled = false, seed } = request;
  const texts: SpokenText[] = [];
  const dropped: Settings['dropped'][] = [];
  const given = textsIn(lines);
  const said: Settings[] = [];
  for (const each of given) {
    const settings = await say(each.text).catch((error: unknown) => {
      throw atLine(each.line, error);
    });
    texts.push({ ...each, phonemes: settings.phonemes });
    dropped.push(settings.dropped);
    onProgress?.(texts.length, given.length);
    said.push(settings);
  }
  return {
    ...longestOf(said),
    dropped: droppedOfAll(dropped),
    text: undefined,
    texts: shuffled ? drawnOrder(texts, seed) : texts,
    ...(shuffled ? { shuffled } : {}),
  };
}

/** The first of those with the most phonemes. Throws where there is none. */
export const longestOf = <Spoken extends Pick<ProfileSettings, 'phonemes'>>(
  said: readonly Spoken[],
): Spoken => said.reduce((longest, each) => (lengthOf(each) > lengthOf(longest) ? each : longest));

const lengthOf = ({ phonemes }: Pick<ProfileSettings, 'phonemes'>): number =>
  phonemes.reduce((sum, { length }) => sum + length, 0);

function atLine(line: number, error: unknown): unknown {
  return error instanceof TidemarkError && error.code === 'bad-text'
    ? new TidemarkError('bad-text', `Line ${line} cannot be said. ${error.message}`, {
        hint: error.hint,
        cause: error,
      })
    : error;
}

/** An order that every machine draws alike: by a hash of each text's line with the seed. */
function drawnOrder(texts: readonly SpokenText[], seed: number): SpokenText[] {
  return texts
    .map((each) => ({ each, key: createHash('sha256').update(`${seed} ${each.line}`).digest('hex') }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ each }) => each);
}

/** How lists of runs name it; undefined for one text and a cache that is cleared each time. */
export const workloadOf = ({ texts, ...manner }: WorkloadRequest): WorkloadSummary | undefined =>
  summaryOf(texts === undefined ? undefined : textsIn(texts), manner);

/** As {@link workloadOf}, of a run's settings. */
export const workloadIn = (
  { texts, ...manner }: ProfileSettings,
  engines: readonly EngineName[] = [],
): WorkloadSummary | undefined =>
  summaryOf(
    texts?.toSorted((a, b) => a.line - b.line),
    { ...manner, engines },
  );

function summaryOf(
  texts: readonly Pick<SpokenText, 'text'>[] | undefined,
  {
    shuffled = false,
    keepCache = false,
    cacheLimitBytes,
    mlx,
    engine,
    engines = [],
    pythonHeap = false,
    strategy,
  }: Omit<WorkloadRequest, 'texts'>,
): WorkloadSummary | undefined {
  const summary: WorkloadSummary = {
    ...(texts === undefined
      ? {}
      : {
          texts: texts.length,
          firstText: texts[0]?.text.slice(0, longestText),
          textsSha256: createHash('sha256')
            .update(texts.map(({ text }) => text).join('\n'))
            .digest('hex'),
        }),
    ...(shuffled ? { shuffled } : {}),
    ...(keepCache ? { keepCache } : {}),
    ...(cacheLimitBytes === undefined ? {} : { cacheLimitBytes }),
    ...(mlx === undefined ? {} : { mlx }),
    ...engineRecord({ engine, pythonHeap }),
    ...(engines.length < 2 ? {} : { engines: [...engines] }),
    ...strategyRecord(strategy),
  };
  return Object.keys(summary).length === 0 ? undefined : summary;
}

const longestText = 200;

/** As documents have it, which leave out what is so by default. */
export const strategyRecord = (strategy: StrategyName | undefined): { strategy?: StrategyName } =>
  strategy === undefined || strategy === 'faithful' ? {} : { strategy };

type EngineFields = Pick<WorkloadRequest, 'engine' | 'python' | 'pythonHeap'>;

/** As {@link strategyRecord}. */
export const engineRecord = ({ engine, python, pythonHeap = false }: EngineFields): EngineFields =>
  engine === undefined || engine === 'tidemark'
    ? {}
    : { engine, ...(python === undefined ? {} : { python }), ...(pythonHeap ? { pythonHeap } : {}) };
