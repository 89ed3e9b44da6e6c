/** The document and the page of an acceptance. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { exampleAcceptance } from '../../test/example-acceptance.ts';
import { assertSchema } from '../../test/mutations.ts';
import { acceptanceDocument } from '../protocol/acceptance-document.ts';
import { acceptancePage } from './acceptance-page.ts';

test('a document passes, and no mutation of it does that should not', () => {
  assertSchema(
    acceptanceDocument,
    exampleAcceptance(),
    (path, kind) =>
      kind === 'removed' &&
      /(^machine\.backend|^versions\.mlx|\.remark|commands\.\d+\.(exitCode|signal|seconds|output))$/.test(
        path,
      ),
  );
});

test('a check with something that does not hold has not passed, and a failed check is a failed acceptance', () => {
  const { checks } = exampleAcceptance();
  const [passed, failed] = checks;
  const refused = [
    { ...exampleAcceptance(), outcome: 'passed' },
    exampleAcceptance({ checks: passed === undefined ? [] : [passed] }),
    { ...exampleAcceptance(), checks: [{ ...failed, status: 'passed' }] },
  ];
  for (const document of refused) {
    assert.equal(v.safeParse(acceptanceDocument, document).success, false);
  }
});

test('the page says of each check what came of it, and of a failed one the evidence', () => {
  const page = acceptancePage(exampleAcceptance());
  for (const said of [
    '1 check failed (Daemon): 1 of 3 checks passed, 1 skipped.',
    'It is set up. In part.',
    'Expected: an answer. Found: none.',
    'This machine says nothing of its power supply.',
    '$ tidemark daemon\n# SIGKILL, 1 min 0 s\nit &lt;hangs&gt;',
  ]) {
    assert.ok(page.includes(said), said);
  }
  assert.doesNotMatch(page, /https?:\/\/|<script|<link/);
});
