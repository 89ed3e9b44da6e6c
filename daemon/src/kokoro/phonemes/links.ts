/** misaki's notation for words whose sound is given: `[word](/phonemes/)`, and `[word](-1)` for one whose stress is changed. */

import { checkSymbols } from './vocabulary.ts';

/** What a link says of its words; of stress, the scale is that of `changeStress`. */
export type Given = { readonly phonemes: string } | { readonly stress: number };

/** Some of a text: a run of it as it stands, or the words of a link with what is given for them. */
export interface Segment {
  readonly text: string;
  readonly given?: Given | undefined;
}

export type Link = Required<Segment> & { readonly given: Given };

interface Linked {
  /** The text with one `place` for each link, and of a link that gives no sound, as in Markdown, the words. */
  readonly text: string;
  readonly links: readonly Link[];
  /** What the parentheses of those hold, which nobody hears. */
  readonly unsaid: string;
}

const linkPattern = /\[([^\]]+)\]\(([^)]*)\)/gu;

/**
 * Takes the links out of `text`, so that nothing in them is read as a number or a sign. Where the text itself has a `place`, it
 * becomes U+FFFD, which has no sound either. Throws `bad-text` for phonemes without a symbol in Kokoro.
 */
export function takeLinks(text: string, place: string): Linked {
  const links: Link[] = [];
  let unsaid = '';
  const taken = text
    .replaceAll(place, '\uFFFD')
    .replaceAll(linkPattern, (_link, words: string, target: string) => {
      const given = givenBy(target);
      if (given === undefined) {
        unsaid += target;
        return words;
      }
      links.push({ text: words, given });
      return place;
    });
  return { text: taken, links, unsaid };
}

function givenBy(target: string): Given | undefined {
  const phonemes = /^\/(.*?)\/+$/u.exec(target)?.[1];
  if (phonemes !== undefined) {
    return { phonemes: checkSymbols(phonemes) };
  }
  return /^[+-]?(?:\d+|0\.5)$/u.test(target) ? { stress: Number(target) } : undefined;
}

/** The first of the characters that stand for links while a text is split: private ones, one a link. */
const firstStandIn = 0xf0000;
const standIn = /[\u{F0000}-\u{FFFFD}]/gu;

/** `text` with a character of its own in each link's place, so that its pieces know which links are theirs. */
export function markLinks(text: string, place: string): string {
  let index = 0;
  return text.replaceAll(place, () => String.fromCodePoint(firstStandIn + index++));
}

/** `text` of {@link markLinks}, or a piece of it, as runs and links. */
export function segmentsOf(text: string, links: readonly Link[]): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const { 0: character, index } of text.matchAll(standIn)) {
    segments.push({ text: text.slice(end, index) });
    const link = links[(character.codePointAt(0) ?? 0) - firstStandIn];
    segments.push(link ?? { text: '' });
    end = index + character.length;
  }
  segments.push({ text: text.slice(end) });
  return segments.filter((segment) => segment.text !== '');
}

/** The words of `text`, those of its links in their places. */
export function wordsOf(text: string, links: readonly Link[]): string {
  return segmentsOf(text, links)
    .map((segment) => segment.text)
    .join('');
}
