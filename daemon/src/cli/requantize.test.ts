/** `tidemark requantize` as a person meets it: real processes, tiny models, streams, documents and exit codes. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { requantizeDocument } from '@tidemark/shared/protocol/requantize-document.ts';
import { cliOver, documentIn, refuses } from '../../test/cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';

const folder = temporaryFolder();
const source = join(folder, 'source');
writeTinyKokoro(source, { bits: 4 });

const cli = cliOver(join(folder, 'home'));
const speech = '--voice af_tiny --phonemes abc.';

test('the help says what a fused checkpoint is good for', async () => {
  const { code, stdout } = await cli('requantize --help');
  assert.equal(code, 0);
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    /With weight norm fused, the checkpoint loads only in Tidemark/,
  );
  assert.match(stdout, /Examples:\n {2}\$ tidemark requantize /);
});

test('a verified one is a table and a conclusion on stdout; a relative folder is made where the person stands', async () => {
  const { code, stdout, stderr } = await cli(
    `requantize ${source} --rest bf16 --out made --verify ${speech}`,
    {
      folder,
    },
  );
  assert.equal(code, 0, stderr);
  assert.ok(existsSync(join(folder, 'made', 'config.json')));
  assert.match(
    stdout,
    /mlx-audio and Tidemark can load it\.\n {2}packed weights of \d+ layers kept bit for bit\n/,
  );
  assert.match(stdout, /^MB +loaded +in the loop +peak +from +to +time +audio +samples$/m);
  assert.match(stdout, /^the result( +[\d.,]+){5} +[\d.]+ s +[\d.]+ s +[\d,]+$/m);
  assert.match(stdout, /^The result loads .* instead of .* \(-\d+\.\d%\), peaks /m);
  assert.match(stderr, /^Wrote .*made\.$/m);
  assert.match(stderr, /^the result: iteration 4 of 4: /m);
});

test('with --json it is one document, true to its schema', async () => {
  const out = join(folder, 'json');
  const finished = await cli(`requantize ${source} --bits 8 --out ${out} --verify ${speech} --json`);
  assert.equal(finished.code, 0, finished.stderr);
  const document = documentIn(requantizeDocument, finished);
  assert.equal(document.folder, out);
  assert.deepEqual(document.options, { bits: 8, fuseWeightNorm: false });
  assert.deepEqual(document.loadsIn, ['tidemark', 'mlx-audio']);
  assert.ok(document.modules.repacked > 0 && document.modules.kept === 0);
  const { verification } = document;
  assert.ok(verification);
  assert.equal(verification.settings.deterministic, true);
  assert.equal(verification.result.peakBytes.length, 4);
  assert.equal(verification.result.load.activeBytes, document.result.tensorBytes);
  const { frames, samples } = verification.result;
  assert.equal(samples, 600 * frames);
});

test('without --verify nothing is measured, and a fused one is said to load in Tidemark only', async () => {
  const finished = await cli(`requantize ${source} --fuse-weight-norm --out ${join(folder, 'fused')} --json`);
  assert.equal(finished.code, 0);
  const document = documentIn(requantizeDocument, finished);
  assert.equal(document.verification, undefined);
  assert.deepEqual(document.loadsIn, ['tidemark']);
  assert.match(document.warnings.join(' '), /its loader rejects the file/);
});

test('mistakes are said before any work, with their exit codes, and leave nothing', async () => {
  const out = join(folder, 'never');
  await refuses(cli, 2, [
    [`requantize ${source} --bits 4`, /Required option '--out <folder>'/],
    [`requantize ${source} --out ${out}`, /No change was requested/],
    [`requantize ${source} --bits 5 --out ${out}`, /Allowed choices are 4, 6, 8/],
    [`requantize ${source} --group-size 32 --out ${out}`, /--group-size was given without --bits/],
  ]);
  await refuses(cli, 1, [
    [`requantize 4bit --bits 4 --out ${out}`, /no model named "4bit"/],
    [`requantize ${source} --bits 4 --out ${source}`, /is not empty/],
    [`requantize ${source} --bits 4 --out ${join(source, 'x')}`, /inside the source checkpoint/],
    [`requantize fp32 --bits 4 --out ${out} --verify --voice af_hart`, /Did you mean af_heart/],
  ]);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.') || name === 'never'),
    [],
  );
});
