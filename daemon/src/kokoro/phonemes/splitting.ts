/** Where a text may be split for the network, gently. */

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * A sentence with fewer phonemes is said with its neighbor: below 10 to 20 tokens most of Kokoro's voices are weak, as its
 * author says (hexgrad/Kokoro-82M, VOICES.md).
 */
export const fewestPhonemesAlone = 20;

/** The sentences of `text` by Unicode's rules (UAX #29), trimmed, without empty ones. */
export function splitSentences(text: string): string[] {
  return [...sentences.segment(text)]
    .map(({ segment }) => segment.trim())
    .filter((sentence) => sentence !== '');
}

/** Places to split, from the best to the worst; each matches just where the second part begins. */
const boundaries: readonly RegExp[] = [
  /(?<=[.!?…][”)]?) /gu,
  /(?<=[;:][”)]?) /gu,
  /(?<=[,—][”)]?) | (?=[(“])/gu,
  / /gu,
];

/**
 * `text` in two, near its middle: at the best kind of boundary that leaves at least a quarter on either side, else between
 * two graphemes. Only the space at the boundary is lost. A text of one grapheme stays whole.
 */
export function splitNearMiddle(text: string): string[] {
  const middle = text.length / 2;
  for (const boundary of boundaries) {
    const places = [...text.matchAll(boundary)].map((match) => match.index);
    const nearest = places.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
    if (nearest !== undefined && Math.abs(nearest - middle) <= text.length / 4) {
      return [text.slice(0, nearest), text.slice(nearest + 1)];
    }
  }
  const starts = [...graphemes.segment(text)].map(({ index }) => index).slice(1);
  const place = starts.find((index) => index >= middle) ?? starts.at(-1);
  return place === undefined ? [text] : [text.slice(0, place), text.slice(place)];
}
