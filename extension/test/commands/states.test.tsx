/** Whatever stands between a view and the daemon has its own screen, with the action that resolves it. */

import { describe, expect, test } from 'vitest';
import CompareModels from '../../src/compare-models.tsx';
import LeakChecks from '../../src/leak-checks.tsx';
import ProfileMemory from '../../src/profile-memory.tsx';
import Runs from '../../src/runs.tsx';
import { launch } from '../harness/launch.ts';
import { home, ScriptedDaemon, silence } from '../harness/surroundings.ts';
import { raycast } from '../raycast-api/raycast.ts';

interface State {
  readonly name: string;
  /** Brings the state about, and gives the preferences with which it is met. */
  readonly begin: () => Promise<Readonly<Record<string, string>>>;
  readonly title: string;
  /** The first action, which resolves it. */
  readonly action: RegExp;
}

let daemon: ScriptedDaemon | undefined;

async function withDaemon(...args: Parameters<typeof ScriptedDaemon.start>): Promise<{ dataFolder: string }> {
  daemon = await ScriptedDaemon.start(...args);
  return { dataFolder: daemon.dataFolder };
}

const states: readonly State[] = [
  {
    name: 'no tidemark on the machine',
    begin: async () => ({ dataFolder: home.dataFolder }),
    title: 'Tidemark Is Not Set Up',
    action: /^Set Path to Tidemark$/,
  },
  {
    name: 'a daemon that is not installed',
    begin: async () => ({ dataFolder: home.dataFolder, tidemarkPath: home.tidemark() }),
    title: 'The Daemon Is Not Installed',
    action: /^Install Daemon/,
  },
  {
    name: 'a daemon that does not run',
    begin: async () => {
      home.installService();
      return { dataFolder: home.dataFolder, tidemarkPath: home.tidemark() };
    },
    title: 'The Daemon Is Not Running',
    action: /^Start Daemon$/,
  },
  {
    name: 'a daemon that starts',
    begin: async () => {
      home.noteDaemon();
      return { dataFolder: home.dataFolder };
    },
    title: 'The Daemon Is Starting',
    action: /^Try Again$/,
  },
  {
    name: 'a daemon of an older version',
    begin: () => withDaemon({}, { protocolVersion: 0, version: '0.0.9' }),
    title: 'The Daemon Is a Different Version',
    action: /^Restart Daemon$/,
  },
  {
    name: 'a daemon of a newer version',
    begin: () => withDaemon({}, { protocolVersion: 2, version: '9.0.0' }),
    title: 'The Daemon Is a Different Version',
    action: /Store|Update/,
  },
  {
    name: 'a daemon that does not answer',
    begin: () => withDaemon({ hello: () => silence }),
    title: 'The Daemon Is Not Responding',
    action: /^Try Again$/,
  },
];

const commands = [
  ['profile-memory', ProfileMemory],
  ['runs', Runs],
  ['compare-models', CompareModels],
  ['leak-checks', LeakChecks],
] as const;

describe.each(commands)('%s', (name, command) => {
  test.each(states)('$name', async ({ begin, title, action }) => {
    const preferences = await begin();
    const screen = launch(name, command, { preferences });
    const view = await screen.until(title, () => screen.all('List.EmptyView', title)[0]);
    expect(screen.actionsOf(view)[0]).toMatch(action);
    expect(String(view.props['description'])).toMatch(/\.$/);
    expect(raycast.toasts).toEqual([]);
  });
});

describe('what resolves it', () => {
  test('a daemon that starts is found by itself when it listens', async () => {
    daemon = new ScriptedDaemon({ listRuns: () => ({ runs: [], total: 0 }) });
    const { mkdirSync, writeFileSync } = await import('node:fs');
    mkdirSync(`${daemon.dataFolder}/run`, { recursive: true });
    writeFileSync(`${daemon.dataFolder}/run/daemon.json`, JSON.stringify({ pid: process.pid }));
    const screen = launch('runs', Runs, { preferences: { dataFolder: daemon.dataFolder } });
    await screen.until('it starts', () => screen.all('List.EmptyView', 'The Daemon Is Starting')[0]);
    await daemon.listen();
    await screen.until('it is there', () => screen.all('List.EmptyView', 'No Runs Yet')[0]);
  });

  test('a daemon that does not run is started, and asked again', async () => {
    daemon = new ScriptedDaemon({ listRuns: () => ({ runs: [], total: 0 }), status: () => silence });
    home.installService();
    const preferences = { dataFolder: daemon.dataFolder, tidemarkPath: home.tidemark() };
    const screen = launch('runs', Runs, { preferences });
    await screen.until('it does not run', () => screen.all('List.EmptyView', 'The Daemon Is Not Running')[0]);
    const listening = daemon.listen();
    await screen.press('Start Daemon');
    await listening;
    await screen.until('it is there', () => screen.all('List.EmptyView', 'No Runs Yet')[0]);
    expect(home.calls[0]).toMatch(/^service start\b/);
  });

  test('installing asks for consent first, and does nothing without it', async () => {
    const preferences = { dataFolder: home.dataFolder, tidemarkPath: home.tidemark() };
    const screen = launch('runs', Runs, { preferences, confirm: () => false });
    await screen.until(
      'it is not installed',
      () => screen.all('List.EmptyView', 'The Daemon Is Not Installed')[0],
    );
    await screen.press('Install Daemon');
    expect(raycast.alerts.length).toBe(1);
    expect(JSON.stringify(raycast.alerts[0])).toMatch(/launchd|background|log ?in/i);
    expect(home.calls).toEqual([]);
  });

  test('with consent the daemon is installed by the tidemark command', async () => {
    const preferences = { dataFolder: home.dataFolder, tidemarkPath: home.tidemark() };
    const screen = launch('runs', Runs, { preferences });
    await screen.until(
      'it is not installed',
      () => screen.all('List.EmptyView', 'The Daemon Is Not Installed')[0],
    );
    await screen.press('Install Daemon');
    await screen.until('it was called', () => home.calls.length > 0);
    expect(home.calls[0]).toMatch(/^service install\b/);
  });

  test('what the command says goes wrong is told in a toast', async () => {
    home.installService();
    const tidemarkPath = home.tidemark('echo "The manager of services refused." >&2; exit 1');
    const screen = launch('runs', Runs, { preferences: { dataFolder: home.dataFolder, tidemarkPath } });
    await screen.until('it does not run', () => screen.all('List.EmptyView', 'The Daemon Is Not Running')[0]);
    await screen.press('Start Daemon');
    await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'FAILURE'));
    expect(JSON.stringify(raycast.toasts)).toContain('The manager of services refused.');
  });
});
