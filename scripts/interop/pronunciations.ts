/** Whether Tidemark reads English as misaki does, which is mlx-audio's text front end: pairs of words, and sentences of real text. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readSentence } from '../../daemon/src/kokoro/phonemes/pronunciation/reading.ts';
import { normalizeText } from '../../daemon/src/kokoro/phonemes/normalization/normalize.ts';
import { lexiconOf } from '../../daemon/src/kokoro/phonemes/pronunciation/lexicon.ts';
import { buildFolder, repositoryRoot } from '../../daemon/src/paths.ts';
import { askPeer, peerPython } from './ask-peer.ts';

const peer = {
  name: 'misaki',
  requirements: join(import.meta.dirname, 'misaki-requirements.txt'),
  folder: join(buildFolder, 'interop', 'venv'),
};

const varieties = ['american', 'british'] as const;
const readings = v.object({ american: v.array(v.string()), british: v.array(v.string()) });

/** Words whose pairs are all compared: 150 × 150 = 22,500. */
const commonWords = 150;
/** Pairs of a word of the lexicon, drawn evenly, and a common one. */
const lexiconPairs = 6000;
/** What agreement must be at least, in percent of the pairs or sentences, for this check to pass. */
const leastAgreement = { pairs: 99.9, lexicon: 99, sentences: 97 };

/**
 * Sentences in the documentation of the packages that are installed here, without digits and signs, which misaki and Tidemark
 * turn into words by rules of their own.
 */
function sentencesOfPackages(): string[] {
  const files = [
    ...globSync(join(repositoryRoot, 'node_modules', '**', '*.md')),
    ...globSync(join(peer.folder, 'lib', '**', 'METADATA')),
  ].sort();
  const sentence = /(?<=^|[.!?] )[A-Z][A-Za-z ,;:'’!?—()-]{20,250}[.!?](?= |$)/gu;
  return [
    ...new Set(
      files
        .flatMap((file) => readFileSync(file, 'utf8').split(/\n\s*\n/u))
        .flatMap((paragraph) => paragraph.replaceAll(/\s+/gu, ' ').trim().match(sentence) ?? [])
        // Names of C++ are no English: misaki reads some as several words.
        .filter((found) => !found.includes('::'))
        // A hyphen between spaces is a dash, and the like; both read what Tidemark makes of it.
        .map((found) => normalizeText(found, 'american').text),
    ),
  ];
}

function mostCommon(sentences: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const word of sentences.flatMap((sentence) => sentence.match(/[A-Za-z]+(?:'[a-z]+)?/gu) ?? [])) {
    const key = word === 'I' ? word : word.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, commonWords)
    .map(([word]) => word);
}

/** Every nth word of the American lexicon, each before one of the common words. */
function pairsOfLexicon(common: readonly string[]): string[] {
  const words = readFileSync(join(buildFolder, 'lexicon', 'american.tsv'), 'utf8')
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '')
    .filter((word) => /^[A-Za-z'-]{2,}$/u.test(word));
  const step = Math.floor(words.length / lexiconPairs);
  return words
    .filter((_, index) => index % step === 0)
    .map((word, index) => `${word} ${common[index % common.length]}`);
}

/** Prints a summary for each set of texts and each kind of English; gives whether all agree as much as they must. */
export async function comparePronunciations(): Promise<boolean> {
  const python = await peerPython(peer);
  const sentences = sentencesOfPackages();
  const common = mostCommon(sentences);
  const sets = {
    pairs: common.flatMap((first) => common.map((second) => `${first} ${second}`)),
    lexicon: pairsOfLexicon(common),
    sentences,
  };
  let areAllWell = true;
  for (const name of ['pairs', 'lexicon', 'sentences'] as const) {
    const texts = sets[name];
    const theirs = await askPeer(python, join(import.meta.dirname, 'misaki-reading.py'), {
      job: texts,
      schema: readings,
    });
    for (const variety of varieties) {
      const { agreement, otherCounts } = await compare(name, texts, theirs[variety], variety);
      areAllWell &&= agreement >= leastAgreement[name] && otherCounts === 0;
    }
  }
  return areAllWell;
}

async function compare(
  name: string,
  texts: readonly string[],
  theirs: readonly string[],
  variety: (typeof varieties)[number],
): Promise<{ readonly agreement: number; readonly otherCounts: number }> {
  const kinds = new Map<string, { count: number; readonly examples: Map<string, number> }>();
  let [differing, words, otherCounts] = [0, 0, 0];
  for (const [index, text] of texts.entries()) {
    const expected = (theirs[index] ?? '').split(/\s+/u);
    const said = (await readSentence([{ text }], variety)).split(/\s+/u);
    words += expected.length;
    if (said.join(' ') === expected.join(' ')) {
      continue;
    }
    differing += 1;
    if (said.length !== expected.length) {
      otherCounts += 1;
      note('another number of words', `${text}: ${said.join(' ')}, misaki ${expected.join(' ')}`);
      continue;
    }
    const written = text.split(' ');
    for (const [at, phonemes] of said.entries()) {
      if (phonemes !== expected[at]) {
        const word = written.length === said.length ? (written[at] ?? '') : text;
        note(kindOf(word, variety), `${word}: ${phonemes}, misaki ${expected[at]}`);
      }
    }
  }
  const agreement = 100 * (1 - differing / texts.length);
  console.log(
    `${name}, ${variety}: ${agreement.toFixed(2)}% of ${texts.length} alike; ${words} words, ${otherCounts} texts with another number of words`,
  );
  for (const [kind, { count, examples }] of [...kinds].sort(([, a], [, b]) => b.count - a.count)) {
    const most = [...examples].sort(([, a], [, b]) => b - a).slice(0, 4);
    console.log(`  ${count} ${kind}: ${most.map(([example, times]) => `${example} (${times})`).join('; ')}`);
  }
  return { agreement, otherCounts };

  function note(kind: string, example: string): void {
    const { count, examples } = kinds.get(kind) ?? { count: 0, examples: new Map<string, number>() };
    examples.set(example, (examples.get(example) ?? 0) + 1);
    kinds.set(kind, { count: count + 1, examples });
  }
}

/** Why a word may differ. */
function kindOf(written: string, variety: (typeof varieties)[number]): string {
  const word = written.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const lexicon = lexiconOf(variety);
  const stems = [
    word,
    ...['s', "'s", 'es', 'ed', 'd', 'ing']
      .filter((end) => word.endsWith(end))
      .map((end) => word.slice(0, -end.length)),
  ];
  const entries = stems.map((stem) => lexicon.gold(stem) ?? lexicon.silver(stem));
  if (
    ['in', 'by', 'a', 'i', 'to', 'used'].includes(word.toLowerCase()) ||
    entries.some((entry) => typeof entry === 'object')
  ) {
    return 'said by its part of speech';
  }
  if (word.length > 1 && word === word.toUpperCase()) {
    return 'in capitals, spelled or not';
  }
  return entries.every((entry) => entry === undefined)
    ? 'not in the lexicon, said by eSpeak'
    : 'of another kind';
}
