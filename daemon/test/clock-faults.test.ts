/** Real daemons on a clock that is wrong, by libfaketime: nothing is removed, and schedules and runs go on afterwards. */

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { openHistory } from '../src/history/history.ts';
import { exampleSchedule, finishedRun } from './example-histories.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { runToEnd, TestDaemon, tinyModel } from './test-daemon.ts';

const library = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
].find((path) => existsSync(path));
const skip = library === undefined && 'there is no libfaketime';

const day = 86_400_000;
const model = tinyModel();

/** The time of day of a process, and not what measures durations. */
const shifted = (time: Readonly<Record<string, string>>) => ({
  LD_PRELOAD: library ?? '',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  ...time,
});

/** A folder with 40 runs and a daily schedule. */
function usedFolder(): string {
  const dataFolder = temporaryFolder();
  using history = openHistory(dataFolder).history;
  for (let run = 0; run < 40; run += 1) {
    finishedRun(history);
  }
  history.schedules.add(
    exampleSchedule({
      timing: { kind: 'every', seconds: 86_400 },
      jitterSeconds: 0,
      ...model,
      paused: false,
    }),
  );
  return dataFolder;
}

const totalOf = async (client: DaemonClient) => (await client.call('listRuns', { limit: 1 })).total;

/** The notice of the clock, once there is one. */
async function clockNotice(client: DaemonClient): Promise<string | undefined> {
  // A change of the retention has the daemon look at once, and remove what it may.
  await client.call('setSettings', { retentionDays: 365 });
  for (let look = 0; look < 40; look += 1) {
    const { notices } = await client.call('status', {});
    const found = notices.find(({ message }) => message.startsWith('The clock showed '));
    if (found !== undefined) {
      return found.message;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}

for (const [where, time] of [
  ['18 months ahead', '+548d'],
  ['in 1970', '@1970-01-02 00:00:00'],
  ['in 2037', '@2037-06-01 00:00:00'],
] as const) {
  test(`a daemon started once with a clock ${where} keeps every run`, { skip }, async () => {
    const dataFolder = usedFolder();
    const wrong = await TestDaemon.connected({ dataFolder, environment: shifted({ FAKETIME: time }) });
    const { asOf } = await wrong.client.call('status', {});
    assert.ok(Math.abs(Date.parse(asOf) - Date.now()) > 300 * day, 'the clock is the wrong one');
    assert.match((await clockNotice(wrong.client)) ?? '', /was expected/);
    const run = await runToEnd(wrong.client, { ...model, iterations: 1 });
    assert.ok((run.seconds ?? 0) < 60);
    await wrong.daemon.kill('SIGTERM');

    const { client } = await TestDaemon.connected({ dataFolder });
    assert.equal(await clockNotice(client), undefined);
    assert.ok((await totalOf(client)) >= 41);
    assert.equal((await client.call('getRun', { runId: run.id })).record.state, 'complete');
    const [schedule] = (await client.call('listSchedules', {})).schedules;
    const until = Date.parse(schedule?.nextAt ?? '') - Date.now();
    assert.ok(until <= day, `the next check is in ${until / day} days`);
  });
}

test('a clock that steps in the life of a daemon removes nothing, and is told', { skip }, async () => {
  const dataFolder = usedFolder();
  const file = join(temporaryFolder(), 'time');
  writeFileSync(file, '+0d\n');
  const { client } = await TestDaemon.connected({
    dataFolder,
    environment: shifted({ FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' }),
  });
  assert.equal(await clockNotice(client), undefined);
  for (const step of ['+548d', '-20000d']) {
    writeFileSync(file, `${step}\n`);
    assert.match((await clockNotice(client)) ?? '', /was expected/, step);
    assert.ok((await runToEnd(client, { ...model, iterations: 1 })).id > 40);
  }
  writeFileSync(file, '+0d\n');
  await client.call('setSettings', { retentionDays: 365 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual((await client.call('status', {})).notices, []);
  assert.ok((await totalOf(client)) >= 42);
});
