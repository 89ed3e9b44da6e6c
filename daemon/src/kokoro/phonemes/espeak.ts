/** eSpeak NG, compiled to WebAssembly in the package phonemizer: English words to IPA. */

import { createRequire } from 'node:module';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Variety } from './voices.ts';

type Phonemizer = typeof import('phonemizer');

/**
 * eSpeak's voices, by file. The name `en-gb` would be accepted and then ignored by this build, which goes on speaking
 * with the voice of the call before.
 */
const voices: Readonly<Record<Variety, string>> = { american: 'gmw/en-US', british: 'gmw/en' };

let loaded: Phonemizer | undefined;

/**
 * Loads eSpeak at the first use: it takes about 0.2 s and 60 MB. Emscripten's start code installs two process-wide
 * handlers that rethrow what they are given; they would replace a clear error by a crash, so they are taken out again.
 * `require` is synchronous, so nobody else's handlers can come in between.
 */
function phonemizer(): Phonemizer {
  if (loaded) {
    return loaded;
  }
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = new Map(events.map((event) => [event, new Set(process.rawListeners(event))]));
  loaded = createRequire(import.meta.url)('phonemizer') as Phonemizer;
  for (const event of events) {
    for (const listener of process.rawListeners(event)) {
      if (!before.get(event)?.has(listener)) {
        process.off(event, listener);
      }
    }
  }
  return loaded;
}

/**
 * The IPA of `text`, which should hold words and no punctuation: words apart by spaces, stress before the vowel, lines
 * joined. Takes about 0.1 ms a character and holds the thread meanwhile, so callers pass a clause at a time.
 */
export async function espeak(text: string, variety: Variety): Promise<string> {
  try {
    const lines = await phonemizer().phonemize(text, voices[variety]);
    return lines.join(' ').replaceAll(/\s+/g, ' ').trim();
  } catch (cause) {
    throw new TidemarkError('internal', 'The text could not be turned into phonemes: eSpeak NG failed.', {
      hint: 'Give the sounds with --phonemes.',
      cause,
    });
  }
}
