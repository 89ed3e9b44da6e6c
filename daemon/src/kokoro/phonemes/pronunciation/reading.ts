/**
 * A sentence to phonemes, as misaki reads it (github.com/hexgrad/misaki, en.py): from its end to its start, since a word is said by
 * what follows (`the apple`, `the pear`); each word whole if the lexicon has it, else the parts that it has, else by eSpeak NG.
 */

import { EnglishWords } from './english-word.ts';
import type { Following, Tag } from './english-word.ts';
import { espeakWord } from './espeak.ts';
import { lexiconOf } from './lexicon.ts';
import type { Segment } from '../links.ts';
import { tagsOf } from './part-of-speech.ts';
import { changeStress, primaryStress, vowels, weightOf } from './stress.ts';
import { partsOfWord, takeApart } from './tokens.ts';
import type { Variety } from '../voices.ts';

/** A part of a word while the word is read. */
interface Part {
  readonly text: string;
  readonly tag: Tag;
  readonly stress: number | undefined;
  phonemes: string | undefined;
  isApart: boolean;
}

interface Unit {
  readonly parts: readonly Part[];
  readonly isBeforeSpace: boolean;
}

/** Between the parts of a word: silent. */
const silent = /^['‘’,\-._/]*$/u;
const pauses = new Set(';:,.!?—…');
const consonants = new Set('bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ');

/** The phonemes of one sentence in Kokoro's notation; characters that have no symbol there are left in. */
export async function readSentence(segments: readonly Segment[], variety: Variety): Promise<string> {
  const words = new EnglishWords(lexiconOf(variety), variety);
  const units = withoutStressOnPoints(unitsOf(segments));
  let following: Following = { vowel: undefined, to: false };
  let said = '';
  for (const unit of units.toReversed()) {
    following = await readUnit(unit, { words, variety, following });
    said = joinParts(unit.parts) + (unit.isBeforeSpace ? ' ' : '') + said;
  }
  return said.replaceAll('ɾ', 'T').replaceAll('ʔ', 't');
}

function unitsOf(segments: readonly Segment[]): Unit[] {
  const text = segments.map((segment) => segment.text).join('');
  const tagAt = tagsOf(text);
  const units: Unit[] = [];
  let offset = 0;
  for (const { text: run, given } of segments) {
    const stress = given !== undefined && 'stress' in given ? given.stress : undefined;
    const isBeforeSpace = /^\s/u.test(text.slice(offset + run.length));
    if (given !== undefined && 'phonemes' in given) {
      units.push({ parts: [part(run, '', undefined, given.phonemes)], isBeforeSpace });
    } else {
      if (/^\s/u.test(run) && units.length > 0) {
        units.push({ ...(units.pop() ?? { parts: [] }), isBeforeSpace: true });
      }
      const tokens = takeApart(run);
      for (const [at, token] of tokens.entries()) {
        const place = offset + token.start;
        units.push({
          parts:
            token.kind === 'mark'
              ? [part(token.text, '', undefined, token.text)]
              : partsOfWord(token.text).map(({ text: piece, start }) =>
                  part(piece, tagAt(place + start), stress),
                ),
          isBeforeSpace: token.isBeforeSpace && (at < tokens.length - 1 || /\s$/u.test(run) || isBeforeSpace),
        });
      }
    }
    offset += run.length;
  }
  return units;
}

function part(text: string, tag: Tag, stress: number | undefined, phonemes?: string): Part {
  return { text, tag, stress, phonemes, isApart: false };
}

const digits = new Set('zero oh one two three four five six seven eight nine'.split(' '));
const numberEnds = new Set(
  (
    'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy ' +
    'eighty ninety hundred thousand million billion trillion'
  ).split(' '),
);

/** The decimal point of a number is said without stress, unlike the word: “three point five”, “at that point two …”. */
function withoutStressOnPoints(units: readonly Unit[]): Unit[] {
  const word = (at: number): string => textOf(units[at]?.parts ?? []).toLowerCase();
  return units.map((unit, at) => {
    const isDecimal =
      word(at) === 'point' &&
      digits.has(word(at + 1)) &&
      (digits.has(word(at - 1)) || numberEnds.has(word(at - 1)));
    return isDecimal
      ? { ...unit, parts: unit.parts.map((each) => ({ ...each, stress: each.stress ?? -2 })) }
      : unit;
  });
}

interface Reader {
  readonly words: EnglishWords;
  readonly variety: Variety;
  readonly following: Following;
}

/** Gives the parts of `unit` their phonemes, and what is known for the word before. */
async function readUnit({ parts }: Unit, reader: Reader): Promise<Following> {
  const [only] = parts;
  if (only === undefined) {
    return reader.following;
  }
  if (parts.length === 1) {
    only.phonemes ??=
      sayParts(parts, reader.words, reader.following) ?? (await askEspeak(parts, reader.variety));
    return before(only.phonemes, only, reader.following);
  }
  const { following, isWhole } = readParts(parts, reader);
  if (isWhole) {
    settleStress(parts);
  } else {
    for (const each of parts) {
      each.phonemes = '';
    }
    only.phonemes = await askEspeak(parts, reader.variety);
  }
  return following;
}

/** From the right, always the longest run of parts that the lexicon knows. Stops at a part that it does not know. */
function readParts(
  parts: readonly Part[],
  { words, following: first }: Reader,
): { readonly following: Following; readonly isWhole: boolean } {
  let following = first;
  let right = parts.length;
  while (right > 0) {
    let found = false;
    for (let left = 0; left < right && !found; left += 1) {
      const run = parts.slice(left, right);
      const phonemes = sayParts(run, words, following);
      if (phonemes !== undefined) {
        for (const [at, each] of run.entries()) {
          each.phonemes = at === 0 ? phonemes : '';
        }
        following = before(phonemes, { text: textOf(run), tag: tagOfParts(run) }, following);
        right = left;
        found = true;
      }
    }
    const last = parts[right - 1];
    if (!found && last !== undefined) {
      if (!silent.test(last.text)) {
        return { following, isWhole: false };
      }
      last.phonemes = '';
      right -= 1;
    }
  }
  return { following, isWhole: true };
}

function sayParts(parts: readonly Part[], words: EnglishWords, following: Following): string | undefined {
  const phonemes = words.say(textOf(parts), tagOfParts(parts), following);
  return phonemes === undefined ? undefined : changeStress(phonemes, stressOfParts(parts));
}

async function askEspeak(parts: readonly Part[], variety: Variety): Promise<string> {
  return changeStress(await espeakWord(textOf(parts), variety), stressOfParts(parts));
}

const textOf = (parts: readonly Part[]): string => parts.map(({ text }) => text).join('');
const stressOfParts = (parts: readonly Part[]): number | undefined => parts[0]?.stress;

/** The tag of the part with the most letters, capitals counted twice. */
function tagOfParts(parts: readonly Part[]): Tag {
  const weight = ({ text }: Part): number =>
    Array.from(text).reduce((sum, letter) => sum + (letter === letter.toLowerCase() ? 1 : 2), 0);
  const heaviest = parts.toSorted((a, b) => weight(b) - weight(a))[0];
  return heaviest?.tag ?? '';
}

/** What the word before `word` needs to know: the first sound or pause of `phonemes`, or of what follows them. */
function before(
  phonemes: string,
  { text, tag }: { readonly text: string; readonly tag: Tag },
  following: Following,
): Following {
  const first = Array.from(phonemes).find(
    (symbol) => vowels.has(symbol) || consonants.has(symbol) || pauses.has(symbol),
  );
  const vowel = first === undefined ? following.vowel : pauses.has(first) ? undefined : vowels.has(first);
  const to = text === 'to' || text === 'To' || (text === 'TO' && (tag === 'TO' || tag === 'IN'));
  return { vowel, to };
}

/** Parts of different kinds are words of their own; of others, the lighter half loses its stress. */
function settleStress(parts: readonly Part[]): void {
  const kinds = new Set(
    Array.from(textOf(parts))
      .filter((character) => !silent.test(character))
      .map((character) => (/\p{L}/u.test(character) ? 'letter' : /\d/.test(character) ? 'digit' : 'sign')),
  );
  if (textOf(parts).includes('/') || kinds.size > 1) {
    for (const each of parts.slice(1)) {
      each.isApart = true;
    }
    return;
  }
  const sounding = parts.filter(({ phonemes = '' }) => phonemes !== '');
  const isStressed = ({ phonemes = '' }: Part): boolean => phonemes.includes(primaryStress);
  const [first, second] = sounding;
  if (sounding.length === 2 && first && second && Array.from(first.text).length === 1) {
    second.phonemes = changeStress(second.phonemes ?? '', -0.5);
    return;
  }
  if (sounding.length < 2 || sounding.filter(isStressed).length <= Math.floor((sounding.length + 1) / 2)) {
    return;
  }
  const byWeight = sounding.toSorted(
    (a, b) =>
      Number(isStressed(a)) - Number(isStressed(b)) ||
      weightOf(a.phonemes ?? '') - weightOf(b.phonemes ?? ''),
  );
  for (const each of byWeight.slice(0, Math.floor(sounding.length / 2))) {
    each.phonemes = changeStress(each.phonemes ?? '', -0.5);
  }
}

function joinParts(parts: readonly Part[]): string {
  return parts.reduce(
    (said, { phonemes = '', isApart }) =>
      said + (isApart && said !== '' && !said.endsWith(' ') && phonemes !== '' ? ' ' : '') + phonemes,
    '',
  );
}
