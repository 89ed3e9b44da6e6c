/** The pronunciations of English words that Kokoro was trained on, from the wheel of misaki, made quick to look up. */

import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchWheel } from '../download.js';
import { SetupFailure } from '../failures.js';
import { readJson } from '../package-files.js';
import { misaki } from '../pins.js';
import { keyOf } from '../stamps.js';
import { newPartialFolder, replaceFolder, unpack } from '../unpack.js';

/** @typedef {string | Record<string, string | null>} Pronunciation one, or several by part of speech */

/** misaki's names for the two kinds of English, and ours. */
const varieties = /** @type {const} */ ({ us: 'american', gb: 'british' });

/** @type {import('../context.js').Step} */
export const lexicon = {
  name: 'lexicon',
  label: 'English pronunciations',
  done: 'fetched',
  bytes: 60_000_000,
  needs: [],
  outputs: [...Object.values(varieties).map((name) => `${name}.tsv`), 'LICENSE.txt'].map((file) =>
    join('build', 'lexicon', file),
  ),
  key: () => keyOf(misaki),
  async work(context) {
    const unpacked = await unpack(context, await fetchWheel(context, misaki), 'misaki-wheel');
    const whole = await newPartialFolder(context, 'lexicon');
    for (const [code, variety] of Object.entries(varieties)) {
      const [gold, silver] = ['gold', 'silver'].map(
        (rank) =>
          /** @type {Record<string, Pronunciation>} */ (
            readJson(join(unpacked, 'misaki', 'data', `${code}_${rank}.json`))
          ),
      );
      await writeFile(join(whole, `${variety}.tsv`), tableOf(gold ?? {}, silver ?? {}));
    }
    const licence = join(unpacked, `misaki-${misaki.version}.dist-info`, 'licenses', 'LICENSE');
    await cp(licence, join(whole, 'LICENSE.txt'));
    await replaceFolder(whole, context.layout.lexicon);
    await rm(unpacked, { recursive: true });
  },
};

/**
 * One line a word, sorted by bytes so that a reader finds a word without parsing the rest: the word, `gold` or `silver`, and
 * its phonemes, or `PART=phonemes` for each part of speech; an empty one is spelled. Checked by hand is gold, and it hides silver.
 *
 * @param {Record<string, Pronunciation>} gold
 * @param {Record<string, Pronunciation>} silver
 */
export function tableOf(gold, silver) {
  const lines = Object.entries({ ...silver, ...gold }).map(([word, pronunciation]) => {
    const said =
      typeof pronunciation === 'string'
        ? pronunciation
        : Object.entries(pronunciation)
            .map(([part, phonemes]) => `${part}=${phonemes ?? ''}`)
            .join(' ');
    if (/[\t\n]/u.test(word + said)) {
      throw new SetupFailure(
        `misaki's entry for ${JSON.stringify(word)} does not fit into a line.`,
        'Report this to the maintainers of Tidemark: the pinned package is not what this version was made for.',
      );
    }
    return Buffer.from(`${word}\t${Object.hasOwn(gold, word) ? 'gold' : 'silver'}\t${said}\n`);
  });
  return Buffer.concat(lines.toSorted((a, b) => Buffer.compare(a, b)));
}
