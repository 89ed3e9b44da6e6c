import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spokenWords } from './workload.ts';

test('what a run says is one line, shortened between characters', () => {
  assert.equal(spokenWords({ text: 'Hello\n  there.' }, 40), '“Hello there.”');
  assert.equal(spokenWords({ text: 'The quick brown fox.' }, 10), '“The quick…”');
  assert.equal(spokenWords({ text: '👩‍🚀👩‍🚀👩‍🚀👩‍🚀' }, 3), '“👩‍🚀👩‍🚀…”');
  assert.equal(spokenWords({ text: 'a'.repeat(50_000) }, 5), '“aaaa…”');
});

test('of many texts the first is said, and how many there are, and what becomes of the cache', () => {
  assert.equal(
    spokenWords({ workload: { texts: 1001, firstText: 'One.', shuffled: true } }, 40),
    '1,001 texts from “One.” on, random order',
  );
  assert.equal(spokenWords({ text: 'One.', workload: { keepCache: true } }, 40), '“One.”, cache kept');
});

test('phonemes are not quoted', () => {
  assert.equal(spokenWords({}, 40), 'given phonemes');
});
