/** What every check is, and what it is given. */

import { megabytes } from '@tidemark/shared/report/words.ts';
import type { AcceptanceCheckId } from '@tidemark/shared/protocol/acceptance-document.ts';
import type { IterationSample, ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import type { DeviceRecord, VersionsRecord } from '@tidemark/shared/protocol/provenance.ts';
import type { Trial } from './trial.ts';
import type { TriedService } from './tried-service.ts';
import type { Workplace } from './workplace.ts';

/** What earlier checks found, for later ones and for the page's head. */
export interface Findings {
  device?: DeviceRecord;
  versions?: VersionsRecord;
  profile?: ProfileDocument;
}

/** Asks the person a question; undefined where nobody is there to answer. */
export type Ask = (question: string) => Promise<boolean | undefined>;

export interface Surroundings {
  readonly workplace: Workplace;
  readonly models: readonly string[];
  readonly voice: string;
  /** Default: the text that a profile says. */
  readonly text?: string | undefined;
  readonly service: TriedService;
  readonly ask: Ask;
  readonly findings: Findings;
}

export interface Check {
  readonly id: AcceptanceCheckId;
  readonly title: string;
  /** What passing shows, as a sentence. */
  readonly shows: string;
  readonly run: (trial: Trial, surroundings: Surroundings) => Promise<void>;
}

/** The words that profile or study the models of this acceptance. */
export const spoken = ({ voice, text }: Surroundings): string[] => [
  '--voice',
  voice,
  ...(text === undefined ? [] : ['--text', text]),
];

/** Metal rounds buffers up to whole pages of 16 KiB, of which Kokoro has some hundred. */
const weightsTolerance = { least: 0.98, most: 1.15 } as const;

/** Whether a profile's figures can be true: held against the weights' file, and against each other. */
export function expectFigures(trial: Trial, document: ProfileDocument, iterations: number): void {
  const { model, load, leaks = [], device } = document;
  const measured = document.iterations.filter(({ warmup }) => !warmup);
  trial.require(
    `a complete profile of ${model.name} with at least ${iterations} measured iterations`,
    `${document.outcome.status}, ${measured.length} iterations`,
    document.outcome.status === 'complete' && measured.length >= iterations,
  );
  const { least, most } = weightsTolerance;
  trial.expect(
    `active memory after loading is the ${megabytes(model.tensorBytes)} of the weights' file, but for Metal's whole pages`,
    megabytes(load.activeBytes),
    load.activeBytes >= least * model.tensorBytes && load.activeBytes <= most * model.tensorBytes + 4e6,
  );
  const idleBytes = load.activeBytes + load.voiceBytes;
  const away = measured.filter(({ activeBytes }) => Math.abs(activeBytes - idleBytes) > 0.02 * idleBytes);
  trial.expect(
    `after each iteration, active memory is that of weights and voice, ${megabytes(idleBytes)}`,
    figuresOf(measured, ({ activeBytes }) => activeBytes),
    away.length === 0,
  );
  const [first] = measured;
  trial.expect(
    'active memory is the same to the byte after every measured iteration',
    figuresOf(measured, ({ activeBytes }) => activeBytes, true),
    measured.every(({ activeBytes }) => activeBytes === first?.activeBytes),
  );
  trial.expect(
    'each peak is above active memory',
    figuresOf(measured, ({ peakBytes }) => peakBytes),
    measured.every(({ peakBytes, activeBytes }) => peakBytes > activeBytes),
  );
  if (device.type === 'cpu' || device.platform === 'darwin') {
    // CUDA's memory is not the process's.
    trial.expect(
      'the footprint of the process is above its active memory',
      figuresOf(measured, ({ footprintBytes }) => footprintBytes),
      measured.every(({ footprintBytes, activeBytes }) => footprintBytes > activeBytes),
    );
  }
  trial.expect(
    'each iteration gives the same number of audio samples, and more than none',
    [...new Set(measured.map(({ samples }) => samples))].join(', '),
    measured.every(({ samples }) => samples > 0 && samples === first?.samples),
  );
  const leaking = leaks.filter(({ status }) => status === 'leak').map(({ channel }) => channel);
  trial.expect('no leak in any channel', leaking.join(', ') || 'none', leaking.length === 0);
}

/** The least and the greatest of a figure. */
function figuresOf(
  samples: readonly IterationSample[],
  figure: (sample: IterationSample) => number,
  exact = false,
): string {
  const words = (bytes: number): string => (exact ? `${bytes} bytes` : megabytes(bytes));
  const all = samples.map(figure);
  const [low, high] = [words(Math.min(...all)), words(Math.max(...all))];
  return low === high ? low : `${low} to ${high}`;
}
