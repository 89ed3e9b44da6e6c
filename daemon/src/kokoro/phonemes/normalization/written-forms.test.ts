/** Tests of signs, short forms and Roman numerals in words, and that no word is lost or doubled. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeText } from './normalize.ts';

function reads(cases: Readonly<Record<string, string>>): void {
  for (const [written, spoken] of Object.entries(cases)) {
    assert.equal(normalizeText(written, 'american').text, spoken);
  }
}

test('signs between words are words', () => {
  reads({
    'R&D and AT&T': 'R and D and AT and T',
    'C++ and C#': 'C plus plus and C sharp',
    '#5, № 5, #tag, @bob': 'number five, number five, hashtag tag, at bob',
    'A → B, a -> b': 'A to B, a to b',
    'Kokoro™ ©': 'Kokoro trademark copyright',
    'α and Ω': 'alpha and omega',
    'about ~5': 'about about five',
  });
});

test('a slash between words is heard as their being apart', () => {
  reads({ 'and/or': 'and or', 'he / she': 'he she', '/': 'slash', 'w/o it, w/ it': 'without it, with it' });
});

test('in an address every sign is said', () => {
  reads({
    'https://a.org/b?c=1.': 'https colon slash slash a dot org slash b question mark c equals one.',
    'bob@example.com': 'bob at example dot com',
    'see /usr/bin or src/index.ts.': 'see slash usr slash bin or src slash index dot ts.',
    'C:\\x': 'C colon backslash x',
    'Node.js': 'Node dot js',
  });
});

test('a Roman numeral is counted after a part, ranked after a king, and left alone elsewhere', () => {
  reads({
    'World War II, WWII, World War I': 'World War two, World War two, World War one',
    'Chapter IV, Type II, Apollo XIII': 'Chapter four, Type two, Apollo thirteen',
    'Henry VIII and Louis XIV': 'Henry the eighth and Louis the fourteenth',
    'Elizabeth I of England; Elizabeth I know': 'Elizabeth the first of England; Elizabeth I know',
    'the XIX century': 'the nineteenth century',
    'I am. Malcolm X spoke. An IV drip. XXL': 'I am. Malcolm X spoke. An IV drip. XXL',
  });
});

test('an abbreviation is said in full, and its stop ends a sentence where one ends', () => {
  reads({
    'Acme Inc. Then': 'Acme Incorporated. Then',
    'Acme Inc. said': 'Acme Incorporated said',
    'King Jr.': 'King Junior.',
    'pp. 5-7, p. 3, Fig. 2, c. 1900': 'pages five to seven, page three, Figure two, circa nineteen hundred',
    'Gen. Lee, Capt. Ahab, Rev. Green': 'General Lee, Captain Ahab, Reverend Green',
    'a.k.a. Bob': 'also known as Bob',
  });
});

const words = [
  'the',
  'cat',
  'Memory',
  'don’t',
  'well-known',
  'naïve',
  'I',
  'am',
  'and',
  'NASA',
  'Henrietta',
  'World',
];

test('what is only words comes out as it went in', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 40 }), (chosen) => {
      const text = chosen.join(' ').replaceAll('’', "'");
      assert.equal(normalizeText(text, 'american').text, text);
    }),
    { numRuns: 500 },
  );
});

test('words among figures and signs are neither lost nor doubled, nor moved', () => {
  const written =
    '5|1,234.50|$5|€3.50|20€|9:30PM|12:30:45|1984|’90s|5-10|-5|3/4|24/7|50%|5 kg|60 km/h|555-1234|11/27/2024|2nd|#5|¾|x²|1.5e-3|H100|→|±|😀|*|`|&|@|<|/|'.split(
      '|',
    );
  const names = Array.from(
    { length: 40 },
    (_none, index) => `zq${String.fromCodePoint(97 + (index % 26)).repeat(3 + (index % 3))}`,
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...written)), {
        minLength: 1,
        maxLength: 40,
      }),
      (pairs) => {
        const { text } = normalizeText(pairs.map((pair) => pair.join(' ')).join(' '), 'american');
        assert.deepEqual(
          text.match(/zq\p{L}+/gu),
          pairs.map(([name]) => name),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('no digit and no sign is left, whatever stands there', () => {
  const unit = fc.constantFrom(...Array.from('0159.,:;/-–−+=%$€£°#@&^*<>~x eEkMTIVXamps()\'"½²₂⁻\n'));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
      const { text: spoken } = normalizeText(text, 'american');
      assert.match(spoken, /^[\p{L} ';:,.!?—…“”()–-]*$/u);
    }),
    { numRuns: 2000 },
  );
});

test('a text of any kind is read in a time that grows with its length', () => {
  const kinds = [
    '7',
    '1,',
    '1.',
    'a.',
    'a/',
    '-',
    '1-',
    '$',
    '5 ',
    'a_',
    'https://',
    'A.B.',
    '(',
    '²',
    '1:',
    'x@',
    "'",
    'IV ',
  ];
  const seconds = (length: number): number => {
    const started = performance.now();
    for (const kind of kinds) {
      normalizeText(kind.repeat(Math.ceil(length / kind.length)), 'american');
    }
    return performance.now() - started;
  };
  seconds(1000);
  const [short, long] = [seconds(5000), seconds(50_000)];
  assert.ok(
    long < 40 * short + 500,
    `${short.toFixed()} ms for 5,000 characters, ${long.toFixed()} ms for 50,000`,
  );
});
