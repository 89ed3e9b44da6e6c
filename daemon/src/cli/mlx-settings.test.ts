/** MLX's own settings as a person gives them, and the tuning that finds the best: real processes and a tiny model. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { sayDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { tuneDocument } from '@tidemark/shared/protocol/tune-document.ts';
import { cliOver, documentIn, startCli } from '../../test/cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';

const folder = temporaryFolder();
const home = join(folder, 'home');
const tiny = join(folder, 'tiny');
writeTinyKokoro(tiny, { dtype: 'bfloat16' });
const cli = cliOver(home);
const speech = ['--voice', 'af_tiny', '--phonemes', 'abc.'];

test('a profile records what of MLX was set, shows it, and differs by it in a comparison', async () => {
  const run = async (name: string, ...words: string[]): Promise<string> => {
    const finished = await cli([
      'profile',
      tiny,
      ...speech,
      '--iterations',
      '4',
      '--local',
      '--json',
      ...words,
    ]);
    assert.equal(finished.code, 0, finished.stderr);
    const path = join(folder, name);
    writeFileSync(path, finished.stdout);
    return path;
  };
  const own = await run('own.json');
  const set = await run(
    'set.json',
    ...['--ops-per-buffer', '5', '--bfs-width', '1', '--memory-limit', '3MB', '--full-precision'],
  );
  const read = (path: string) => v.parse(profileDocument, JSON.parse(readFileSync(path, 'utf8')));
  assert.equal(read(own).settings.mlx, undefined);
  assert.deepEqual(read(set).settings.mlx, {
    opsPerBuffer: 5,
    bfsWidth: 1,
    memoryLimitBytes: 3_000_000,
    fullPrecision: true,
  });
  const words = 'MLX_MAX_OPS_PER_BUFFER=5, MLX_BFS_MAX_WIDTH=1, memory limit 3.0 MB, full precision';
  const page = await cli(['report', set, '--out', join(folder, 'set.html')]);
  assert.equal(page.code, 0, page.stderr);
  assert.ok(readFileSync(join(folder, 'set.html'), 'utf8').includes(words));
  const compared = await cli(['compare', own, set]);
  assert.match(compared.stdout, /MLX was set differently: MLX’s own settings and MLX_MAX_OPS_PER_BUFFER=5/);
  const table = await cli(['profile', tiny, ...speech, '--iterations', '1', '--local', '--bfs-width', '2']);
  assert.match(table.stdout, /voice af_tiny, seed 0, MLX_BFS_MAX_WIDTH=2$/m);
});

test('a memory limit lowers the peak, since MLX waits for queued work above it', async () => {
  const peak = async (...words: string[]): Promise<number> => {
    const finished = await cli([
      'profile',
      tiny,
      ...speech,
      '--iterations',
      '3',
      '--local',
      '--json',
      ...words,
    ]);
    return documentIn(profileDocument, finished).summary?.peakBytes.median ?? 0;
  };
  const limited = await peak('--memory-limit', '1MB');
  let own = await peak();
  // What is queued is little in a moment in which the host had to wait.
  for (let takes = 1; takes < 8 && limited >= 0.95 * own; takes += 1) {
    own = await peak();
  }
  assert.ok(limited > 0 && limited < 0.95 * own, `${limited} of ${own}`);
});

test('speech can be computed in full precision, and its document says so', async () => {
  const say = ['say', '--model', tiny, ...speech, '--out', join(folder, 'a.wav'), '--json'];
  assert.equal(documentIn(sayDocument, await cli(say)).settings.mlx, undefined);
  const full = documentIn(sayDocument, await cli([...say, '--full-precision']));
  assert.deepEqual(full.settings.mlx, { fullPrecision: true });
});

describe('tune', () => {
  const tune = ['tune', tiny, ...speech, '--iterations', '2', '--rounds', '1'];

  test('prints a document, and writes the curve as a page', async () => {
    const page = join(folder, 'tune.html');
    const finished = await cli([
      ...tune,
      '--bfs-width',
      '1,2',
      '--memory-limit',
      '3MB',
      '--json',
      '--report',
      page,
    ]);
    assert.equal(finished.code, 0, finished.stderr);
    const { points, activeBytes } = documentIn(tuneDocument, finished);
    assert.deepEqual(
      points.slice(0, 4).map(({ mlx }) => mlx),
      [{}, { bfsWidth: 1 }, { bfsWidth: 2 }, { memoryLimitBytes: 3_000_000 }],
    );
    assert.ok(points.every(({ peakBytes, sameAudio }) => sameAudio && peakBytes.minimum > activeBytes));
    assert.match(finished.stderr, /^Tuning .*: MLX_BFS_MAX_WIDTH=1, round 1$/m);
    const html = readFileSync(page, 'utf8');
    assert.match(html, /<svg[^>]*aria-label="Peak of .* against time, in MB"/);
    assert.match(html, /does not read MLX_MAX_OPS_PER_BUFFER, so it was not measured/);
    assert.doesNotMatch(html, /NaN|undefined/);
  });

  test('prints a table, the best trade or that there is none, and how to use it', async () => {
    const { code, stdout, stderr } = await cli([...tune, '--bfs-width', '1', '--memory-limit', 'none']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^MLX by itself .*100%/m);
    assert.match(stdout, /^MLX_BFS_MAX_WIDTH=1 /m);
    assert.match(stdout, /^(The best trade is|No setting)/m);
    assert.match(stdout, /CPU backend has no command buffers/);
  });

  for (const [words, message] of [
    [['--bfs-width', '0'], /Give a whole number from 1/],
    [['--ops-per-buffer', ','], /Give at least one value/],
    [['--memory-limit', '300'], /Give an amount with a unit/],
    [['--rounds', '0'], /Give a whole number from 1/],
  ] as const) {
    test(`refuses ${words.join(' ')}`, async () => {
      const { code, stderr } = await cli([...tune, ...words]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    });
  }

  test('stopped, ends with its host and leaves no page', async () => {
    const page = join(folder, 'stopped.html');
    const running = startCli([...tune, '--iterations', '1000', '--report', page], {
      environment: { TIDEMARK_HOME: home },
    });
    await new Promise<void>((resolve) => {
      running.child.stderr?.on('data', () => running.stderr().includes('MLX by itself') && resolve());
    });
    running.child.kill('SIGINT');
    const { code, stdout } = await running.finished;
    assert.equal(code, 130);
    assert.equal(stdout, '');
    assert.throws(() => readFileSync(page), { code: 'ENOENT' });
  });
});
