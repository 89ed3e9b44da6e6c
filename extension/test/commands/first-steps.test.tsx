/** The first steps: on each part of the way from nothing to a figure in the menu bar, one step is the present one, with its action. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ModelsDocument } from '@tidemark/client/protocol/command-documents';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import { exampleRun, exampleStatus } from '@tidemark/client/testing/example-messages';
import Daemon from '../../src/daemon.tsx';
import MenuBar from '../../src/menu-bar.tsx';
import { firstSteps } from '../../src/lib/first-steps.ts';
import { launch } from '../harness/launch.ts';
import { repository } from '../harness/repository.ts';
import type { Screen } from '../harness/screen.ts';
import { home, ScriptedDaemon } from '../harness/surroundings.ts';
import type { Script } from '../harness/surroundings.ts';
import { raycast } from '../raycast-api/raycast.ts';

type Preferences = Readonly<Record<string, string>>;

const open = (preferences: Preferences): Screen =>
  launch('daemon', Daemon, {
    preferences: { dataFolder: home.dataFolder, ...preferences },
    launchContext: { show: 'first-steps' },
  });

const catalog = (
  state: 'built' | 'absent' | 'damaged',
  downloaded: readonly string[] = [],
): ModelsDocument => ({
  kind: 'models',
  schemaVersion: 1,
  dataFolder: '/data',
  models: [
    {
      name: 'bf16',
      description: 'bf16',
      rest: 'bfloat16',
      tensorBytes: 1,
      state,
      folder: '/m',
      diskBytes: 1,
    },
  ],
  downloaded: downloaded.map((repository) => ({ repository, folder: '/cache', diskBytes: 1 })),
});

/** As a daemon has it that has just been installed. */
function emptyStatus(): DaemonStatus {
  const { current, ...status } = exampleStatus();
  expect(current).toBeDefined();
  return { ...status, host: { state: 'none', deaths: 0 } };
}

interface Known {
  readonly models: ModelsDocument;
  readonly runs?: readonly RunRecord[];
  readonly status?: DaemonStatus;
}

const script = ({ models, runs = [], status = emptyStatus() }: Known): Script => ({
  status: () => status,
  models: () => models,
  listRuns: () => ({ runs: [...runs], total: runs.length }),
  load: () => ({ ...exampleStatus().host }),
});

async function running(known: Known): Promise<Preferences> {
  const { dataFolder } = await ScriptedDaemon.start(script(known));
  home.installService();
  return { dataFolder, tidemarkPath: home.tidemark() };
}

async function showMenuBar(preferences: Preferences): Promise<string> {
  const screen = launch('menu-bar', MenuBar, { preferences, launchType: 'background' });
  await screen.until('it is unloaded', () => screen.isClosed);
  return String(screen.drawn?.props['title']);
}

interface State {
  readonly name: string;
  readonly begin: () => Promise<Preferences>;
  /** From 1; 6 where everything is done. */
  readonly step: number;
  readonly action: RegExp;
  readonly says: RegExp;
}

const states: readonly State[] = [
  {
    name: 'nothing',
    begin: async () => ({}),
    step: 1,
    action: /^Copy Setup Command$/,
    says: /npm run setup/,
  },
  {
    name: 'a path that leads nowhere',
    begin: async () => ({ tidemarkPath: '/nowhere/tidemark' }),
    step: 1,
    action: /^Correct the Path$/,
    says: /\/nowhere\/tidemark.* does not exist/,
  },
  {
    name: 'the command only',
    begin: async () => ({ tidemarkPath: home.tidemark() }),
    step: 2,
    action: /^Install Daemon$/,
    says: /not installed/,
  },
  {
    name: 'a service that does not run',
    begin: async () => {
      home.installService();
      return { tidemarkPath: home.tidemark() };
    },
    step: 2,
    action: /^Start Daemon$/,
    says: /not running/,
  },
  {
    name: 'a daemon that starts',
    begin: async () => {
      home.noteDaemon();
      return { tidemarkPath: home.tidemark() };
    },
    step: 2,
    action: /^Check Again$/,
    says: /starting/i,
  },
  {
    name: 'a service of an older version',
    begin: async () => {
      home.installService();
      const { dataFolder } = await ScriptedDaemon.start({}, { protocolVersion: 0, version: '0.0.9' });
      return { dataFolder, tidemarkPath: home.tidemark() };
    },
    step: 2,
    action: /^Restart Daemon$/,
    says: /0\.0\.9|version/,
  },
  {
    name: 'a daemon of an older version that was started by hand',
    begin: async () => {
      const { dataFolder } = await ScriptedDaemon.start({}, { protocolVersion: 0, version: '0.0.9' });
      return { dataFolder, tidemarkPath: home.tidemark() };
    },
    step: 2,
    action: /^Copy Terminal Command$/,
    says: /0\.0\.9|version/,
  },
  {
    name: 'no model',
    begin: () => running({ models: catalog('absent') }),
    step: 3,
    action: /^Get Model$/,
    says: /bf16 is not on this Mac/,
  },
  {
    name: 'a damaged model',
    begin: () => running({ models: catalog('damaged') }),
    step: 3,
    action: /^Get Model$/,
    says: /bf16 is not on this Mac/,
  },
  {
    name: 'a model that was built',
    begin: () => running({ models: catalog('built') }),
    step: 4,
    action: /^Profile It$/,
    says: /Profile bf16/,
  },
  {
    name: 'a model that was downloaded',
    begin: () => running({ models: catalog('absent', ['mlx-community/Kokoro-82M-4bit']) }),
    step: 4,
    action: /^Profile It$/,
    says: /Profile bf16/,
  },
  {
    name: 'a profile',
    begin: () => running({ models: catalog('built'), runs: [exampleRun(1)] }),
    step: 5,
    action: /^Show It in the Menu Bar$/,
    says: /Active memory 160\.5 MB, peak memory 600\.0 MB/,
  },
  {
    name: 'everything',
    begin: async () => {
      const known = { models: catalog('built'), runs: [exampleRun(1)], status: exampleStatus() };
      const preferences = await running(known);
      expect(await showMenuBar(preferences)).toMatch(/\d MB/);
      return preferences;
    },
    step: 6,
    action: /^Show Runs$/,
    says: /Everything is set up/,
  },
];

