/** A daemon whose history holds rows that cannot be read works with the others, and says which they are. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { historyFile, openHistory } from '../src/history/history.ts';
import type { History } from '../src/history/history.ts';
import { exampleAlert, exampleRun, exampleSchedule, runAtWork } from './example-histories.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { TestDaemon, tinyModel, untilEnded } from './test-daemon.ts';

/** A data folder with what `fill` puts into its history, and then the changes of `sql`. */
function folderWith(fill: (history: History) => void, sql: readonly string[]): string {
  const folder = temporaryFolder();
  {
    using history = openHistory(folder).history;
    fill(history);
  }
  const database = new DatabaseSync(historyFile(folder));
  for (const statement of sql) {
    database.exec(statement);
  }
  database.close();
  return folder;
}

test('what cannot be read stops neither the queue nor the schedules, is named, and can be removed', async () => {
  const tiny = tinyModel();
  const folder = folderWith(
    (history) => {
      for (let made = 0; made < 6; made += 1) {
        history.runs.add(
          exampleRun({ request: { kind: 'profile', parameters: { ...tiny, iterations: 1 } }, iterations: 1 }),
        );
      }
      runAtWork(history);
      runAtWork(history);
      history.schedules.add(exampleSchedule({ timing: { kind: 'every', seconds: 60 } }));
      history.schedules.add(exampleSchedule({ timing: { kind: 'every', seconds: 60 } }));
      history.alerts.add(exampleAlert());
      history.settings.change({ idleUnloadSeconds: 60 });
    },
    [
      `UPDATE run_requests SET request = '{"kind"' WHERE run_id = 1`,
      `UPDATE run_requests SET request = '{"kind":"survey","parameters":{}}' WHERE run_id = 2`,
      `UPDATE run_requests SET request = '{"kind":"profile","parameters":{"iterations":1}}' WHERE run_id = 3`,
      `UPDATE run_requests SET request = '[]' WHERE run_id = 4`,
      `UPDATE runs SET models = '7' WHERE id = 5`,
      `UPDATE runs SET trigger_kind = 'oracle' WHERE id = 7`,
      `UPDATE schedules SET settings = json_set(settings, '$.timing', json('{"kind":"cron","expression":"0 0 31 2 *"}')) WHERE id = 1`,
      `UPDATE alerts SET kind = 'mood'`,
      `UPDATE settings SET value = '{'`,
    ],
  );
  const { daemon, client } = await TestDaemon.connected({ dataFolder: folder });
  const ended = await untilEnded(client, 6);
  assert.equal(ended.state, 'complete', ended.reason ?? '');
  for (const id of [1, 2, 3, 4]) {
    const { record } = await client.call('getRun', { runId: id });
    assert.equal(record.state, 'failed');
    assert.match(record.reason ?? '', /^What was requested cannot be read: /u);
  }
  const runs = await client.call('listRuns', {});
  assert.deepEqual(
    [runs.runs.map(({ id }) => id), runs.unreadable?.map(({ id }) => id)],
    [
      [8, 6, 4, 3, 2, 1],
      [7, 5],
    ],
  );
  const { schedules, unreadable } = await client.call('listSchedules', {});
  assert.deepEqual([schedules.map(({ id }) => id), unreadable?.map(({ id }) => id)], [[2], [1]]);
  assert.ok(schedules[0]?.nextAt !== undefined);

  const notices = async (): Promise<string[]> =>
    (await client.call('status', {})).notices.map(({ message, hint = '' }) => `${message} ${hint}`);
  const all = (await notices()).join('\n');
  for (const named of [
    /Run #1 was queued and cannot be started\./u,
    /`tidemark runs delete 5`/u,
    /31 2 \*" names a date that never occurs.*`tidemark schedule remove 1`/u,
    /Alert #1 .*`tidemark alerts ack 1`/u,
    /idleUnloadSeconds/u,
  ]) {
    assert.match(all, named);
  }

  for (const runId of [1, 2, 3, 4, 5, 7]) {
    await client.call('deleteRun', { runId });
  }
  await client.call('removeSchedule', { id: 1 });
  assert.deepEqual(await client.call('acknowledgeAlerts', { id: 1 }), { alerts: [] });
  await client.call('setSettings', { idleUnloadSeconds: 120 });
  assert.deepEqual(await notices(), []);
  daemon.signal('SIGTERM');
  assert.deepEqual(await daemon.ended, { code: 0, signal: null });
});

test('a start that cannot listen ends with an error, and begins nothing that was queued', async () => {
  const folder = folderWith((history) => void history.runs.add(exampleRun()), []);
  const socket = socketPathOf(folder);
  mkdirSync(socket, { recursive: true });
  writeFileSync(`${socket}/in-the-way`, '');
  const daemon = TestDaemon.spawn({ dataFolder: folder });
  const ended = await Promise.race([daemon.ended, delay(20_000)]);
  assert.deepEqual(ended, { code: 1, signal: null });
  assert.match(daemon.stderr, /in the way of the daemon's socket/u);
  using history = openHistory(folder).history;
  assert.equal(history.runs.need(1).state, 'queued');
});
