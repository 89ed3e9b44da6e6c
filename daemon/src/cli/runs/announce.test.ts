/** Tests of what is said before speech starts, and of when a person is asked. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { createProgress } from '../progress.ts';
import { announce, showPreparation } from './announce.ts';

interface Asked {
  readonly error?: unknown;
  readonly shown: string;
}

async function announced(
  settings: Parameters<typeof announce>[0],
  { answer = '', isTerminal = true, yes }: { answer?: string; isTerminal?: boolean; yes?: true } = {},
): Promise<Asked> {
  const stream = (): PassThrough & { isTTY: boolean } =>
    Object.assign(new PassThrough(), { isTTY: isTerminal });
  const [input, output] = [stream(), stream()];
  const log = Object.assign(new PassThrough(), { isTTY: false });
  input.write(answer);
  if (answer === '') {
    input.end();
  }
  const terminal = { input, output } as unknown as Parameters<typeof announce>[3];
  const progress = createProgress(log as unknown as NodeJS.WriteStream);
  const { signal } = new AbortController();
  const error = await announce(settings, { ...(yes && { yes }) }, { progress, signal }, terminal).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const read = (from: PassThrough): string => String(from.setEncoding('utf8').read() ?? '');
  return { error, shown: read(log) + read(output) };
}

const utterance = 'a'.repeat(500);
const long = { phonemes: Array.from({ length: 20 }, () => utterance), speed: 1 };

test('how much is coming is said first', async () => {
  const cases = [
    [{ phonemes: [utterance], speed: 1 }, ''],
    [{ phonemes: ['həlˈO.', 'həlˈO.'], speed: 1 }, '2 utterances, about 3 s of audio\n'],
    [{ phonemes: [utterance, utterance], speed: 1 }, '2 utterances, about 59 s of audio\n'],
    [{ phonemes: [utterance, utterance], speed: 0.5 }, '2 utterances, about 2 min 0 s of audio\n'],
    [
      { phonemes: [utterance, 'a'], speed: 1, iterations: 15, warmupIterations: 1 },
      '2 utterances, about 31 s of audio in each of 16 iterations\n',
    ],
    [
      {
        phonemes: [utterance],
        speed: 1,
        iterations: 2,
        texts: [
          { line: 1, text: 'a', phonemes: [utterance] },
          { line: 2, text: 'b', phonemes: ['həlˈO.'] },
        ],
      },
      '2 texts, about 1 s to 30 s of audio in each of 2 iterations\n',
    ],
  ] as const;
  for (const [settings, words] of cases) {
    const { shown, error } = await announced(settings as unknown as Parameters<typeof announce>[0]);
    assert.equal(shown, words);
    assert.equal(error, undefined);
  }
});

test('a person at a terminal is asked before some minutes of audio, and nothing starts without a yes', async () => {
  for (const answer of ['y\n', 'Y\n', 'yes\n']) {
    const { shown, error } = await announced(long, { answer });
    assert.match(shown, /^20 utterances, about 9 min 50 s of audio\nStart\? \[y\/N\] $/u);
    assert.equal(error, undefined);
  }
  for (const answer of ['\n', 'n\n', 'what\n', '']) {
    const { error } = await announced(long, { answer });
    assert.ok(error instanceof TidemarkError, String(error));
    assert.equal(error.message, 'Nothing was started.');
    assert.match(error.hint ?? '', /--yes/u);
  }
});

test('a script is not asked, and neither is who said yes', async () => {
  for (const options of [{ isTerminal: false }, { yes: true } as const]) {
    const { shown, error } = await announced(long, options);
    assert.equal(shown, '20 utterances, about 9 min 50 s of audio\n');
    assert.equal(error, undefined);
  }
});

test('preparation is shown only once it takes longer than a moment', (context) => {
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const shown: string[] = [];
  const note = (line: string): number => shown.push(line);
  const progress = {
    note,
    begin: () => note('begin'),
    advance: (_done: number, detail: string) => note(detail),
    end: () => note('end'),
  };
  const onPreparation = showPreparation(progress);
  now = 5000;
  onPreparation(10, 100);
  now = 5900;
  onPreparation(20, 100);
  assert.deepEqual(shown, []);
  now = 6100;
  onPreparation(25, 100);
  assert.deepEqual(shown, ['begin', '25 %']);
});
