/** What was measured with: settings, machine, versions, and where the weights came from. */

import { formatBytes } from '../format/bytes.ts';
import { counted, formatCount } from '../format/numbers.ts';
import {
  droppedWords,
  mlxPhrases,
  readerIn,
  strategyIn,
  textsPhrase,
  workloadIn,
} from '../format/workload.ts';
import type { DeviceRecord, ModelRecord, VersionsRecord } from '../protocol/provenance.ts';
import type { ProfileSettings } from '../protocol/profile-document.ts';
import { weightsByDtype } from '../analysis/waterfall.ts';
import { details, facts, table } from './markup.ts';
import { megabytes } from './words.ts';

type Facts = readonly (readonly [name: string, value: string])[];

function spokenFacts(settings: ProfileSettings): Facts {
  const said = (phonemes: readonly string[]): string => phonemes.map((each) => `/${each}/`).join(' ');
  const workload = workloadIn(settings);
  const reader = readerIn(settings);
  return [
    ...(settings.text === undefined ? [] : [['text', settings.text] as const]),
    ...(settings.texts === undefined ? [] : [['texts', textsPhrase(workload) ?? ''] as const]),
    [settings.texts === undefined ? 'phonemes' : 'phonemes of the longest', said(settings.phonemes)],
    ...(reader === undefined ? [] : [['phonemes by', reader] as const]),
    ...(settings.phonemesNote === undefined ? [] : [['note', settings.phonemesNote] as const]),
    ...(workload.shuffled === true ? [['order', 'random, determined by the seed'] as const] : []),
    ...(workload.keepCache === true ? [['cache', 'kept from one iteration to the next'] as const] : []),
    ...(workload.cacheLimitBytes === undefined
      ? []
      : [['cache limit', formatBytes(workload.cacheLimitBytes)] as const]),
    ...(workload.engine === undefined ? [] : [['engine', workload.engine] as const]),
    ...(workload.pythonHeap === true ? [['Python heap', 'traced'] as const] : []),
    ...(strategyIn(settings) === 'faithful' ? [] : [['strategy', strategyIn(settings)] as const]),
    ...(workload.mlx === undefined ? [] : [['MLX', mlxPhrases(workload.mlx).join(', ')] as const]),
  ];
}

export const settingsFacts = (settings: ProfileSettings): Facts => [
  ...spokenFacts(settings),
  ...(settings.dropped === undefined ? [] : [['not said', droppedWords(settings.dropped)] as const]),
  ['voice', settings.voice],
  ...(settings.language === undefined ? [] : ([['language', settings.language]] as const)),
  [
    'iterations',
    `${formatCount(settings.iterations)} measured after ${formatCount(settings.warmupIterations)} warm-up`,
  ],
  [
    'excitation',
    settings.deterministic ? 'deterministic' : `random from seed ${settings.seed} in each iteration`,
  ],
  ['speed', String(settings.speed)],
];

export const machineFacts = (device: DeviceRecord): Facts => [
  [
    'machine',
    `${device.name}; ${counted(device.cores, 'core')}, ${formatBytes(device.memoryBytes)}; ${device.platform} ${device.architecture}`,
  ],
  ['MLX computes on', device.type === 'gpu' ? 'the GPU' : 'the CPU'],
];

export const environmentFacts = (device: DeviceRecord, versions: VersionsRecord): Facts => [
  ...machineFacts(device),
  ['versions', versionsWords(versions)],
];

/** ` in mlx-audio 0.6.2`, for the line under a title; empty for Tidemark's own network. */
export const engineWords = ({ engine }: ProfileSettings, { packages = {} }: VersionsRecord): string =>
  engine === undefined || engine === 'tidemark'
    ? ''
    : ` in ${engine}${packages[engine] === undefined ? '' : ` ${packages[engine]}`}`;

/** `Tidemark 0.1.0, MLX 0.32.4, Node 26.10.0, OpenBLAS 0.3.30`, and what a host in Python ran with. */
function versionsWords({ tidemark, mlx, node, blas, python, packages = {} }: VersionsRecord): string {
  const ofPython = packageWords(packages, mlx);
  return [
    `Tidemark ${tidemark}`,
    `MLX ${mlx}`,
    `Node ${node}`,
    blas,
    ...(python === undefined ? [] : [`Python ${python}`]),
    ...ofPython,
  ].join(', ');
}

/** Of Python's packages; that of MLX where it is another version than MLX says of itself. */
export const packageWords = (packages: Readonly<Record<string, string>>, mlx: string): string[] =>
  Object.entries(packages).flatMap(([name, version]) =>
    name === 'mlx' && version === mlx ? [] : [`${name} ${version}`],
  );

/** What the device says of itself, on request. */
export const deviceDetails = ({ info }: DeviceRecord): string =>
  Object.keys(info).length === 0
    ? ''
    : details(
        'Device as reported by MLX',
        facts(Object.entries(info).map(([name, value]) => [name, String(value)])),
      );

/** Markup. */
export const sourcesTable = (models: readonly ModelRecord[]): string =>
  table(
    ['model', 'weights', 'source', 'file and SHA-256'],
    models.map((model) => [
      model.name,
      weightsByDtype(model)
        .map(({ dtype, bytes }) => `${megabytes(bytes)} ${dtype}`)
        .join(', '),
      `${model.source.description}${model.source.license === undefined ? '' : ` (${model.source.license})`}`,
      `${model.source.weightsFile} ${model.source.sha256}`,
    ]),
  );

/** One line for each word that the figures need. */
export const terms: Facts = [
  ['active', 'memory held by MLX’s arrays: weights, the voice, and intermediate results.'],
  ['peak', 'the maximum active memory at any moment of an iteration.'],
  ['transient', 'the peak minus active memory before the iteration: what one iteration needs and frees.'],
  ['cache', 'freed memory that MLX’s allocator keeps for reuse; it is neither active nor part of the peak.'],
  [
    'footprint',
    'what the system reports for the whole process: phys_footprint on macOS, the resident set on Linux.',
  ],
  ['warm-up', 'first iterations, which include one-time work; they are excluded from all figures.'],
];

const trackedObjectsTerm = ['tracked objects', 'how many objects Python’s collector tracks.'] as const;

/** Of a model host in Python, which has some channels by the same names. */
export const pythonTerms = ({ python }: VersionsRecord): Facts =>
  python === undefined
    ? []
    : [
        ['live tensors', 'MLX’s arrays that Python refers to.'],
        ['undisposed tensors', 'those of them in a cycle of references, which only the collector frees.'],
        ['heap', 'the sizes of all objects that Python’s collector tracks.'],
        trackedObjectsTerm,
      ];

/** Of a watched program. */
export const watchedTerms: Facts = [
  ['live arrays', 'objects of type mx.array among those that Python’s collector tracks.'],
  trackedObjectsTerm,
];

export const studyTerms: Facts = [
  ['anomaly', 'a quantized model with a higher peak than the bfloat16 one, by more than the noise.'],
  ['arm', 'the same measurement with one thing changed, in a process of its own.'],
  [
    'effect',
    'how much that change reduced the difference from the baseline’s peak: the cause’s share of it.',
  ],
  [
    'queue',
    'operations that MLX puts into one command buffer of a GPU; drained, it is one operation a buffer (MLX_MAX_OPS_PER_BUFFER=1).',
  ],
  [
    'order of evaluation',
    'how many operations wide MLX walks a graph (MLX_BFS_MAX_WIDTH, 20 by default); narrow is 1.',
  ],
];
