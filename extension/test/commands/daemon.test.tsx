/** Daemon: its exact state, in words, with what can be done about it. */

import { expect, test } from 'vitest';
import { exampleRun, exampleStatus } from '@tidemark/client/testing/example-messages';
import Daemon from '../../src/daemon.tsx';
import { launch } from '../harness/launch.ts';
import type { LaunchOptions } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { home, ScriptedDaemon, silence } from '../harness/surroundings.ts';
import { raycast } from '../raycast-api/raycast.ts';

let daemon: ScriptedDaemon | undefined;

const open = (preferences: Record<string, string>, options: LaunchOptions = {}): Screen =>
  launch('daemon', Daemon, { preferences: { dataFolder: home.dataFolder, ...preferences }, ...options });

const states: readonly [string, () => Promise<Record<string, string>>, string, RegExp][] = [
  ['no tidemark', async () => ({}), 'Not Set Up', /Set Path to Tidemark/],
  ['no service', async () => ({ tidemarkPath: home.tidemark() }), 'Not Installed', /Install Daemon/],
  [
    'a stopped service',
    async () => {
      home.installService();
      return { tidemarkPath: home.tidemark() };
    },
    'Stopped',
    /Start Daemon/,
  ],
  [
    'a start under way',
    async () => {
      home.noteDaemon();
      return {};
    },
    'Starting',
    /./,
  ],
  [
    'another version',
    async () => {
      home.installService();
      daemon = await ScriptedDaemon.start({}, { protocolVersion: 0 });
      return { dataFolder: daemon.dataFolder, tidemarkPath: home.tidemark() };
    },
    'Different Version',
    /Restart Daemon/,
  ],
  [
    'no answer',
    async () => {
      home.installService();
      daemon = await ScriptedDaemon.start({ status: () => silence });
      return { dataFolder: daemon.dataFolder, tidemarkPath: home.tidemark() };
    },
    'Not Responding',
    /Restart Daemon/,
  ],
  [
    'a daemon that was started by hand',
    async () => {
      daemon = await ScriptedDaemon.start({ status: () => exampleStatus() });
      return { dataFolder: daemon.dataFolder, tidemarkPath: home.tidemark() };
    },
    'Running, Not Installed',
    /Install Daemon/,
  ],
  [
    'a daemon that launchd started',
    async () => {
      home.installService();
      daemon = await ScriptedDaemon.start({ status: () => exampleStatus() });
      return { dataFolder: daemon.dataFolder, tidemarkPath: home.tidemark() };
    },
    'Running',
    /Restart Daemon/,
  ],
];

test.each<readonly [string, () => Promise<ScriptedDaemon>]>([
  ['of another version', () => ScriptedDaemon.start({}, { protocolVersion: 0 })],
  ['that does not answer', () => ScriptedDaemon.start({ status: () => silence })],
  ['that runs', () => ScriptedDaemon.start({ status: () => exampleStatus() })],
])('a daemon %s and is no service is not restarted from here', async (_name, start) => {
  daemon = await start();
  const screen = open({ dataFolder: daemon.dataFolder, tidemarkPath: home.tidemark() });
  await screen.until('its actions', () => screen.all('List.Item', 'Install Daemon')[0]);
  expect(screen.titles).not.toContain('Restart Daemon');
  expect(screen.titles).not.toContain('Start Daemon');
});

test.each(states)('%s is named, with what can be done', async (_name, begin, word, action) => {
  const screen = open(await begin());
  await screen.until(word, () => screen.all('List.Item', word)[0]);
  expect(screen.titles.join('\n')).toMatch(action);
});

test('the run that keeps it busy is shown, and can be cancelled', async () => {
  let cancelled: unknown;
  daemon = await ScriptedDaemon.start({
    status: () => exampleStatus(),
    cancel: (parameters) => ((cancelled = parameters), exampleRun(8, { state: 'cancelled' })),
  });
  const screen = open({ dataFolder: daemon.dataFolder });
  const item = await screen.until('the run', () => screen.all('List.Item', /^Running: /)[0]);
  await screen.press('Cancel Run', item);
  await screen.until('it is cancelled', () => cancelled !== undefined);
  expect(cancelled).toEqual({ runId: 8 });
});

test('a host that crashed is told with its signal', async () => {
  const status = exampleStatus();
  daemon = await ScriptedDaemon.start({
    status: () => ({ ...status, host: { ...status.host, state: 'backing-off' } }),
  });
  const screen = open({ dataFolder: daemon.dataFolder });
  const item = await screen.until('the host', () => screen.all('List.Item', /^Model Host: Crashed/)[0]);
  expect(JSON.stringify(item.children.length)).not.toBe('0');
  expect(screen.text).toMatch(/was killed/);
});

test('installing asks for consent, and names the launchd agent', async () => {
  const screen = open({ tidemarkPath: home.tidemark() }, { confirm: () => false });
  const item = await screen.until('it', () => screen.all('List.Item', 'Install Daemon')[0]);
  await screen.press('Install Daemon', item);
  expect(JSON.stringify(raycast.alerts)).toMatch(/launchd|log in/i);
  expect(home.calls.filter((call) => /service install(?!.*--dry-run)/.test(call))).toEqual([]);
});

test('it looks again by itself, and stops when it is closed', async () => {
  daemon = await ScriptedDaemon.start({ status: () => exampleStatus() });
  const own = daemon;
  const screen = open({ dataFolder: own.dataFolder });
  await screen.until(
    'a second look',
    () => own.methodsAsked().filter((name) => name === 'status').length >= 2,
  );
  screen.close();
  await expect.poll(() => own.connections).toBe(0);
});
