import assert from 'node:assert/strict';
import { test } from 'node:test';
import { droppedWords, spokenWords } from './workload.ts';

test('what a run says is one line, shortened between characters', () => {
  assert.equal(spokenWords({ text: 'Hello\n  there.' }, 40), '“Hello there.”');
  assert.equal(spokenWords({ text: 'The quick brown fox.' }, 10), '“The quick…”');
  assert.equal(spokenWords({ text: '👩‍🚀👩‍🚀👩‍🚀👩‍🚀' }, 3), '“👩‍🚀👩‍🚀…”');
  assert.equal(spokenWords({ text: 'a'.repeat(50_000) }, 5), '“aaaa…”');
  assert.equal(spokenWords({ text: '\u001b[31mred' }, 40), '“\\x1b[31mred”');
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

test('what is not said is counted and named, made safe and short', () => {
  const one = { count: 1, characters: [{ character: '😀', count: 1 }] };
  assert.equal(droppedWords(one), '1 character has no sound in English and is not said: “😀”.');
  const characters = Array.from('\u001b*abcdefg', (character, place) => ({ character, count: 1200 - place }));
  assert.equal(
    droppedWords({ count: 10_764, characters }),
    '10,764 characters have no sound in English and are not said: “\\x1b” (1,200 times), “*” (1,199 times), “a” (1,198 times), ' +
      '“b” (1,197 times), “c” (1,196 times), “d” (1,195 times), “e” (1,194 times), “f” (1,193 times), and others.',
  );
});
