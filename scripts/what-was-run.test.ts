/** The README's tables of what was run where are those of the pages in docs/acceptance, which name no person and no place. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleAcceptance } from '@tidemark/shared/test/example-acceptance.ts';
import { acceptanceFolder, readPages, readReadme, withTables } from './what-was-run.ts';

test('the README has the tables of the pages', async () => {
  const readme = await readReadme();
  const pages = await readPages();
  assert.ok(pages.length > 0);
  assert.equal(await withTables(readme, pages), readme, 'run `npm run what-was-run`');
});

test('the newest page of each kind of machine counts, and a kind without one is said to have none', async () => {
  const older = exampleAcceptance();
  const failed = exampleAcceptance({ startedAt: '2026-11-28T10:00:00.000Z' });
  const written = await withTables(await readReadme(), [
    { name: 'older', document: older },
    { name: 'newer', document: failed },
  ]);
  assert.match(written, /docs\/acceptance\/newer\.html\), 2026-11-28/);
  assert.doesNotMatch(written, /older\.html/);
  assert.match(written, /\| Daemon +\| – +\| – +\| failed +\|/);
  assert.match(written, /- Mac: no page yet/);
});

test('no page names a person, a home, or the machine', () => {
  for (const name of readdirSync(acceptanceFolder)) {
    const text = readFileSync(join(acceptanceFolder, name), 'utf8');
    const said = [homedir(), hostname(), userInfo().username]
      .filter((word) => word.length > 4)
      .filter((word) => text.includes(word));
    assert.deepEqual(said, [], name);
    assert.doesNotMatch(text, /\/(?:home|Users|root|tmp|private|var\/folders)\b/, name);
  }
});
