/** Tidemark's side of the benchmark: its own command line, as a person would run it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { repositoryRoot } from '../../daemon/src/paths.ts';
import { iterationMeasurement, loadMeasurement } from './measurements.ts';
import type { Side, Work } from './measurements.ts';

/** Of a profile's document, what is compared. */
const document = v.object({
  versions: v.record(v.string(), v.unknown()),
  load: loadMeasurement,
  iterations: v.array(v.object({ warmup: v.boolean(), ...iterationMeasurement.entries })),
});

/** One `tidemark profile` in a process of its own, with one iteration of warm-up. Throws when it fails. */
export async function profileOurs(work: Work, iterations: number): Promise<Side> {
  const flags = {
    phonemes: work.phonemes,
    voice: work.voice,
    seed: String(work.seed),
    iterations: String(iterations),
    warmup: '1',
  };
  const command = join(repositoryRoot, 'daemon', 'bin', 'tidemark');
  const child = spawn(
    command,
    [
      'profile',
      work.model,
      '--json',
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: repositoryRoot },
  );
  const [output, ended] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const [code] = ended as [number | null];
  if (code !== 0) {
    throw new TidemarkError('internal', `tidemark profile ended with exit code ${String(code)}.`, {
      hint: 'Its own message is above.',
    });
  }
  const profile = v.parse(document, JSON.parse(output));
  return {
    name: 'Tidemark',
    versions: Object.fromEntries(
      Object.entries(profile.versions).map(([name, version]) => [name, String(version)]),
    ),
    load: profile.load,
    iterations: profile.iterations.filter(({ warmup }) => !warmup),
  };
}
