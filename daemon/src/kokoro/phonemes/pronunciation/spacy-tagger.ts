/**
 * spaCy's part-of-speech tagger for English, the one that misaki reads with: what a word is depends on its spelling and on four
 * tokens at either side. The network is spaCy's Tok2Vec with MultiHashEmbed and MaxoutWindowEncoder (spacy.io/api/architectures),
 * run here in plain loops, since a sentence takes milliseconds.
 */

import { featuresOf, SpacyTokenizer } from './spacy-tokens.ts';
import type { SpacyToken, TokenRules } from './spacy-tokens.ts';

const width = 96;
/** Of a maxout unit, which gives the greatest. */
const pieces = 3;
/** Of the tables in which the features look their embeddings up, each row `width` wide. */
const tableRows = [5000, 1000, 2500, 2500, 50, 50] as const;
/** thinc's seeds of the tables' hashes. */
const firstSeed = 8;
const depth = 4;
/** Rows of zeros that spaCy puts at either end, one for each layer that looks a token aside. */
const padding = depth;
/** Tokens of an hour's text have fewer different features. */
const mostRemembered = 20_000;

interface MaxoutLayer {
  /** [width, pieces, inputs] */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly inputs: number;
}

export interface TaggedToken extends SpacyToken {
  /** Penn Treebank, as spaCy's English models name them. */
  readonly tag: string;
}

export class SpacyTagger {
  readonly #rules: TokenRules;
  readonly #tokenizer: SpacyTokenizer;
  readonly #tables: readonly Float32Array[];
  readonly #mixing: MaxoutLayer;
  readonly #layers: readonly MaxoutLayer[];
  readonly #output: { readonly weights: Float32Array; readonly bias: Float32Array };
  /** By feature: what the mixing layer makes of its embedding, [width, pieces]. */
  readonly #remembered = tableRows.map(() => new Map<bigint, Float32Array>());

  /** `weights` in the order of scripts/setup/steps/tagger.js. */
  constructor(rules: TokenRules, weights: Float32Array) {
    let end = 0;
    const take = (length: number): Float32Array => weights.subarray(end, (end += length));
    const layer = (inputs: number): MaxoutLayer => ({
      weights: take(width * pieces * inputs),
      bias: take(width * pieces),
      scale: take(width),
      shift: take(width),
      inputs,
    });
    this.#rules = rules;
    this.#tokenizer = new SpacyTokenizer(rules);
    this.#tables = tableRows.map((rows) => take(rows * width));
    this.#mixing = layer(width * tableRows.length);
    this.#layers = Array.from({ length: depth }, () => layer(width * 3));
    this.#output = { weights: take(width * rules.labels.length), bias: take(rules.labels.length) };
  }