test.each(states)('with $name, the step is $step', async ({ begin, step, action, says }) => {
  const screen = open(await begin());
  await screen.until('the steps', () => String(screen.top.props['markdown']) !== '');
  const markdown = String(screen.top.props['markdown']);
  expect(markdown.match(/✅/g)?.length ?? 0).toBe(step - 1);
  firstSteps.forEach((title, index) => {
    const mark = index < step - 1 ? '✅' : index === step - 1 ? '➡️' : '⬜️';
    expect(markdown).toMatch(new RegExp(`${mark} ${index + 1}\\. (\\*\\*)?${title}`));
  });
  expect(markdown).toMatch(says);
  expect(screen.actionsOf()[0]).toMatch(action);
});

test('the actions lead from a step to the next, and end with a figure in the menu bar', async () => {
  const known = { models: catalog('absent'), runs: [] as RunRecord[], status: emptyStatus() };
  const daemon = await ScriptedDaemon.start({
    ...script(known),
    status: () => known.status,
    models: () => known.models,
    listRuns: () => ({ runs: known.runs, total: known.runs.length }),
    load: () => {
      known.models = catalog('built');
      known.status = { ...exampleStatus(), host: exampleStatus().host };
      return known.status.host;
    },
  });
  home.installService();
  const preferences = { dataFolder: daemon.dataFolder, tidemarkPath: home.tidemark() };
  const screen = open(preferences);
  const present = (step: number) =>
    screen.until(`step ${step}`, () => String(screen.top.props['markdown']).includes(`➡️ ${step}.`));
  await present(3);
  await screen.press('Get Model');
  await present(4);
  expect(daemon.parametersOf('load')).toEqual({ model: 'bf16', voice: 'af_heart' });
  await screen.press('Profile It');
  expect(raycast.launches.map(({ name }) => name)).toContain('quick-profile');
  known.runs.push(exampleRun(1));
  await present(5);
  await screen.press('Show It in the Menu Bar');
  expect(raycast.launches.map(({ name }) => name)).toContain('menu-bar');
  screen.close();
  expect(await showMenuBar(preferences)).toMatch(/\d MB/);
});

const pages = [
  fileURLToPath(new URL('../../README.md', import.meta.url)),
  ...(repository === undefined ? [] : [join(repository, 'README.md'), join(repository, 'docs', 'daemon.md')]),
];

test.each(pages)('%s names the same steps in the same words', (page) => {
  const text = readFileSync(page, 'utf8');
  firstSteps.forEach((title, index) => expect(text).toContain(`${index + 1}. **${title}**`));
});

test('a model that cannot be had is told, and the step stays', async () => {
  const daemon = await ScriptedDaemon.start({
    ...script({ models: catalog('absent') }),
    load: () => {
      throw new Error('There is no network.');
    },
  });
  const screen = open({ dataFolder: daemon.dataFolder });
  await screen.until('the steps', () => screen.actionsOf()[0] === 'Get Model');
  await screen.press('Get Model');
  await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'FAILURE'));
  expect(String(screen.top.props['markdown'])).toContain('➡️ 3.');
});
