/** Tests of how eSpeak NG behaves inside a Node process, and of the way from its IPA to Kokoro's symbols. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { espeak, toKokoroSymbols } from './espeak.ts';

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

const american = (ipa: string): string => toKokoroSymbols(ipa, 'american').phonemes;
const british = (ipa: string): string => toKokoroSymbols(ipa, 'british').phonemes;

test('a diphthong is one symbol', () => {
  assert.equal(american('ɡˈoʊ dˈeɪ maɪ nˈaʊ bˈɔɪ'), 'ɡˈO dˈA mI nˈW bˈY');
  assert.equal(british('ɡˈəʊ dˈeɪ maɪ nˈaʊ bˈɔɪ'), 'ɡˈQ dˈA mI nˈW bˈY');
});

test('an affricate is one symbol', () => {
  assert.equal(american('dʒˈʌdʒ tʃˈɜːtʃ'), 'ʤˈʌʤ ʧˈɜɹʧ');
});

test('American vowels have no length, and the bird vowel has its r', () => {
  assert.equal(american('wˈɜːld fˈɜːɹi fˈɑːðɚ'), 'wˈɜɹld fˈɜɹi fˈɑðɚ');
  assert.equal(british('wˈɜːld fˈɑːðə'), 'wˈɜːld fˈɑːðə');
});

test('the American flap is T', () => {
  assert.equal(american('wˈɔːɾɚ'), 'wˈɔTɚ');
});

test('British centering diphthongs are those of its dictionary', () => {
  assert.equal(british('tʃˈeə nˈiə kjˈʊə'), 'ʧˈɛː nˈɪə kjˈʊə');
});

test('a syllabic consonant takes the small schwa', () => {
  assert.equal(american('bˈʌʔn̩ kˈɑːʔn̩'), 'bˈʌtᵊn kˈɑtᵊn');
  assert.equal(american('mˈɑːdəl lˈɪɾəlz fˈaɪnəli'), 'mˈɑdᵊl lˈɪTᵊlz fˈInᵊli');
  assert.equal(american('sˈæləd pˈæɹəlˌɛl'), 'sˈæləd pˈæɹəlˌɛl');
});

test('a hundred is a word of its own and a suffix is not', () => {
  assert.equal(american('nˈaɪntiːnhˈʌndɹɪd'), 'nˈIntin hˈʌndɹɪd');
  assert.equal(british('tˈuːhˈʌndɹɪdən ˈeɪti'), 'tˈuː hˈʌndɹɪd ən ˈAti');
  assert.equal(american('nˈaɪnti z wɜː'), 'nˈIntiz wɜɹ');
  assert.equal(american('hˈʌndɹɪd θ'), 'hˈʌndɹɪdθ');
});

test('sounds that English lacks become the nearest that it has', () => {
  assert.equal(american('bˈɑːx ɬænˈɛli r'), 'bˈɑk lænˈɛli ɹ');
  assert.equal(american('(fr)bɔ̃(en)'), 'bɔ');
});

test('what has no symbol is dropped and counted', () => {
  assert.deepEqual(toKokoroSymbols('aꟸb7', 'american'), { phonemes: 'ab', dropped: 2 });
});
