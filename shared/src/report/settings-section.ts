/** What was measured with: settings, machine, versions, and where the weights came from. */

import { formatBytes } from '../format/bytes.ts';
import { formatCount } from '../format/numbers.ts';
import type { DeviceRecord, ModelRecord, VersionsRecord } from '../protocol/provenance.ts';
import type { ProfileSettings } from '../protocol/profile-document.ts';
import { weightsByDtype } from '../analysis/waterfall.ts';
import { details, facts, table } from './markup.ts';
import { megabytes, plural } from './words.ts';

type Facts = readonly (readonly [name: string, value: string])[];

export const settingsFacts = (settings: ProfileSettings): Facts => [
  ...(settings.text === undefined ? [] : [['text', settings.text] as const]),
  ['phonemes', settings.phonemes.map((each) => `/${each}/`).join(' ')],
  ['voice', settings.voice],
  [
    'iterations',
    `${formatCount(settings.iterations)} measured after ${formatCount(settings.warmupIterations)} of warm-up`,
  ],
  [
    'excitation',
    settings.deterministic ? 'deterministic' : `random from seed ${settings.seed} in each iteration`,
  ],
  ['speed', String(settings.speed)],
];

export function environmentFacts(device: DeviceRecord, versions: VersionsRecord): Facts {
  return [
    [
      'machine',
      `${device.name}; ${plural(device.cores, 'core')}, ${formatBytes(device.memoryBytes)}; ${device.platform} ${device.architecture}`,
    ],
    ['MLX computes on', device.type === 'gpu' ? 'the GPU' : 'the CPU'],
    [
      'versions',
      `Tidemark ${versions.tidemark}, MLX ${versions.mlx}, Node ${versions.node}, ${versions.blas}`,
    ],
  ];
}

/** What the device says of itself, on request. */
export const deviceDetails = ({ info }: DeviceRecord): string =>
  Object.keys(info).length === 0
    ? ''
    : details(
        'what MLX says of the device',
        facts(Object.entries(info).map(([name, value]) => [name, String(value)])),
      );

/** Markup. */
export const sourcesTable = (models: readonly ModelRecord[]): string =>
  table(
    ['model', 'weights', 'source', 'file and its SHA-256'],
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
  ['active', 'memory that MLX’s arrays hold: weights, the voice, and what is being computed.'],
  ['peak', 'the most that was active at any moment of an iteration.'],
  ['transient', 'the peak less what was active before it: what one iteration needs and gives back.'],
  ['cache', 'freed memory that MLX’s allocator keeps for reuse; it is not active, and not part of the peak.'],
  [
    'footprint',
    'what the system counts for the whole process: phys_footprint on macOS, the resident set on Linux.',
  ],
  ['warm-up', 'first iterations, which pay for what later ones find done; they count in no figure.'],
];

export const studyTerms: Facts = [
  ['anomaly', 'a quantized model that peaks higher than the bfloat16 one, by more than the noise.'],
  ['arm', 'the same measurement with one thing changed, in a process of its own.'],
  ['effect', 'what that change took off the difference to the baseline’s peak; the cause’s part of it.'],
];
