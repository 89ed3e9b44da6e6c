/** Writes a tiny Kokoro into a folder, whose vocabulary has every sound of English, for mlx-audio too where that is said: for Node 26. */

import { writeSpeakingTinyKokoro } from './tiny-kokoro.ts';

const [, , folder, engine] = process.argv;
if (folder === undefined) {
  throw new Error('a folder is needed');
}

writeSpeakingTinyKokoro(folder, { forMlxAudio: engine === 'mlx-audio' });
