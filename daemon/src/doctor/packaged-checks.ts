/** Checks what set-up fetched from package registries: weights, vocabulary, voices, and the phonemizer. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { stat } from 'node:fs/promises';
import { checkedPath, vocabularySource, weightsSource } from '../models/packaged.ts';
import { packagedVoices } from '../models/voices.ts';
import { speechDefaults } from '../profiler/settings.ts';
import type { Finding } from './finding.ts';

/** By their hashes; a missing or changed file throws. */
export async function checkWeights(signal: AbortSignal | undefined): Promise<Finding> {
  await checkedPath(vocabularySource, signal);
  const { size } = await stat(await checkedPath(weightsSource, signal));
  return {
    status: 'ok',
    detail: `${weightsSource.file} (${formatBytes(size)}) of ${weightsSource.package} ${weightsSource.version}, its hash as pinned`,
  };
}

export function checkVoices(): Finding {
  const voices = packagedVoices();
  const { voice } = speechDefaults;
  return voices.includes(voice)
    ? { status: 'ok', detail: `${voices.length}, ${voice} among them` }
    : {
        status: 'warn',
        detail: `${voices.length}, but not ${voice}, which is the default`,
        remedy: 'Run `npm run setup`, which fetches what is missing.',
      };
}

export async function checkPhonemizer(): Promise<Finding> {
  const { textToPhonemes } = await import('../kokoro/phonemes/index.ts');
  const [american, british] = [
    await textToPhonemes('water', 'american'),
    await textToPhonemes('water', 'british'),
  ];
  return { status: 'ok', detail: `“water” is /${american}/ in American and /${british}/ in British English` };
}
