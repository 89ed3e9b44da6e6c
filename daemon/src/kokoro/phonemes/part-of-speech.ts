/** What each word of a sentence is (verb, noun, determiner, …), for the words that are said differently: read, live, use, that. */

import { createRequire } from 'node:module';
import type { ItsHelpers, PartOfSpeech, WinkMethods } from 'wink-nlp';
import type { Tag } from './english-word.ts';

const tagOf: Readonly<Record<PartOfSpeech, Tag>> = {
  ADJ: 'ADJ',
  ADP: 'IN',
  ADV: 'ADV',
  AUX: 'VERB',
  CCONJ: 'OTHER',
  DET: 'DT',
  INTJ: 'OTHER',
  NOUN: 'NOUN',
  NUM: 'OTHER',
  PART: 'OTHER',
  PRON: 'PRP',
  PROPN: 'NNP',
  PUNCT: 'OTHER',
  SCONJ: 'IN',
  SPACE: 'OTHER',
  SYM: 'OTHER',
  VERB: 'VERB',
  X: 'OTHER',
};

interface TaggedWord {
  readonly text: string;
  readonly partOfSpeech: PartOfSpeech;
  readonly start: number;
}

type Tagger = Pick<WinkMethods, 'readDoc'> & { readonly its: ItsHelpers };

let loaded: Tagger | undefined;

/** Loads winkNLP and its model at the first use: about 0.1 s and 40 MB. */
function tagger(): Tagger {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const winkNlp = require('wink-nlp') as typeof import('wink-nlp').default;
    const model = require('wink-eng-lite-web-model') as typeof import('wink-eng-lite-web-model').default;
    loaded = winkNlp(model, ['sbd', 'pos']);
  }
  return loaded;
}

/** The tags of `text`'s words by where they begin, in UTF-16 code units; ask for any place within a word. */
export function tagsOf(text: string): (place: number) => Tag {
  const words = taggedWords(text);
  return (place) => {
    const at = words.findLastIndex(({ start }) => start <= place);
    return at === -1 ? 'OTHER' : tagAt(words, at);
  };
}

function taggedWords(text: string): TaggedWord[] {
  const nlp = tagger();
  const tokens = nlp.readDoc(text).tokens();
  const texts = tokens.out();
  // winkNLP compares the function by identity, so it cannot be wrapped; it uses no `this`.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const tags = tokens.out(nlp.its.pos) as PartOfSpeech[];
  let end = 0;
  return texts.map((word, at) => {
    const found = text.indexOf(word, end);
    const start = found === -1 ? end : found;
    end = start + word.length;
    return { text: word.toLowerCase(), partOfSpeech: tags[at] ?? 'X', start };
  });
}

/** Words after which a verb has its plain form. */
const beforePlainForm = new Set(
  "to will would can could shall should may might must do does did don't not n't 'll 'd let please".split(
    ' ',
  ),
);
const formsOfBeAndHave = new Set(
  "am is are was were be been being 's 're 'm have has had having 've get got".split(' '),
);

/** The tag, more exactly than winkNLP's where misaki's lexicon needs it. */
function tagAt(words: readonly TaggedWord[], at: number): Tag {
  const word = words[at];
  const previous = words[at - 1];
  if (word === undefined) {
    return 'OTHER';
  }
  const tag = tagOf[word.partOfSpeech];
  if (word.text === 'that') {
    return isDemonstrative(word, previous, words[at + 1]) ? 'DT' : 'IN';
  }
  if (word.text === 'to') {
    return 'TO';
  }
  if (tag === 'VERB' && /(?:read|wound|used)$/u.test(word.text)) {
    if (previous === undefined || beforePlainForm.has(previous.text)) {
      return 'VB';
    }
    return formsOfBeAndHave.has(previous.text) ? 'VBN' : 'VBD';
  }
  return tag;
}

/** `that one` and `what is that`, unlike `the one that` and `he says that he …`. */
function isDemonstrative(
  { partOfSpeech }: TaggedWord,
  previous: TaggedWord | undefined,
  next: TaggedWord | undefined,
): boolean {
  if (next?.text === "'s") {
    return true;
  }
  const isAfterNoun = ['NOUN', 'PROPN', 'PRON'].includes(previous?.partOfSpeech ?? '');
  if (partOfSpeech === 'SCONJ') {
    return next === undefined || ['PUNCT', 'ADP', 'PART'].includes(next.partOfSpeech);
  }
  if (partOfSpeech === 'PRON') {
    return !isAfterNoun && !['VERB', 'ADJ'].includes(previous?.partOfSpeech ?? '');
  }
  return !isAfterNoun;
}
