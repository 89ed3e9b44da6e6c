/** Tables, wrapped lines, and facts beside their labels or below them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { figures, fitText, formatFacts, formatTable, wrapText } from './terminal.ts';

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

test('a table that does not fit goes on below, after its first column, and no figure is cut', () => {
  const table = formatTable(
    [{ header: 'model' }, { header: 'what' }, figures('peak MB'), figures('time'), { header: 'leak' }],
    [
      ['4bit-fp32', 'four bits', '1,599.0', '12.00 s', 'no leak'],
      ['bf16', '波形の説明を読み上げる', '99.0', '2.00 s', 'leak'],
    ],
    { maxWidth: 32 },
  );
  assert.deepEqual(table.split('\n'), [
    'model      what',
    '─────────  ─────────────────────',
    '4bit-fp32  four bits',
    'bf16       波形の説明を読み上げ…',
    '',
    'model      peak MB     time',
    '─────────  ───────  ───────',
    '4bit-fp32  1,599.0  12.00 s',
    'bf16          99.0   2.00 s',
    '',
    'model      leak',
    '─────────  ───────',
    '4bit-fp32  no leak',
    'bf16       leak',
  ]);
});

test('lines are broken to fit, below their label or their bullet, and rows and commands are left whole', () => {
  const text = [
    'A sentence that is longer than the terminal is wide, in words.',
    '✓ MLX      libmlx on a processor that has a long name',
    '  → Run this and then run that.',
    'run  what     model     state     peak MB  leak  text',
    '  $ tidemark profile bf16 --texts sentences.txt --keep-cache    many texts',
    'short',
  ].join('\n');
  assert.deepEqual(fitText(text, 44).split('\n'), [
    'A sentence that is longer than the terminal',
    'is wide, in words.',
    '✓ MLX      libmlx on a processor that has a',
    '           long name',
    '  → Run this and then run that.',
    'run  what     model     state     peak MB  leak  text',
    '  $ tidemark profile bf16 --texts sentences.txt --keep-cache',
    '      many texts',
    'short',
  ]);
  assert.deepEqual(fitText('  → Run this and then run that.', 20).split('\n'), [
    '  → Run this and',
    '    then run that.',
  ]);
  assert.deepEqual(fitText('日本語の 文章を読み 上げる', 14).split('\n'), [
    '日本語の',
    '文章を読み',
    '上げる',
  ]);
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
