/** Tests of text to phonemes as the command line uses it, in the language that a voice speaks. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { chunkText, maximumTextCharacters, textToPhonemes } from './index.ts';
import { kokoroSymbols, maximumPhonemes } from './vocabulary.ts';
import { englishOfVoice, languageOfVoice } from './voices.ts';

function refused(pattern: RegExp) {
  return { name: 'TidemarkError', code: 'bad-text', message: pattern };
}

test('the default text has the phonemes that misaki gives it', async () => {
  const phonemes = await textToPhonemes(
    'This is a memory profiling test for the Kokoro TTS model.',
    'american',
  );
  assert.equal(phonemes, 'ðˌɪs ɪz ɐ mˈɛməɹi pɹˈOfˌIlɪŋ tˈɛst fɔɹ ðə kəkˈɔɹO tˌitˌiˈɛs mˈɑdᵊl.');
});

test('sentences with the usual difficulties are said as a reader would', async () => {
  const said: Readonly<Record<string, string>> = {
    'Hello, world!': 'həlˈO, wˈɜɹld!',
    'In 1984, Dr. Smith paid $3.50.':
      'ɪn nˌIntˈin ˈATi fˈɔɹ, dˈɑktəɹ smˈɪθ pˈAd θɹˈi dˈɑləɹz ænd fˈɪfti sˈɛnts.',
    'The “button”: it works…': 'ðə “bˈʌtn”: ɪt wˈɜɹks…',
    'He ran 3.5 km (the 21st time)?': 'hˌi ɹˈæn θɹˈi pYnt fˈIv kəlˈɑməTəɹz (ðə twˈɛnti fˈɜɹst tˈIm)?',
    'Say “the (big) 5” to me.': 'sˈA “ðə (bˈɪɡ) fˈIv” tə mˌi.',
    'The U.S.A. and NASA, of course.': 'ðə jˌuˌɛsˈA ænd nˈæsə, ʌv kˈɔɹs.',
  };
  for (const [text, phonemes] of Object.entries(said)) {
    assert.equal(await textToPhonemes(text, 'american'), phonemes);
  }
});

test('British English is another pronunciation of the same text', async () => {
  assert.equal(await textToPhonemes('No better water, sir.', 'british'), 'nˈQ bˈɛtə wˈɔːtə, sˌɜː.');
});

test('an utterance carries the words as said and what was left out', async () => {
  assert.deepEqual(await chunkText('Dr. Who 😀 in 1984?', 'american'), [
    {
      text: 'Doctor Who in nineteen eighty four?',
      phonemes: 'dˈɑktəɹ hˌu ɪn nˌIntˈin ˈATi fˈɔɹ?',
      dropped: new Map([['😀', 1]]),
    },
  ]);
});

test('a line break ends an utterance, whichever character writes it', async () => {
  const texts = async (text: string): Promise<string[]> =>
    (await chunkText(text, 'american')).map((utterance) => utterance.text);
  for (const lineBreak of ['\n', '\r\n', '\n\n', '\n \n', '\u2028', '\u2029']) {
    assert.deepEqual(await texts(`One.${lineBreak}Two three.${lineBreak}`), ['One.', 'Two three.']);
  }
});

test('by sentence, each is an utterance, but a short one is said with its neighbor', async () => {
  const texts = async (text: string): Promise<string[]> =>
    (await chunkText(text, 'american', { bySentence: true })).map((utterance) => utterance.text);
  const [a, b] = ['The tide leaves a line on the beach.', 'It shows how high the water came.'];
  assert.deepEqual(await texts(`${a} ${b}`), [a, b]);
  assert.deepEqual(await texts(`${a} Look! ${b}`), [a, `Look! ${b}`]);
  assert.deepEqual(await texts(`Look! ${a} ${b} Oh.`), [`Look! ${a}`, `${b} Oh.`]);
  assert.deepEqual(await texts(`Look!\n${a} Oh. No.`), ['Look!', `${a} Oh. No.`]);
  assert.deepEqual(await texts('Oh. No. Yes.'), ['Oh. No. Yes.']);
  assert.equal((await chunkText(`${a} ${b}`, 'american')).length, 1);
});

test('by sentence, one that is too long is split into as few parts as fit', async () => {
  const sentence = `${'we go on and on and on and on, '.repeat(30)}until we stop.`;
  assert.deepEqual(
    await chunkText(sentence, 'american', { bySentence: true }),
    await chunkText(sentence, 'american'),
  );
});

test('what a line without words loses is told all the same', async () => {
  const utterances = await chunkText('😀\nOne. 😀\n***\nTwo.\n~', 'american');
  assert.deepEqual(
    utterances.map(({ text, dropped }) => [text, ...dropped]),
    [
      ['One.', ['😀', 2]],
      ['Two.', ['*', 3], ['~', 1]],
    ],
  );
});

test('text without a word is refused before any model is loaded', async () => {
  for (const say of [textToPhonemes, chunkText]) {
    for (const empty of ['', ' \n\t ', '\u00A0']) {
      await assert.rejects(say(empty, 'american'), refused(/empty/));
    }
    for (const silent of ['...', '?!', '😀👍🏽', '你好', 'Привет', '—“”', '\u0000', '***']) {
      await assert.rejects(say(silent, 'american'), refused(/no words/), silent);
    }
  }
});

test('a million characters are refused at once', async () => {
  const text = 'All work and no play. '.repeat(46_000);
  const started = performance.now();
  await assert.rejects(
    chunkText(text, 'american'),
    refused(/1,012,000 characters, but the maximum is 50,000/),
  );
  assert.ok(performance.now() - started < 1000);
});

test('short sentences share a chunk, and a chunk ends where a sentence does', async () => {
  const sentence = 'The quick brown fox jumps over the lazy dog.';
  const chunks = await chunkText(Array.from({ length: 40 }, () => sentence).join(' '), 'american');
  assert.ok(chunks.length >= 4 && chunks.length <= 5, `${chunks.length} chunks`);
  for (const { text } of chunks) {
    assert.ok(text.startsWith('The') && text.endsWith('dog.'), text);
  }
});

test('a sentence too long for the context is split at a comma', async () => {
  const chunks = await chunkText(`${'we go on and on and on and on, '.repeat(30)}until we stop.`, 'american');
  assert.ok(chunks.length > 1);
  for (const { text } of chunks.slice(0, -1)) {
    assert.ok(text.endsWith(','), text);
  }
});

test('no chunk is over the context, no word is lost, and every symbol is Kokoro’s', async () => {
  const word = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom('the', 'cat', 'profiles', 'memory', 'of', 'apples', 'don’t', 'water'),
    },
    {
      weight: 1,
      arbitrary: fc.string({
        unit: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
        minLength: 1,
        maxLength: 700,
      }),
    },
  );
  const mark = fc.constantFrom('', '', '', '', '', ',', '.', '?', ';', '…');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(word, mark), { minLength: 1, maxLength: 250 }),
      fc.constantFrom('american' as const, 'british' as const),
      async (tokens, variety) => {
        const text = tokens.map(([letters, punctuation]) => letters + punctuation).join(' ');
        const chunks = await chunkText(text, variety);
        const letters = (part: string): string => part.replaceAll('’', "'").replaceAll(/[\s.…]/gu, '');
        assert.equal(letters(chunks.map((chunk) => chunk.text).join(' ')), letters(text));
        for (const { phonemes } of chunks) {
          assert.ok(phonemes.length > 0 && phonemes.length <= maximumPhonemes);
          for (const symbol of phonemes) {
            assert.ok(kokoroSymbols.has(symbol), symbol);
          }
        }
      },
    ),
    { numRuns: 15, seed: 7 },
  );
});

test('any characters are either said or refused with the one clear error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary-ascii' }),
        fc.constantFrom('toString', 'constructor', '__proto__', 'hasOwnProperty s', 'valueOf'),
      ),
      async (text) => {
        try {
          const phonemes = await textToPhonemes(text, 'american');
          for (const symbol of phonemes) {
            assert.ok(kokoroSymbols.has(symbol), symbol);
          }
        } catch (error) {
          assert.ok(error instanceof TidemarkError && error.code === 'bad-text', String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('the longest text can be stopped on the way', async () => {
  const stop = new AbortController();
  const chunks = chunkText('Yes. '.repeat(maximumTextCharacters / 5), 'american', { signal: stop.signal });
  const reason = new Error('enough');
  setTimeout(() => stop.abort(reason), 50);
  await assert.rejects(chunks, reason);
});

test('the first letter says which English a voice speaks', () => {
  assert.equal(englishOfVoice('af_heart'), 'american');
  assert.equal(englishOfVoice('am_adam'), 'american');
  assert.equal(englishOfVoice('bf_emma'), 'british');
});

test('the path of a voice says its language by its last part, and a mix by its first voice', () => {
  assert.equal(englishOfVoice('/voices/af_x/bf_emma.safetensors'), 'british');
  assert.equal(englishOfVoice('./bm_own.pt'), 'british');
  assert.equal(englishOfVoice('bf_emma,af_heart'), 'british');
  assert.equal(englishOfVoice('/voices/af_own.pt,bf_emma'), 'american');
});

test('a voice of another language is refused with the way out', () => {
  assert.equal(languageOfVoice('jf_alpha'), 'Japanese');
  assert.throws(() => englishOfVoice('jf_alpha'), {
    code: 'bad-text',
    message: /jf_alpha speaks Japanese/,
    hint: /--phonemes/,
  });
});

test('a name without a language is refused, be it a word of every object', () => {
  for (const name of ['heart', 'xf_nobody', 'ax_nobody', 'constructor', '']) {
    assert.equal(languageOfVoice(name), undefined);
    assert.throws(() => englishOfVoice(name), { code: 'bad-text', message: /does not indicate/ });
  }
});

test('a link gives a word its phonemes or changes its stress, wherever the text is split', async () => {
  const said: Readonly<Record<string, string>> = {
    'The [Kokoro](/kˈOkəɹO/) model.': 'ðə kˈOkəɹO mˈɑdᵊl.',
    'The [Kokoro](/kˈOkəɹO/) [model](-1)!': 'ðə kˈOkəɹO mˌɑdᵊl!',
    '[Hello](-2), [to](+2) you.': 'həlO, tˈə ju.',
    'Pay [20€](-2).': 'pˈA twɛnti jʊɹOz.',
    'the [apple](/pˈɪl/), the [pill](/ˈæpᵊl/)': 'ðə pˈɪl, ði ˈæpᵊl',
    '[x](/ə/)': 'ə',
    'See [the docs](https://a.b/c?d=5).': 'sˈi ðə dˈɑks.',
  };
  for (const [text, phonemes] of Object.entries(said)) {
    assert.equal(await textToPhonemes(text, 'american'), phonemes, text);
  }
  const many = await chunkText('and [so](/sˈO/) on '.repeat(200), 'american');
  assert.ok(many.length > 1);
  assert.equal(many.flatMap(({ phonemes }) => phonemes.match(/sˈO/gu) ?? []).length, 200);
  assert.equal(many.flatMap(({ text }) => text.match(/so/gu) ?? []).length, 200);
});

test('what a link says to no one is counted, and phonemes that Kokoro lacks are refused', async () => {
  const [utterance] = await chunkText('See [it](ab).', 'american');
  assert.deepEqual(
    utterance?.dropped,
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
  );
  await assert.rejects(textToPhonemes('[go](/gˈoʊ/)', 'american'), refused(/no phoneme “g”/));
});
