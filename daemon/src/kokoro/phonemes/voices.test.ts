/** Tests of the language that a voice's name says. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { englishOfVoice, languageOfVoice } from './voices.ts';

test('the first letter says which English a voice speaks', () => {
  assert.equal(englishOfVoice('af_heart'), 'american');
  assert.equal(englishOfVoice('am_adam'), 'american');
  assert.equal(englishOfVoice('bf_emma'), 'british');
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
