/** Whatever stands between a view and the daemon has its own screen, with the action that resolves it. */

import { describe, expect, test } from 'vitest';
import type { ServiceDocument } from '@tidemark/client/protocol/daemon-documents';
import CompareModels from '../../src/compare-models.tsx';
import LeakChecks from '../../src/leak-checks.tsx';
import ProfileMemory from '../../src/profile-memory.tsx';
import Runs from '../../src/runs.tsx';
import { launch } from '../harness/launch.ts';
import { home, noteDaemon, ScriptedDaemon, silence } from '../harness/surroundings.ts';
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

/** What `tidemark service` prints. */
const exampleService = (changes: Partial<ServiceDocument> = {}): ServiceDocument => ({
  kind: 'service',
  schemaVersion: 1,
  asOf: '2026-01-01T00:00:00.000Z',
  action: 'status',
  isDryRun: false,
  manager: 'launchd',
  state: 'running',
  message: 'The daemon is running.',
  label: 'dev.tidemark.daemon',
  isInstalled: true,
  isLoaded: true,
  isDisabled: false,
  differences: [],
  version: '0.1.0',
  program: ['/node', 'daemon'],
  dataFolder: home.dataFolder,
  logFile: '/log',
  steps: [],
  notices: [],
  ...changes,
});

const states: readonly State[] = [
  {
    name: 'no tidemark on the machine',
    begin: async () => ({ dataFolder: home.dataFolder }),
    title: 'Tidemark Is Not Set Up',
    action: /^Show First Steps$/,
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
    name: 'a service of which an older version runs',
    begin: async () => {
      home.installService();
      const folder = await withDaemon({}, { protocolVersion: 0, version: '0.0.9' });
      return { ...folder, tidemarkPath: home.tidemark() };
    },
    title: 'The Daemon Is a Different Version',
    action: /^Restart Daemon$/,
  },
  {
    name: 'a daemon of an older version that was started by hand',
    begin: async () => ({
      ...(await withDaemon({}, { protocolVersion: 0, version: '0.0.9' })),
      tidemarkPath: home.tidemark(),
    }),
    title: 'The Daemon Is a Different Version',
    action: /^Copy Terminal Command$/,
  },
  {
    name: 'a daemon whose process id is now that of another process, as a service',
    begin: async () => {
      home.installService();
      home.noteDaemon({ mark: 'of a process that is gone' });
      return { dataFolder: home.dataFolder, tidemarkPath: home.tidemark() };
    },
    title: 'The Daemon Is Not Running',
    action: /^Start Daemon$/,
  },
  {
    name: 'a daemon whose process id is now that of another process, started by hand',
    begin: async () => {
      home.noteDaemon({ mark: 'of a process that is gone', secondsAgo: 3600 });
      return { dataFolder: home.dataFolder, tidemarkPath: home.tidemark() };
    },
    title: 'The Daemon Is Not Installed',
    action: /^Install Daemon/,
  },
  {
    name: 'a service that has been starting for minutes',
    begin: async () => {
      home.installService();
      home.noteDaemon({ secondsAgo: 300 });
      return { dataFolder: home.dataFolder, tidemarkPath: home.tidemark() };
    },
    title: 'The Daemon Is Not Responding',
    action: /^Try Again$/,
  },
  {
    name: 'a service without the command that starts it',
    begin: async () => {
      home.installService();
      return { dataFolder: home.dataFolder };
    },
    title: 'The Daemon Is Not Running',
    action: /^Set Path to Tidemark$/,
  },
  {
    name: 'a wrong path to the command',
    begin: async () => ({ dataFolder: home.dataFolder, tidemarkPath: '/no/such/tidemark' }),
    title: 'A Path in the Preferences Is Wrong',
    action: /^Open Preferences$/,
  },
  {
    name: 'a data folder that is not there',
    begin: async () => ({ dataFolder: '/no/such/folder', tidemarkPath: home.tidemark() }),
    title: 'A Path in the Preferences Is Wrong',
    action: /^Open Preferences$/,
  },
  {
    name: 'a daemon of a newer version',
    begin: () => withDaemon({}, { protocolVersion: 99, version: '9.0.0' }),
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
    noteDaemon(daemon.dataFolder);
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

  test('a service that keeps its data elsewhere is told, with where', async () => {
    home.installService();
    const document = exampleService({ action: 'start', dataFolder: '/elsewhere' });
    const tidemarkPath = home.tidemark(`echo '${JSON.stringify(document)}'`);
    const screen = launch('runs', Runs, { preferences: { dataFolder: home.dataFolder, tidemarkPath } });
    await screen.until('it does not run', () => screen.all('List.EmptyView', 'The Daemon Is Not Running')[0]);
    await screen.press('Start Daemon');
    await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'FAILURE'));
    expect(raycast.toasts[0]?.message).toBe(
      `The service keeps its data in /elsewhere, and this extension looks in ${home.dataFolder}. ` +
        'Choose /elsewhere as the data folder in the preferences.',
    );
  });

  test('a service that does not start and is not what would be installed is told to be reinstalled', async () => {
    home.installService();
    const facts = exampleService({ state: 'outdated', differences: ['ProgramArguments'] });
    const tidemarkPath = home.tidemark(
      `[ "$2" = status ] && echo '${JSON.stringify(facts)}' || { echo "It ended with exit code 1." >&2; exit 1; }`,
    );
    const screen = launch('runs', Runs, { preferences: { dataFolder: home.dataFolder, tidemarkPath } });
    await screen.until('it does not run', () => screen.all('List.EmptyView', 'The Daemon Is Not Running')[0]);
    await screen.press('Start Daemon');
    await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'FAILURE'));
    expect(raycast.toasts[0]?.message).toMatch(
      /^It ended with exit code 1\. The service was installed differently \(ProgramArguments\): choose Reinstall Daemon/,
    );
  });

  test('the steps of the set-up are shown where nothing is there yet', async () => {
    const screen = launch('runs', Runs, { preferences: { dataFolder: home.dataFolder } });
    await screen.until('it', () => screen.all('List.EmptyView', 'Tidemark Is Not Set Up')[0]);
    await screen.press('Show First Steps');
    const markdown = String(screen.top.props['markdown']);
    for (const step of ['npm run setup', 'npm start', 'npm run dev', 'Import Extension', 'preferences']) {
      expect(markdown).toContain(step);
    }
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
