/** What is shown of text from outside: nothing that a terminal obeys or a reader cannot see, and not more than fits. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutGraphemes, escapedJson, printable, printableJson, printableLines, quoted } from './printable.ts';
import { TidemarkError } from './errors.ts';

/** Everything that Unicode says is a control, has no looks of its own, or ends a line. */
const unseen = /(?![\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

test('what is not seen is written out', () => {
  const cases: Readonly<Record<string, string>> = {
    '\u001b]0;title\u0007\u001b[31mX': String.raw`\x1b]0;title\x07\x1b[31mX`,
    'a\nb\r\tc\0': String.raw`a\nb\r\tc\x00`,
    '\u009b31m\u0085': String.raw`\x9b31m\x85`,
    '\u202egnp.exe\u2066': String.raw`\u202egnp.exe\u2066`,
    'zero\u200bwidth\ufeff\u00ad\u2060': String.raw`zero\u200bwidth\ufeff\xad\u2060`,
    '\u2028\u2029': String.raw`\u2028\u2029`,
    'half \ud83d': String.raw`half \ud83d`,
    '\udc00 half': String.raw`\udc00 half`,
    '\u{e0041}\u3164\u061c': String.raw`\u{e0041}\u3164\u061c`,
    'non\u200djoiner': String.raw`non\u200djoiner`,
  };
  for (const [text, shown] of Object.entries(cases)) {
    assert.equal(printable(text), shown);
  }
});

test('what is seen stays as it is', () => {
  for (const text of [
    'naïve 中文 ʃə ə́',
    '👩‍👩‍👧 👍🏽 ❤️ 🇩🇪',
    'e\u0301',
    '/path/to a/file.safetensors',
    'a\\x1b',
    '',
  ]) {
    assert.equal(printable(text), text);
  }
});

test('nothing unseen comes through, in any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const shown = printable(text);
      assert.ok(
        !unseen.test(shown.replaceAll(/\u200d(?=\p{Extended_Pictographic})/gu, '')),
        JSON.stringify(shown),
      );
      assert.ok(shown.length <= 200 * 32);
      const lines = printableLines(text, { styles: true });
      assert.ok(!unseen.test(lines.replaceAll(/\n|\u200d/g, '')));
      assert.deepEqual(JSON.parse(escapedJson(JSON.stringify(text))), text);
      assert.ok(!unseen.test(escapedJson(JSON.stringify(text))));
    }),
  );
});

test('a long value is cut with an ellipsis between graphemes, and a megabyte takes no time', () => {
  assert.equal(printable('x'.repeat(200)), 'x'.repeat(200));
  assert.equal(printable('x'.repeat(201)), `${'x'.repeat(199)}…`);
  assert.equal(printable('👩‍👩‍👧'.repeat(12), 10), `${'👩‍👩‍👧'.repeat(9)}…`);
  assert.equal(printable(`a${'\u0301'.repeat(1_000_000)}`), '…');
  assert.equal(quoted('Q'.repeat(1_000_000), 4), '"QQQ…"');
  assert.equal(printable('\u001b'.repeat(1_000_000), 9), String.raw`\x1b\x1b…`);
  assert.equal(
    cutGraphemes('中文字', 5, () => 2),
    '中文…',
  );
  const startedAt = performance.now();
  for (const unit of ['Q', '\u001b', '👩‍👩‍👧', 'a\u0301', '\u202e']) {
    printable(unit.repeat(1_000_000));
  }
  assert.ok(performance.now() - startedAt < 1000);
});

test('lines stay lines, and only the colors in use are let through', () => {
  assert.equal(printableLines('a\nb\r\nc\u001b[31m'), 'a\nb\nc\\x1b[31m');
  const red = '\u001b[31merror:\u001b[39m';
  assert.equal(printableLines(`${red} \u001b[8m\u001b[2J`, { styles: true }), `${red} \\x1b[8m\\x1b[2J`);
  const long = printableLines(`${red} ${'x'.repeat(1_000_000)}`, { styles: true });
  assert.ok(long.length < 5000 && !long.includes('\u001b'));
});

test('an error is fit to be shown, whoever quotes what in it', () => {
  const { message, hint, stack } = new TidemarkError('bad-input', `a\u001b[2J ${'x'.repeat(1_000_000)}`, {
    hint: `b\u202e\n${'line\n'.repeat(10_000)}`,
  });
  for (const text of [message, hint ?? '']) {
    assert.ok(!unseen.test(text.replaceAll('\n', '')) && text.length < 10_000, text.slice(0, 100));
  }
  assert.match(message, /^a\\x1b\[2J x+…$/);
  assert.ok(stack?.includes(String.raw`\x1b[2J`));
});

test('JSON that is printed is read back the same', () => {
  const document = {
    name: '\u001b\u009b\u202e\u{e0041}\ud800',
    long: 'Q'.repeat(10_000),
    list: ['\n\u2028'],
  };
  for (const indent of [undefined, 2]) {
    const json = printableJson(document, indent);
    assert.deepEqual(JSON.parse(json), document);
    assert.ok(!unseen.test(json.replaceAll('\n', '')));
  }
});
