/** Texts from a file, a cache that is kept, and its limit, as a person asks for them: real processes and a tiny model. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { cliOver, documentIn } from '../../test/cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';

const folder = temporaryFolder();
const tiny = join(folder, 'tiny');
writeTinyKokoro(tiny, { dtype: 'bfloat16' });
const cli = cliOver(join(folder, 'home'));

const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

// The tiny model knows a, b, c, the space and the period.
const texts = fileOf('texts.txt', '\uFEFFBob.\r\n\r\nBob Bob Bob.\r\nBob Bob.\r\n\r\n');
const profile = (...words: string[]) => cli(['profile', tiny, '--voice', 'af_tiny', '--local', ...words]);

describe('texts that cannot be used', () => {
  const cases: readonly [
    what: string,
    words: readonly string[],
    code: number,
    message: RegExp,
    input?: string,
  ][] = [
    ['a blank file', ['--texts', fileOf('blank.txt', '\n \n')], 1, /every line is blank/],
    ['an empty file', ['--texts', fileOf('empty.txt', '')], 1, /every line is blank/],
    ['no file', ['--texts', join(folder, 'absent.txt')], 1, /There is no file/],
    ['a folder', ['--texts', folder], 1, /is a folder/],
    ['a device', ['--texts', '/dev/zero'], 1, /is not a regular file/],
    ['a binary file', ['--texts', fileOf('binary', Buffer.from([0xff, 0xfe, 0, 65]))], 1, /not a UTF-8 text/],
    ['a file with a NUL', ['--texts', fileOf('nul', 'a\0b')], 1, /is a binary file/],
    ['a huge file', ['--texts', fileOf('huge', 'a line\n'.repeat(200_000))], 1, /is larger than 1\.0 MB/],
    ['too many lines', ['--texts', fileOf('many', 'Bob.\n'.repeat(1001))], 1, /too many texts: 1,001 texts/],
    ['a line without words', ['--texts', fileOf('bad', 'Bob.\n\n漢字\n')], 1, /Line 3 cannot be said/],
    ['nothing from stdin', ['--texts', '-'], 1, /stdin cannot be used.*blank/, ''],
    [
      'a text besides',
      ['--texts', texts, '--text', 'Bob.'],
      2,
      /--texts.*cannot be used with option '--text/,
    ],
    ['phonemes besides', ['--texts', texts, '--phonemes', 'a'], 2, /cannot be used with option '--phonemes/],
    ['nothing to shuffle', ['--shuffle'], 1, /nothing to shuffle/],
    ['a limit without a unit', ['--cache-limit', '500'], 2, /Give an amount with a unit/],
  ];
  for (const [what, words, code, message, input] of cases) {
    test(`${what}: a sentence, a hint, and exit code ${code}`, async () => {
      const { code: found, stderr } = await cli(
        ['profile', tiny, '--voice', 'af_tiny', '--local', ...words],
        input === undefined ? {} : { input },
      );
      assert.equal(found, code, stderr);
      assert.match(stderr, message);
      assert.match(stderr, /^hint: /m);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }

  test('a FIFO that nobody writes to is refused at once', async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const { code, stderr } = await profile('--texts', path);
    assert.equal(code, 1);
    assert.match(stderr, /is not a regular file/);
  });
});

describe('a run of several texts', () => {
  test('says the next one in each iteration, and counts shapes that are new', async () => {
    const finished = await profile('--texts', texts, '--iterations', '6', '--json');
    assert.equal(finished.code, 0, finished.stderr);
    const { settings, iterations, cacheLimitBytes } = documentIn(profileDocument, finished);
    assert.deepEqual(
      settings.texts?.map(({ line, text }) => [line, text]),
      [
        [1, 'Bob.'],
        [3, 'Bob Bob Bob.'],
        [4, 'Bob Bob.'],
      ],
    );
    assert.deepEqual(
      iterations.map(({ textIndex }) => textIndex),
      [0, 0, 1, 2, 0, 1, 2],
    );
    assert.deepEqual(
      iterations.map(({ newShapes }) => newShapes),
      [1, 0, 1, 1, 0, 0, 0],
    );
    const [, , long, middle, short] = iterations;
    assert.ok((long?.tokens ?? 0) > (middle?.tokens ?? 0) && (middle?.tokens ?? 0) > (short?.tokens ?? 0));
    assert.ok(iterations.every(({ cacheBeforeBytes }) => cacheBeforeBytes === 0));
    assert.ok((cacheLimitBytes ?? 0) > 0, "MLX's own limit");
    assert.equal(new Set(iterations.slice(1).map(({ activeBytes }) => activeBytes)).size, 1);
  });

  test('with the cache kept, an iteration finds what the one before left, up to the limit', async () => {
    const kept = await profile('--texts', texts, '--iterations', '6', '--keep-cache', '--json');
    const samples = documentIn(profileDocument, kept).iterations;
    // The state of the random numbers that was replaced is all that can be there.
    assert.ok((samples[0]?.cacheBeforeBytes ?? 100) <= 16);
    assert.ok(samples.slice(1).every(({ cacheBeforeBytes = 0 }) => cacheBeforeBytes > 100_000));
    const most = Math.max(...samples.map(({ cacheBytes }) => cacheBytes));
    const limit = Math.floor(most / 2);
    const words = ['--iterations', '6', '--keep-cache', '--cache-limit', `${limit}B`];
    const limited = documentIn(profileDocument, await profile('--texts', texts, ...words, '--json'));
    assert.equal(limited.cacheLimitBytes, limit);
    assert.equal(limited.settings.cacheLimitBytes, limit);
    // The allocator gives back what is above the limit when it next allocates, not when it frees.
    const least = Math.min(...limited.iterations.slice(-3).map(({ cacheBytes }) => cacheBytes));
    assert.ok(least < most, `${least} of ${most}`);
  });

  test('is told in the table, with its manner', async () => {
    const words = ['--shuffle', '--keep-cache', '--cache-limit', '1GiB', '--iterations', '2'];
    const { code, stdout, stderr } = await cli(
      ['profile', tiny, '--voice', 'af_tiny', '--local', '--texts', '-', ...words],
      { input: 'Bob.\nBob Bob.\n' },
    );
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^2 texts from “Bob\.” on, voice af_tiny, .*random order, cache kept, cache limit 1\.07 GB$/m,
    );
  });

  test('is compared only with a run of the same texts and the same cache', async () => {
    mkdirSync(join(folder, 'runs'));
    const run = async (name: string, ...words: string[]): Promise<string> => {
      const { stdout, stderr, code } = await profile(...words, '--iterations', '4', '--json');
      assert.equal(code, 0, stderr);
      return fileOf(join('runs', name), stdout);
    };
    const several = await run('several', '--texts', texts);
    const other = fileOf('other.txt', 'Bob Bob Bob.\nBob.\n');
    for (const [words, difference] of [
      [['--text', 'Bob Bob Bob.'], /different list of texts/],
      [['--texts', other], /different list of texts/],
      [['--texts', texts, '--keep-cache'], /different treatment of the cache/],
      [['--texts', texts, '--cache-limit', '1MB'], /different cache limit/],
    ] as const) {
      const { code, stderr } = await cli(['compare', several, await run('another', ...words)]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, difference);
    }
    const { code } = await cli(['compare', several, await run('same', '--texts', texts)]);
    assert.notEqual(code, 1);
  });
});
