/** Checks of what measures: set-up, a profile, the footprint, a study, and the self-test, each by its command. */

import { doctorDocument, selftestDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import type { ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { megabytes, seconds as secondsText } from '@tidemark/shared/report/words.ts';
import { expectFigures, spoken } from './check.ts';
import type { Check, Surroundings } from './check.ts';
import type { Trial } from './trial.ts';

const setup: Check = {
  id: 'setup',
  title: 'Set-up',
  shows: 'What set-up left can measure: Node, MLX, the addon, weights, voices, and the folders.',
  run: async (trial, { workplace, findings }) => {
    const doctor = await workplace.document(
      trial,
      doctorDocument,
      ['doctor'],
      workplace.limits.command,
      [0, 1],
    );
    for (const { title, status, detail } of doctor.checks) {
      trial.expect(`${title}: no fault`, detail, status !== 'fail');
    }
    Object.assign(findings, { device: doctor.device, versions: doctor.versions });
  },
};

/** The leak rule decides from ten on. */
const profiled = 10;

const profile: Check = {
  id: 'profile',
  title: 'Profile',
  shows:
    'A model loads and speaks on this machine’s backend, Metal on a Mac, and its figures agree with each other.',
  run: async (trial, surroundings) => {
    const document = await profileOf(trial, surroundings, [], profiled);
    surroundings.findings.profile = document;
    expectFigures(trial, document, profiled);
    expectBackend(trial, document);
  },
};

function expectBackend(trial: Trial, { device }: ProfileDocument): void {
  const isMac = device.platform === 'darwin';
  trial.expect(
    isMac ? 'MLX computes on the GPU, by Metal' : 'MLX computes on a device that it names',
    `${device.type}: ${device.name}`,
    isMac ? device.type === 'gpu' : device.name !== '',
  );
}

async function profileOf(
  trial: Trial,
  surroundings: Surroundings,
  words: readonly string[],
  iterations: number,
): Promise<ProfileDocument> {
  const { workplace, models, findings } = surroundings;
  const document = await workplace.document(
    trial,
    profileDocument,
    [
      'profile',
      models[0] ?? '',
      ...spoken(surroundings),
      '--iterations',
      String(iterations),
      '--local',
      ...words,
    ],
    workplace.limits.measurement,
  );
  Object.assign(findings, { device: document.device, versions: document.versions });
  return document;
}

/** Where a footprint has not stood still by then, its reading is given up: host/measure.ts. */
const longestSettling = 6;

const footprint: Check = {
  id: 'footprint',
  title: 'Footprint',
  shows: 'After MLX’s cache is cleared, the footprint settles, without the cache.',
  run: async (trial, surroundings) => {
    const cleared = surroundings.findings.profile ?? (await profileOf(trial, surroundings, [], profiled));
    const kept = await profileOf(trial, surroundings, ['--keep-cache'], 4);
    const measured = cleared.iterations.filter(({ warmup }) => !warmup);
    const footprints = measured.map(({ footprintBytes }) => footprintBytes);
    const [low, high] = [Math.min(...footprints), Math.max(...footprints)];
    // Readings that still hold some of what was cleared differ by as much as that.
    const allowed = Math.max(16e6, 0.05 * high);
    trial.expect(
      `with the cache cleared, footprints differ by no more than ${megabytes(allowed)} between iterations`,
      `${megabytes(low)} to ${megabytes(high)}`,
      high - low <= allowed,
    );
    if (cleared.device.platform === 'darwin') {
      const times = measured.map(({ footprintSeconds }) => footprintSeconds ?? Number.POSITIVE_INFINITY);
      trial.expect(
        `each reading stood still within ${longestSettling} s`,
        `${secondsText(Math.min(...times))} to ${secondsText(Math.max(...times))}`,
        times.every((each) => each < longestSettling),
      );
    }
    const last = kept.iterations.at(-1);
    const difference = (last?.footprintBytes ?? 0) - median(footprints);
    const cacheBytes = last?.cacheBytes ?? 0;
    if (kept.device.type === 'gpu' && kept.device.platform !== 'darwin') {
      trial.remark =
        'The memory of this GPU is no part of the footprint, so a kept cache does not show in it.';
      return;
    }
    trial.expect(
      `a cache that is kept shows in the footprint: at least half of its ${megabytes(cacheBytes)}`,
      `${megabytes(difference)} more than cleared`,
      difference >= cacheBytes / 2,
    );
  },
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const study: Check = {
  id: 'study',
  title: 'Study',
  shows: 'Models are compared in fresh processes, and their peaks are explained by interventions.',
  run: async (trial, surroundings) => {
    const { workplace, models } = surroundings;
    const document = await workplace.document(
      trial,
      studyDocument,
      ['study', '--models', models.join(','), ...spoken(surroundings), '--iterations', '3', '--local'],
      workplace.limits.measurement,
    );
    trial.expect(
      'a complete study',
      `${document.outcome}: ${document.conclusion}`,
      document.outcome === 'complete',
    );
    trial.expect(
      `one run for each of ${models.length} models`,
      document.runs.map(({ model }) => model.name).join(', '),
      document.runs.length === models.length,
    );
    document.runs.forEach((run) => expectFigures(trial, run, 3));
    const { answer } = document;
    trial.expect(
      'verdicts on what makes the peaks',
      answer === undefined ? 'no answer' : `${answer.explanations.length} models explained`,
      answer !== undefined,
    );
  },
};

const selftest: Check = {
  id: 'selftest',
  title: 'Self-test',
  shows:
    'Leaks of known size that are planted in a real model host are found, and nothing else is called a leak.',
  run: async (trial, { workplace }) => {
    const { plants, outcome } = await workplace.document(
      trial,
      selftestDocument,
      ['selftest'],
      workplace.limits.measurement,
      [0, 1],
    );
    for (const { plant, result, reason, channel } of plants) {
      trial.expect(
        channel === undefined ? `${plant}: no leak` : `${plant}: a leak of the planted size in ${channel}`,
        `${result}${reason === undefined ? '' : `: ${reason}`}`,
        result === 'as-expected',
      );
    }
    trial.expect('the self-test passes', outcome, outcome === 'passed');
  },
};

export const measuringChecks: readonly Check[] = [setup, profile, footprint, study, selftest];
