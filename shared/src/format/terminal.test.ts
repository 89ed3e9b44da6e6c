/** Tables, wrapped lines, and facts beside their labels or below them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { formatFacts, formatTable, wrapText } from './terminal.ts';

const columns = [{ header: 'Model' }, { header: 'Peak', align: 'right' }] as const;

test('names line up to the left and figures to the right, under a rule', () => {
  assert.equal(
    formatTable(columns, [
      ['bf16', '1,666.0 MB'],
      ['4bit-fp32', '7.1 MB'],
    ]),
    ['Model            Peak', '─────────  ──────────', 'bf16       1,666.0 MB', '4bit-fp32      7.1 MB'].join(
      '\n',
    ),
  );
});

test('a wide character fills two columns and a combining mark none', () => {
  const lines = formatTable(columns, [
    ['波形', '1'],
    ['e\u0301', '1'],
    ['ab', '1'],
  ]).split('\n');
  assert.deepEqual(new Set(lines.map((line) => stringWidth(line))).size, 1);
});

test('a table without rows still has its headers', () => {
  assert.equal(formatTable(columns, []), 'Model  Peak\n─────  ────');
});

test('a missing cell is empty and a line break becomes a space', () => {
  assert.equal(formatTable(columns, [['a\nb']]).split('\n')[2], 'a b');
});

test('in a narrow terminal the widest text gives way and figures stay whole', () => {
  const table = formatTable(columns, [['mlx-community/Kokoro-82M-4bit', '771.0 MB']], { maxWidth: 24 });
  assert.equal(table.split('\n')[2], 'mlx-community…  771.0 MB');
});

test('every line keeps within the width that the columns can be cut to', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.nat().map(String)), { maxLength: 8 }),
      fc.integer({ min: 24, max: 80 }),
      (rows, maxWidth) => {
        const visible = rows.map(([name, figure]) => [name.replaceAll(/\p{C}/gu, ''), figure]);
        for (const line of formatTable(columns, visible, { maxWidth }).split('\n')) {
          assert.ok(stringWidth(line) <= maxWidth, line);
        }
      },
    ),
  );
});

test('a text is broken between words, and its own line breaks stay', () => {
  assert.deepEqual(wrapText('one two three\nfour', 8), ['one two', 'three', 'four']);
});

test('a word that is too long is not cut', () => {
  assert.deepEqual(wrapText('in /a/long/path/that/stays whole', 10), [
    'in',
    '/a/long/path/that/stays',
    'whole',
  ]);
});

test('facts stand beside their labels, later lines below the first, and none are shown without lines', () => {
  const facts = [
    { label: 'Host', lines: ['bf16 with af_heart', 'idle'] },
    { label: 'Queue', lines: [] },
    { label: 'Run', lines: ['none'] },
  ];
  assert.deepEqual(formatFacts(facts), ['Host  bf16 with af_heart', '      idle', 'Run   none']);
});

test('a fact that is too long for the terminal goes on below itself', () => {
  const facts = [{ label: 'Host', lines: ['one two three four five six seven eight nine'] }];
  assert.deepEqual(formatFacts(facts, { maxWidth: 40 }), [
    'Host  one two three four five six seven',
    '      eight nine',
  ]);
});

test('in a terminal that is too narrow for two columns facts go below their labels', () => {
  const facts = [{ label: 'Host', lines: ['one two three four'], style: (line: string) => `<${line}>` }];
  assert.deepEqual(formatFacts(facts, { maxWidth: 20 }), ['Host', '  <one two three four>']);
});
