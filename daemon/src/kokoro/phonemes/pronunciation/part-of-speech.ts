/** What each word of a text is (verb, noun, determiner, …), for the words that are said differently: read, live, use, that. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { buildFolder, setupHint } from '../../../paths.ts';
import { SpacyTagger } from './spacy-tagger.ts';
import type { TokenRules } from './spacy-tokens.ts';

let loaded: SpacyTagger | undefined;

/** Reads the tagger's 6 MB at the first use. Throws `bad-text` where set-up has not left them. */
function tagger(): SpacyTagger {
  loaded ??= read(join(buildFolder, 'tagger'));
  return loaded;
}

function read(folder: string): SpacyTagger {
  try {
    const weights = Uint8Array.from(readFileSync(join(folder, 'weights.f32')));
    const rules = JSON.parse(readFileSync(join(folder, 'tokens.json'), 'utf8')) as TokenRules;
    return new SpacyTagger(rules, new Float32Array(weights.buffer));
  } catch (cause) {
    throw new TidemarkError('bad-text', `The English part-of-speech tagger (${folder}) cannot be read.`, {
      hint: `${setupHint} Phonemes that are given with --phonemes do not need it.`,
      cause,
    });
  }
}

/** The tags of `text`'s words by where they begin, in UTF-16 code units; ask for any place within a word. */
export function tagsOf(text: string): (place: number) => string {
  const tokens = tagger().tag(text);
  return (place) => tokens.findLast(({ start }) => start <= place)?.tag ?? '';
}
