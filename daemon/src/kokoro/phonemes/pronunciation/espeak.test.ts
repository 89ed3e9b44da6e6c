/** Tests of how eSpeak NG behaves inside a Node process, and of the words that it says. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { espeak, espeakWord } from './espeak.ts';

test('the two kinds of English differ, whichever was spoken before', async () => {
  for (let turn = 0; turn < 2; turn += 1) {
    assert.equal(await espeak('tomato', 'american'), 'təmˈeɪɾoʊ');
    assert.equal(await espeak('tomato', 'british'), 'təmˈɑːtəʊ');
  }
});

test('one text gives one answer, also from calls in flight together', async () => {
  const once = await espeak('the cat sat on a mat', 'american');
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      espeak('the cat sat on a mat', index % 2 ? 'british' : 'american'),
    ),
  );
  assert.deepEqual(new Set(many.filter((_, index) => index % 2 === 0)), new Set([once]));
  assert.equal(new Set(many).size, 2);
});

/** Runs `body` in a process of its own, with `espeak` at hand. */
function inProcess(body: string) {
  const script = `import { espeak } from ${JSON.stringify(new URL('./espeak.ts', import.meta.url).href)};\n${body}`;
  return spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
}

test('it leaves no handler behind that would turn an error of ours into a crash', async () => {
  const child = inProcess(`
    await espeak('hello', 'american');
    process.exitCode = process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
  `);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('it does not keep the process alive', async () => {
  const started = performance.now();
  assert.deepEqual(await once(inProcess(`await espeak('hello', 'american');`), 'exit'), [0, null]);
  assert.ok(performance.now() - started < 20_000);
});

test('an interrupt ends it in the middle of its work', async () => {
  const child = inProcess(`
    console.log('ready');
    for (;;) await espeak('this goes on and on and on', 'american');
  `);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGINT']);
});

test('a word has the phonemes that misaki makes of eSpeak’s', async () => {
  const said: Readonly<Record<string, readonly [american: string, british: string]>> = {
    blairite: ['blˈɛɹIt', 'blˈAəɹIt'],
    Kubernetes: ['kˌubəɹnˈɛɾiz', 'kˌuːbənˈɛtiːz'],
    snorfle: ['snˈɔɹfᵊl', 'snˈɔːfᵊl'],
    Okonkwo: ['ɑkˈɔŋkwO', 'ɒkˈɒŋkwQ'],
    farruccio: ['fæɹˈuʧɪˌO', 'faɹˈuːʧɪˌQ'],
    naïve: ['nIˈiv', 'nIˈiːv'],
    Müller: ['mˈuləɹ', 'mˈuːlə'],
    glottenbutton: ['ɡlˈɑtənbˌʌʔn', 'ɡlˈɒtənbˌʌtən'],
  };
  for (const [word, [american, british]] of Object.entries(said)) {
    assert.equal(await espeakWord(word, 'american'), american);
    assert.equal(await espeakWord(word, 'british'), british);
  }
});

test('a word of any length is said to its end', async () => {
  for (const [letters, sound] of [
    ['ab', /b/gu],
    ['to', /[tT]/gu],
    ['na', /n/gu],
  ] as const) {
    for (const times of [10, 50, 100, 333]) {
      const said = await espeakWord(letters.repeat(times), 'american');
      assert.equal(said.replaceAll('ɾ', 'T').match(sound)?.length, times, said);
    }
  }
  const nines = await espeakWord('9'.repeat(41), 'american');
  assert.equal(nines.match(/nˈIn/gu)?.length, 41);
});
