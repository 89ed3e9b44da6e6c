/** `tidemark requantize` as a person meets it: real processes, tiny models, streams, documents and exit codes. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { requantizeDocument } from '@tidemark/shared/protocol/requantize-document.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { runCli } from '../../test/cli.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';

const folder = temporaryFolder();
const source = join(folder, 'source');
writeTinyKokoro(source, { bits: 4 });

const cli = (words: readonly string[]) =>
  runCli(['requantize', ...words], { environment: { TIDEMARK_HOME: join(folder, 'home') }, folder });
const speech = ['--voice', 'af_tiny', '--phonemes', 'abc.'];

test('the help says what a fused checkpoint is good for', async () => {
  const { code, stdout } = await cli(['--help']);
  assert.equal(code, 0);
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    /With weight norm fused, the checkpoint loads only in Tidemark/,
  );
  assert.match(stdout, /Examples:\n {2}\$ tidemark requantize /);
});

test('a verified one is a table and a conclusion on stdout; a relative folder is made where the person stands', async () => {
  const { code, stdout, stderr } = await cli([
    source,
    '--rest',
    'bf16',
    '--out',
    'made',
    '--verify',
    ...speech,
  ]);
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
  const { code, stdout, stderr } = await cli([
    source,
    '--bits',
    '8',
    '--out',
    out,
    '--verify',
    ...speech,
    '--json',
  ]);
  assert.equal(code, 0, stderr);
  const document = v.parse(requantizeDocument, JSON.parse(stdout));
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
  const { code, stdout } = await cli([
    source,
    '--fuse-weight-norm',
    '--out',
    join(folder, 'fused'),
    '--json',
  ]);
  assert.equal(code, 0);
  const document = v.parse(requantizeDocument, JSON.parse(stdout));
  assert.equal(document.verification, undefined);
  assert.deepEqual(document.loadsIn, ['tidemark']);
  assert.match(document.warnings.join(' '), /its loader rejects the file/);
});

test('mistakes are said before any work, with their exit codes, and leave nothing', async () => {
  const out = join(folder, 'never');
  const cases: readonly [words: readonly string[], code: number, message: RegExp][] = [
    [[source, '--bits', '4'], 2, /Required option '--out <folder>'/],
    [[source, '--out', out], 2, /No change was requested/],
    [[source, '--bits', '5', '--out', out], 2, /Allowed choices are 4, 6, 8/],
    [[source, '--group-size', '32', '--out', out], 2, /--group-size was given without --bits/],
    [['4bit', '--bits', '4', '--out', out], 1, /no model named "4bit"/],
    [[source, '--bits', '4', '--out', source], 1, /is not empty/],
    [[source, '--bits', '4', '--out', join(source, 'x')], 1, /inside the source checkpoint/],
    [['fp32', '--bits', '4', '--out', out, '--verify', '--voice', 'af_hart'], 1, /Did you mean af_heart/],
  ];
  for (const [words, expected, message] of cases) {
    const { code, stdout, stderr } = await cli(words);
    assert.equal(code, expected, words.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.') || name === 'never'),
    [],
  );
});