  tag(text: string): TaggedToken[] {
    const tokens = this.#tokenizer.tokens(text);
    const none = (): Float32Array => new Float32Array(width);
    let rows = [
      ...Array.from({ length: padding }, none),
      ...tokens.map((token) => this.#embed(featuresOf(token, this.#rules))),
      ...Array.from({ length: padding }, none),
    ];
    for (const layer of this.#layers) {
      const window = new Float32Array(layer.inputs);
      rows = rows.map((row, at) => {
        window.fill(0);
        window.set(rows[at - 1] ?? none(), 0);
        window.set(row, width);
        window.set(rows[at + 1] ?? none(), 2 * width);
        const sum = maxout(product(layer, window), layer);
        return sum.map((value, index) => value + (row[index] ?? 0));
      });
    }
    return tokens.map((token, at) => ({ ...token, tag: this.#label(rows[at + padding] ?? none()) }));
  }

  /** The mixing layer's sum is taken feature by feature, since features come again and again. */
  #embed(features: readonly bigint[]): Float32Array {
    const sum = new Float32Array(width * pieces);
    for (const [column, feature] of features.entries()) {
      const part = this.#mixed(column, feature);
      for (let index = 0; index < sum.length; index += 1) {
        sum[index] = (sum[index] ?? 0) + (part[index] ?? 0);
      }
    }
    return maxout(sum, this.#mixing);
  }

  #mixed(column: number, feature: bigint): Float32Array {
    const remembered = this.#remembered[column];
    const table = this.#tables[column];
    if (remembered === undefined || table === undefined) {
      throw new RangeError(`no feature ${column}`);
    }
    let mixed = remembered.get(feature);
    if (mixed === undefined) {
      const embedding = new Float32Array(width);
      for (const row of rowsOf(feature, firstSeed + column, table.length / width)) {
        for (let index = 0; index < width; index += 1) {
          embedding[index] = (embedding[index] ?? 0) + (table[row * width + index] ?? 0);
        }
      }
      mixed = product(this.#mixing, embedding, column * width);
      if (remembered.size >= mostRemembered) {
        remembered.clear();
      }
      remembered.set(feature, mixed);
    }
    return mixed;
  }

  #label(row: Float32Array): string {
    const { labels } = this.#rules;
    const { weights, bias } = this.#output;
    let best = 0;
    let greatest = -Infinity;
    for (let label = 0; label < labels.length; label += 1) {
      let sum = bias[label] ?? 0;
      for (let index = 0; index < width; index += 1) {
        sum += (weights[label * width + index] ?? 0) * (row[index] ?? 0);
      }
      if (sum > greatest) {
        [greatest, best] = [sum, label];
      }
    }
    return labels[best] ?? '';
  }
}

/** The layer's weights from the column `from` times `input`: [width, pieces]. */
function product({ weights, inputs }: MaxoutLayer, input: Float32Array, from = 0): Float32Array {
  const result = new Float32Array(width * pieces);
  const { length } = input;
  for (let unit = 0; unit < result.length; unit += 1) {
    const row = weights.subarray(unit * inputs + from, unit * inputs + from + length);
    // Four sums at a time: each addition to one sum would wait for the one before. All lengths are multiples of four.
    let [first, second, third, fourth] = [0, 0, 0, 0];
    for (let index = 0; index < length; index += 4) {
      first += (row[index] ?? 0) * (input[index] ?? 0);
      second += (row[index + 1] ?? 0) * (input[index + 1] ?? 0);
      third += (row[index + 2] ?? 0) * (input[index + 2] ?? 0);
      fourth += (row[index + 3] ?? 0) * (input[index + 3] ?? 0);
    }
    result[unit] = first + second + (third + fourth);
  }
  return result;
}

/** The greatest of each unit's pieces with their bias, normalized over the units. */
function maxout(sums: Float32Array, { bias, scale, shift }: MaxoutLayer): Float32Array {
  const greatest = new Float32Array(width);
  const piece = (at: number): number => (sums[at] ?? 0) + (bias[at] ?? 0);
  for (let unit = 0; unit < width; unit += 1) {
    const at = unit * pieces;
    greatest[unit] = Math.max(piece(at), piece(at + 1), piece(at + 2));
  }
  const mean = greatest.reduce((sum, value) => sum + value, 0) / width;
  const variance = greatest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width + 1e-8;
  return greatest.map(
    (value, unit) => ((value - mean) / Math.sqrt(variance)) * (scale[unit] ?? 1) + (shift[unit] ?? 0),
  );
}

/** The four rows of a table that make a feature's embedding: a MurmurHash3 of its number (thinc, numpy_ops.pyx). */
function rowsOf(feature: bigint, seed: number, rows: number): number[] {
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  const mix = (value: bigint): bigint => {
    const once = wrap((value ^ (value >> 33n)) * 0xff51afd7ed558ccdn);
    const twice = wrap((once ^ (once >> 33n)) * 0xc4ceb9fe1a85ec53n);
    return twice ^ (twice >> 33n);
  };
  let first = wrap(feature * 0x87c37b91114253d5n);
  first = wrap((first << 31n) | (first >> 33n));
  first = wrap(first * 0x4cf5ad432745937fn) ^ BigInt(seed) ^ 8n;
  let second = BigInt(seed) ^ 8n;
  first = wrap(first + second);
  second = wrap(second + first);
  first = mix(first);
  second = mix(second);
  first = wrap(first + second);
  second = wrap(second + first);
  return [first, first >> 32n, second, second >> 32n].map((part) => Number(BigInt.asUintN(32, part)) % rows);
}
