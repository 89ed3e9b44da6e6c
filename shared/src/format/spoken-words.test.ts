import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spokenWords } from './spoken-words.ts';

test('what a run says is one line, shortened between characters', () => {
  assert.equal(spokenWords({ text: 'Hello\n  there.' }, 40), '“Hello there.”');
  assert.equal(spokenWords({ text: 'The quick brown fox.' }, 10), '“The quick…”');
  assert.equal(spokenWords({ text: '👩‍🚀👩‍🚀👩‍🚀👩‍🚀' }, 3), '“👩‍🚀👩‍🚀…”');
  assert.equal(spokenWords({ text: 'a'.repeat(50_000) }, 5), '“aaaa…”');
});

test('of many texts the first is said, and how many more there are', () => {
  assert.equal(spokenWords({ workload: { texts: 1001, firstText: 'One.' } }, 40), '“One.” and 1,000 more');
  assert.equal(spokenWords({ text: 'One.', workload: { keepCache: true } }, 40), '“One.”');
});

test('nothing is said of phonemes', () => {
  assert.equal(spokenWords({}, 40), undefined);
});
