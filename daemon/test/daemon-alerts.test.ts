/** An alert from its first sign to its end: a real daemon, a host whose peak the test sets, and the command line. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { levelRule } from '@tidemark/shared/analysis/sustained-level.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import { runCli } from './cli.ts';
import { scriptedHost } from './scripted-host.ts';
import { newDataFolder, TestDaemon, tinyModel, untilEnded } from './test-daemon.ts';

test('a peak that stays up raises one alert, which is told, acknowledged and resolved when the peak is back', async () => {
  const folder = newDataFolder();
  const peakFile = join(folder, 'peak');
  const hostEntry = scriptedHost(
    folder,
    `const { readFileSync } = process.getBuiltinModule('node:fs');
    const peak = () => ({ peakBytes: Number(readFileSync(${JSON.stringify(peakFile)}, 'utf8')) });
    const answers = {
      load: () => load,
      iterate: ({ parameters }) => ({ ...sample(parameters), ...peak() }),
      memory: () => ({ activeBytes: 1010, cacheBytes: 0, footprintBytes: 2000, ...peak() }),
    };
    process.on('message', (request) => answer(request, answers[request.method](request)));
    ready();`,
  );
  const daemon = await TestDaemon.start({ hostEntry });
  await using client = await daemon.client();
  const { model, voice } = tinyModel();
  const { id } = await client.call('setSchedule', {
    settings: {
      name: 'hourly',
      timing: { kind: 'every', seconds: 3600 },
      model,
      voice,
      text: 'a.',
      iterations: 3,
      warmupIterations: 0,
      jitterSeconds: 0,
      skipOnBattery: false,
      skipInLowPowerMode: false,
      paused: false,
    },
  });
  const told: Alert[] = [];
  const count = (): number => told.length;
  await client.subscribe('alerts', (alert) => void told.push(alert));
  const check = async (peakBytes: number, times: number): Promise<void> => {
    writeFileSync(peakFile, String(peakBytes));
    for (let time = 0; time < times; time += 1) {
      const run = await client.call('checkNow', { id });
      const { state, reason } = await untilEnded(client, run.id);
      assert.equal(state, 'complete', reason ?? '');
    }
  };
  const { sustainedChecks } = defaultDaemonSettings.alerts;

  await check(100_000_000, levelRule.fewestEarlier);
  await check(130_000_000, sustainedChecks - 1);
  assert.equal(count(), 0, 'a level that has not lasted is no alert');
  await check(130_000_000, 2);
  assert.equal(count(), 1, 'and one that lasts is one, once');
  const [raised] = told;
  assert.equal(raised?.kind, 'peak');
  assert.equal(raised.baseline, 100_000_000);
  assert.equal(raised.observed, 130_000_000);
  assert.equal(raised.runIds.length, sustainedChecks);
  const status = await client.call('status', {});
  assert.deepEqual(status.alerts, { open: 1, acknowledged: 0, latest: raised });

  const environment = { TIDEMARK_HOME: daemon.dataFolder };
  const listed = await runCli(['alerts'], { environment });
  assert.ok(listed.stdout.includes('130.0 MB'), listed.stdout);
  const acknowledged = await runCli(['alerts', 'ack', String(raised.id)], { environment });
  assert.equal(acknowledged.code, 0, acknowledged.stderr);
  assert.equal(told.at(-1)?.state, 'acknowledged');

  await check(100_000_000, sustainedChecks);
  assert.equal(told.at(-1)?.state, 'resolved');
  assert.deepEqual((await client.call('listAlerts', {})).alerts, []);
});
