/** Tests of links in a text, which give a word its phonemes or change its stress. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markLinks, segmentsOf, takeLinks, wordsOf } from './links.ts';

const place = '\uE000';

test('phonemes and changes of stress are taken out of the text, each leaving a place', () => {
  assert.deepEqual(takeLinks('The [Kokoro](/kˈOkəɹO/) [model](-1)!', place), {
    text: `The ${place} ${place}!`,
    links: [
      { text: 'Kokoro', given: { phonemes: 'kˈOkəɹO' } },
      { text: 'model', given: { stress: -1 } },
    ],
    unsaid: '',
  });
});

test('every form of a change of stress is read', () => {
  const read = (target: string): unknown => takeLinks(`[w](${target})`, place).links[0]?.given;
  for (const [target, stress] of Object.entries({
    '-2': -2,
    '1': 1,
    '+2': 2,
    '0': 0,
    '0.5': 0.5,
    '+0.5': 0.5,
    '-0.5': -0.5,
  })) {
    assert.deepEqual(read(target), { stress });
  }
  for (const target of ['', '1.5', 'x', '- 1', '#a#', '/']) {
    assert.equal(read(target), undefined);
  }
});

test('of a link to a page the words stay, and what is not said is told', () => {
  assert.deepEqual(takeLinks('See [the docs](https://a.b/c).', place), {
    text: 'See the docs.',
    links: [],
    unsaid: 'https://a.b/c',
  });
});

test('phonemes may be none; ones that Kokoro lacks are refused by name', () => {
  assert.deepEqual(takeLinks('[a](//)', place).links, [{ text: 'a', given: { phonemes: '' } }]);
  assert.throws(() => takeLinks('[go](/gˈoʊ/)', place), {
    code: 'bad-text',
    message: /“g” \(U\+0067; did you mean “ɡ”\?\)/,
    hint: /between the slashes/,
  });
});

test('a place that the text has by itself is no link', () => {
  assert.deepEqual(takeLinks(`a${place}b [c](1)`, place).text, `a\uFFFDb ${place}`);
});

test('a piece of a text knows which links are its own', () => {
  const { text, links } = takeLinks('[a](1) b [c](/d/) e [f](2)', place);
  const marked = markLinks(text, place);
  assert.deepEqual(segmentsOf(marked.slice(3), links), [
    { text: 'b ' },
    { text: 'c', given: { phonemes: 'd' } },
    { text: ' e ' },
    { text: 'f', given: { stress: 2 } },
  ]);
  assert.equal(wordsOf(marked, links), 'a b c e f');
});
