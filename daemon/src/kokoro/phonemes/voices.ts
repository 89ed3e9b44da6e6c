/** Which kind of English a voice speaks, by Kokoro's names for voices. */

import { TidemarkError } from '@tidemark/shared/errors.ts';

/** The kinds of English that text can be spoken in. */
export const varieties = ['american', 'british'] as const;
export type Variety = (typeof varieties)[number];

/** The languages of Kokoro's voices by their first letter, as in hexgrad's VOICES.md. */
export const voiceLanguages: Readonly<Record<string, string>> = {
  a: 'American English',
  b: 'British English',
  e: 'Spanish',
  f: 'French',
  h: 'Hindi',
  i: 'Italian',
  j: 'Japanese',
  p: 'Brazilian Portuguese',
  z: 'Mandarin Chinese',
};

/**
 * The language of a voice named like `af_heart`, which may be the path of its file; of a mix, that of the first voice, as in
 * mlx-audio. Undefined when the name does not say.
 */
export function languageOfVoice(voice: string): string | undefined {
  const [first = ''] = voice.split(',');
  const letter = /^([a-z])[fm]_/.exec(first.slice(first.lastIndexOf('/') + 1))?.[1];
  return letter === undefined ? undefined : voiceLanguages[letter];
}

/**
 * The English that `voice` speaks. Throws `bad-text` for a voice of another language, or one whose name does not say:
 * its text cannot be turned into phonemes here.
 */
export function englishOfVoice(voice: string): Variety {
  const language = languageOfVoice(voice);
  if (language === 'American English') {
    return 'american';
  }
  if (language === 'British English') {
    return 'british';
  }
  throw new TidemarkError(
    'bad-text',
    language === undefined
      ? `The name of the voice ${voice} does not indicate its language.`
      : `The voice ${voice} speaks ${language}; only English voices accept text.`,
    {
      hint: 'Say with --language american or british how to read the text, give phonemes with --phonemes, or choose an English voice such as af_heart or bf_emma.',
    },
  );
}
