/** `tidemark acceptance` as a person uses it, and that what it writes names nobody. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  acceptanceChecks,
  acceptanceDocument,
  acceptanceListDocument,
} from '@tidemark/shared/protocol/acceptance-document.ts';
import { cliOver, documentIn, refuses, runCli } from '../../test/cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { publicWords } from './public-words.ts';
import { allChecks } from './run-acceptance.ts';
import { assertionsOf, sleepsIn } from './sleep-check.ts';

test('the checks are listed in the order in which they run', async () => {
  assert.deepEqual(
    allChecks.map(({ id }) => id),
    acceptanceChecks,
  );
  const listed = await runCli('acceptance --list --json');
  assert.deepEqual(
    documentIn(acceptanceListDocument, listed).checks.map(({ id }) => id),
    acceptanceChecks,
  );
});

test('what was asked for is run, and a page and a document are written', async () => {
  const home = temporaryFolder();
  const environment = { TIDEMARK_HOME: home, HOME: home, PATH: home };
  const finished = await runCli(
    ['acceptance', '--only', 'notification,service-install', '--json', '--out', join(home, 'page')],
    { environment },
  );
  assert.equal(finished.code, 0, finished.stderr);
  const document = documentIn(acceptanceDocument, finished);
  assert.deepEqual(
    document.checks.map(({ id }) => id),
    ['service-install', 'notification'],
  );
  assert.deepEqual(JSON.parse(readFileSync(join(home, 'page.json'), 'utf8')), document);
  assert.match(readFileSync(join(home, 'page.html'), 'utf8'), /^<!doctype html>/);
  assert.deepEqual(readdirSync(home).sort(), ['page.html', 'page.json']);
});

test('a model that is not there fails the profile, with what the command said', async () => {
  const home = temporaryFolder();
  const finished = await runCli(
    ['acceptance', '--only', 'profile', '--models', join(home, 'none'), '--out', join(home, 'page')],
    { environment: { TIDEMARK_HOME: home } },
  );
  assert.equal(finished.code, 1);
  assert.match(
    finished.stdout,
    /✗ Profile: failed\. Expected: `tidemark profile` ends with exit code 0\. Found: exit code 1/,
  );
  assert.match(finished.stdout, /1 check in .*: 0 passed, 1 failed, 0 skipped\./);
});

test('checks and places that do not exist are refused before anything runs', async () => {
  const cli = cliOver(temporaryFolder());
  await refuses(cli, 2, [['acceptance --only nothing', /There is no check nothing/]]);
  await refuses(cli, 1, [['acceptance --out /nowhere/page', /The page cannot be written/]]);
});

test('homes, users, folders, and the machine are taken out of every text, and fixed words stay', () => {
  const words = publicWords({
    folders: ['/home/jane/tidemark', '/var/folders/x1/T/tidemark-acceptance-Ab'],
    homes: ['/home/jane'],
    users: ['jane'],
    host: 'janes-mac.example.org',
  });
  assert.deepEqual(
    words({
      id: 'daemon',
      texts: [
        '/home/jane/tidemark/daemon/src/cli/main.js',
        '/private/var/folders/x1/T/tidemark-acceptance-Ab/data',
        'Jane’s models are in /home/jane/models, those of /Users/joe/x are not',
        'janet on janes-mac.example.org (janes-mac) read /tmp/other/file',
      ],
    }),
    {
      id: 'daemon',
      texts: [
        './daemon/src/cli/main.js',
        './data',
        '~’s models are in ~/models, those of ~/x are not',
        'janet on (this machine) ((this machine)) read (temporary)',
      ],
    },
  );
});

test('of what pmset prints, the assertions of one process count, and the sleeps since a moment', () => {
  const assertions = [
    'Listed by owning process:',
    '   pid 351(coreaudiod): [0x0001] 00:01:02 PreventUserIdleSystemSleep named: "audio"',
    '   pid 51(node): [0x0002] 00:00:02 PreventUserIdleSystemSleep named: "x"',
  ].join('\n');
  assert.deepEqual(assertionsOf(assertions, 51), [
    'pid 51(node): [0x0002] 00:00:02 PreventUserIdleSystemSleep named: "x"',
  ]);
  assert.deepEqual(assertionsOf(assertions, 35), []);
  const log = [
    'Time stamp                Domain',
    "2026-11-26 23:00:00 +0100 Sleep               \tEntering Sleep state due to 'Clamshell Sleep'",
    '2026-11-27 07:00:00 +0100 Wake                \tWake from Normal Sleep',
    "2026-11-27 10:30:00 +0100 Sleep               \tEntering Sleep state due to 'Idle Sleep'",
  ].join('\n');
  assert.deepEqual(sleepsIn(log, Date.parse('2026-11-27T09:00:00Z')), { all: 2, later: 1 });
});
