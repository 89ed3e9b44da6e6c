/** Writes a tiny Kokoro into a folder, whose vocabulary has every sound of English, for mlx-audio too where that is said: for Node 26. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tinyConfig, writeTinyKokoro } from './tiny-kokoro.ts';

const [, , folder, engine] = process.argv;
if (folder === undefined) {
  throw new Error('a folder is needed');
}

writeTinyKokoro(folder, { forMlxAudio: engine === 'mlx-audio' });

// Its embedding has 16 rows; which sound has which does not matter.
const symbols = Array.from('abcdefghijklmnopqrstuvwxyzəɛɪɔʊʌæɑɜɹɡŋθðʃʒʔɾɐᵻᵊˈˌː .,!?');
const path = join(folder, 'config.json');
const config = JSON.parse(readFileSync(path, 'utf8')) as object;
const vocab = Object.fromEntries(
  symbols.map((symbol, place) => [symbol, 1 + (place % (tinyConfig.n_token - 1))]),
);
writeFileSync(path, JSON.stringify({ ...config, vocab }));
