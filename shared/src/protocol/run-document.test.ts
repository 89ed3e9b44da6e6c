/** Reading documents from text: what passes, and what each wrong text is told. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleStudy, fullProfile } from '../../test/example-reports.ts';
import { parseRunDocument } from './run-document.ts';

for (const document of [fullProfile(), exampleStudy()]) {
  test(`a ${document.kind} comes back as it was, with a byte-order mark too`, () => {
    const json = JSON.stringify(document);
    assert.deepEqual(parseRunDocument(json, 'f'), JSON.parse(json));
    assert.deepEqual(parseRunDocument(`\uFEFF${json}\n`, 'f'), JSON.parse(json));
  });
}

describe('refused, with one sentence and a hint', () => {
  const json = JSON.stringify(fullProfile());
  const cases: readonly [what: string, text: string, pattern: RegExp][] = [
    ['nothing', ' \n', /^f\.json is empty\.$/],
    ['a document that was cut', json.slice(0, 500), /^f\.json is not JSON, or is cut short\.$/],
    ['other JSON', '{"name": "x"}', /no document of Tidemark/],
    ['an array, null and a number', '[1]', /no document of Tidemark/],
    ['null', 'null', /no document of Tidemark/],
    ['another document', '{"kind": "xray", "schemaVersion": 1}', /of the kind “xray”/],
    ['the error of a command', '{"kind": "error", "schemaVersion": 1}', /holds the error of a command/],
    ['a later version', '{"kind": "study", "schemaVersion": 2}', /version 2 of its format.*reads version 1/],
    ['no version', '{"kind": "study"}', /no known version/],
    [
      'NaN, which JSON writes as null',
      json.replace(/"peakBytes":\d+/, '"peakBytes":null'),
      /is no valid profile at /,
    ],
    [
      'a word in the place of a figure',
      json.replace(/"seconds":\d+/, '"seconds":"much"'),
      /no valid profile at seconds: /,
    ],
  ];
  for (const [what, text, pattern] of cases) {
    test(what, () => {
      assert.throws(
        () => parseRunDocument(text, 'f.json'),
        (error: unknown) => {
          assert.ok(error instanceof Error && 'code' in error && 'hint' in error);
          assert.equal(error.code, 'bad-document');
          assert.match(error.message, pattern);
          assert.equal(typeof error.hint, 'string');
          return true;
        },
      );
    });
  }
});
