/** Notifications: what the system is asked to show, and that no text can become a script. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import fc from 'fast-check';
import { showNotification } from './notification.ts';

const alert: Alert = {
  id: 3,
  kind: 'peak',
  scheduleId: 1,
  scheduleName: 'nightly',
  model: 'bf16',
  state: 'open',
  raisedAt: '2026-06-01T03:00:00.000Z',
  reason: 'Peak memory of bf16 was 730.0 MB in 3 consecutive checks.',
  hint: 'Run `tidemark compare 4 7` to see what changed.',
  runIds: [5, 6, 7],
};

async function shown(
  changes: Partial<Alert> = {},
  platform: NodeJS.Platform = 'darwin',
): Promise<string[][]> {
  const calls: string[][] = [];
  const run = (program: string, programArguments: readonly string[]): Promise<void> => {
    calls.push([program, ...programArguments]);
    return Promise.resolve();
  };
  await showNotification({ ...alert, ...changes }, { platform, run });
  return calls;
}

const script = [
  '-e',
  'on run argv',
  '-e',
  'display notification (item 3 of argv) with title (item 1 of argv) subtitle (item 2 of argv)',
  '-e',
  'end run',
];

test('on macOS the title, the schedule, the reason and the hint are shown', async () => {
  assert.deepEqual(await shown(), [
    [
      '/usr/bin/osascript',
      ...script,
      'Tidemark',
      'Peak memory above its baseline: nightly',
      'Peak memory of bf16 was 730.0 MB in 3 consecutive checks. Run `tidemark compare 4 7` to see what changed.',
    ],
  ]);
});

test('elsewhere nothing is run', async () => {
  assert.deepEqual(await shown({}, 'linux'), []);
  assert.deepEqual(await shown({}, 'win32'), []);
});

test('a text that is AppleScript stays a text, as an argument of a script that never changes', async () => {
  const attack = '" & (do shell script "touch owned") & "';
  const [call] = await shown({ scheduleName: attack, reason: `-e ${attack}\\`, hint: '-' });
  assert.deepEqual(call?.slice(1, 8), [...script, 'Tidemark']);
  assert.equal(call[8], `Peak memory above its baseline: ${attack}`);
  assert.equal(call[9], `-e ${attack}\\ -`);
});

test('whatever the texts are, there are three, none an option, on one line, well formed and not too long', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({ unit: 'binary', maxLength: 400 }),
      async (scheduleName, reason) => {
        const [call = []] = await shown({ scheduleName, reason });
        assert.deepEqual(call.slice(1, 8), [...script, 'Tidemark']);
        const texts = call.slice(8);
        assert.equal(texts.length, 2);
        for (const text of texts) {
          assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text));
          assert.ok(text.isWellFormed());
          assert.ok(Array.from(text).length <= 240);
        }
      },
    ),
  );
});

test('a failure comes to whoever asked for it', async () => {
  const error = new Error('execution error: Not authorised (-1743)');
  await assert.rejects(
    showNotification(alert, { platform: 'darwin', run: () => Promise.reject(error) }),
    error,
  );
});
