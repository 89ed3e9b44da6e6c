/** Memory in Menu Bar: what it says for each state, and that it is gone as soon as it has said it. */

import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  exampleAlert,
  exampleMoment,
  exampleRun,
  exampleStatus,
} from '@tidemark/client/testing/example-messages';
import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import { protocolVersion } from '@tidemark/client/protocol/daemon/wire';
import MenuBar from '../../src/menu-bar.tsx';
import { launch } from '../harness/launch.ts';
import type { LaunchOptions } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { home, ScriptedDaemon, silence } from '../harness/surroundings.ts';
import type { Script } from '../harness/surroundings.ts';
import type { TreeNode } from '../harness/tree.ts';
import { walk, wording } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';

let daemon: ScriptedDaemon;

beforeEach(async () => {
  daemon = await ScriptedDaemon.start();
});

/** At rest: nothing runs, nothing waits, no alert. */
function restingStatus(changes: Partial<DaemonStatus> = {}): DaemonStatus {
  const { current, ...rest } = exampleStatus();
  void current;
  const { alerts, host, notices } = { alerts: { open: 0, acknowledged: 0 }, host: rest.host, notices: [] };
  return { ...rest, queued: [], alerts, notices, host: { ...host, state: 'idle' }, ...changes };
}

const answering = (status: DaemonStatus, more: Script = {}): Script => ({
  status: () => status,
  listRuns: () => ({ runs: [exampleRun(7), exampleRun(6, { leak: 'leak' })], total: 2 }),
  ...more,
});

const preferences = (): Readonly<Record<string, string>> => ({ dataFolder: daemon.dataFolder });

/** Launches it as Raycast does in the background, and gives what is left in the menu bar. */
async function drawn(options: LaunchOptions = {}): Promise<TreeNode> {
  const screen = launch('menu-bar', MenuBar, {
    launchType: 'background',
    preferences: preferences(),
    ...options,
  });
  await screen.until('it is unloaded', () => screen.isClosed);
  if (screen.drawn === undefined) {
    throw new Error('Nothing is left in the menu bar');
  }
  return screen.drawn;
}

function openMenu(): Screen {
  return launch('menu-bar', MenuBar, { preferences: preferences(), isMenuOpen: true });
}

const sectionsOf = (menu: TreeNode): string[] =>
  [...walk(menu)]
    .filter(({ type }) => type === 'MenuBarExtra.Section')
    .map(({ props }) => String(props['title'] ?? ''));

const itemsOf = (menu: TreeNode): TreeNode[] =>
  [...walk(menu)].filter(({ type }) => type === 'MenuBarExtra.Item');

describe('with a daemon', () => {
  test('active memory is the title, and each figure says of when it is', async () => {
    daemon.script = answering(restingStatus());
    const menu = await drawn();
    expect(menu.props['title']).toMatch(/^16[01](\.\d)? MB$/);
    const figures = itemsOf(menu).filter(({ props }) => /as of/.test(String(props['subtitle'])));
    expect(figures.map(({ props }) => props['title']).join(' ')).toMatch(/active.*peak.*cache.*footprint/i);
  });

  test('it asks once, closes its connection and unloads', async () => {
    daemon.script = answering(restingStatus());
    await drawn();
    expect(daemon.methodsAsked().sort()).toEqual(['listRuns', 'status']);
    expect(daemon.connectionsSeen).toBe(1);
    await expect.poll(() => daemon.connections).toBe(0);
    expect([raycast.toasts, raycast.huds]).toEqual([[], []]);
  });

  test.each<[string, Partial<DaemonStatus>, RegExp | undefined]>([
    ['nothing is loaded, running or raised', {}, undefined],
    ['a run is measured', { current: { record: exampleRun(8, { state: 'running' }) } }, /^Measuring$/],
    ['an alert is open', { alerts: { open: 1, acknowledged: 0 } }, /^1 Alert$/],
    ['several alerts are open', { alerts: { open: 3, acknowledged: 0 } }, /^3 Alerts$/],
    ['an alert was acknowledged', { alerts: { open: 0, acknowledged: 1 } }, undefined],
  ])('without a model, where %s, the title says so or is hidden', async (_name, changes, words) => {
    daemon.script = answering(restingStatus({ host: { state: 'none', deaths: 0 }, ...changes }));
    const shown = await drawn({ preferences: { ...preferences(), hideTitle: true } });
    const always = await drawn({ preferences: { ...preferences(), hideTitle: false } });
    expect(shown.props['title'] ?? '').toMatch(words ?? /^$/);
    expect(always.props['title']).toMatch(words ?? /^0 MB$/);
    const none = await drawn({ preferences: { ...preferences(), hideTitle: false, menuBarTitle: 'none' } });
    expect(none.props['title']).toBe(undefined);
  });

  test('MiB are shown where they are preferred', async () => {
    daemon.script = answering(restingStatus());
    const menu = await drawn({ preferences: { ...preferences(), unit: 'MiB' } });
    expect(menu.props['title']).toMatch(/^153(\.\d)? MiB$/);
  });

  test('the held model, the next check and recent runs are in the menu', async () => {
    const recentPeaks = [400, 500, 600].map((megabytes, place) => ({
      runId: place + 5,
      at: exampleMoment(place),
      model: 'bf16',
      peakBytes: megabytes * 1e6,
      activeBytes: 160_500_000,
    }));
    daemon.script = answering(restingStatus({ recentPeaks }));
    const text = wording(await drawn());
    expect(text).toMatch(/bf16/);
    expect(text).toMatch(/Every hour/);
    expect(text).toMatch(/^7: bf16$/m);
    // Bars of recent peaks, and what they are of.
    expect(text).toMatch(/[▁▂▃▄▅▆▇█]/);
    expect(text).toMatch(/400 MB to 600 MB · bf16 with af_heart, 5 iterations of “Hello\.” · last .* ago/);
    // A daemon of an older version mixes models and texts.
    const { recentPeaksOf, ...older } = restingStatus({ recentPeaks });
    expect(recentPeaksOf).toBeDefined();
    daemon.script = answering(older);
    expect(wording(await drawn())).not.toMatch(/Recent Peaks/);
  });

  test('a daemon that has measured nothing yet has a menu all the same', async () => {
    daemon.script = answering(restingStatus({ recentPeaks: [] }), {
      listRuns: () => ({ runs: [], total: 0 }),
    });
    const screen = openMenu();
    await screen.until('the menu', () => screen.all('MenuBarExtra.Item', /No runs yet/)[0]);
    expect(screen.text).not.toMatch(/Recent Peaks/);
    await screen.click(/No runs yet/);
    expect(raycast.launches.map(({ name }) => name)).toEqual(['profile-memory']);
  });

  test.each<[string, Partial<DaemonStatus>, RegExp]>([
    ['no check yet', { lastCheck: undefined as never }, /not checked/],
    ['no leak', {}, /no leak/i],
    ['a leak', { lastCheck: { runId: 7, at: exampleMoment(2), model: 'bf16', leak: 'leak' } }, /leak/i],
    [
      'an inconclusive check',
      { lastCheck: { runId: 7, at: exampleMoment(2), model: 'bf16', leak: 'inconclusive' } },
      /inconclusive/i,
    ],
    [
      'an open alert',
      { alerts: { open: 1, acknowledged: 0, latest: exampleAlert({ state: 'open' }) } },
      /above its baseline/,
    ],
    ['a run at work', { current: { record: exampleRun(8, { state: 'running' }) } }, /is measuring/],
  ])('%s is told by the tooltip', async (_name, changes, words) => {
    daemon.script = answering(restingStatus(changes));
    expect((await drawn()).props['tooltip']).toMatch(words);
  });

  test('the states of the last check differ in shape, not by colour alone', async () => {
    const sources: string[] = [];
    for (const leak of ['no-leak', 'leak', 'inconclusive'] as const) {
      daemon.script = answering(
        restingStatus({ lastCheck: { runId: 7, at: exampleMoment(2), model: 'bf16', leak } }),
      );
      const icon = (await drawn()).props['icon'] as { source: unknown };
      sources.push(JSON.stringify(icon.source));
    }
    expect(new Set(sources).size).toBe(3);
  });

  test('what runs can be cancelled, what is held can be unloaded', async () => {
    let cancelled: unknown;
    daemon.script = answering(exampleStatus(), {
      cancel: (parameters) => {
        cancelled = parameters;
        return exampleRun(8, { state: 'cancelled' });
      },
    });
    const running = openMenu();
    await running.until('the run', () => running.all('MenuBarExtra.Item', /^Cancel/)[0]);
    await running.click(/^Cancel/);
    await running.until('it is cancelled', () => cancelled !== undefined);
    expect(cancelled).toEqual({ runId: 8 });
    running.close();

    let isUnloaded = false;
    daemon.script = answering(restingStatus(), {
      unload: () => {
        isUnloaded = true;
        return { state: 'none', deaths: 0 };
      },
    });
    const resting = openMenu();
    await resting.until('the model', () => resting.all('MenuBarExtra.Item', /^Unload/)[0]);
    await resting.click(/^Unload/);
    await resting.until('it is unloaded', () => isUnloaded);
  });

  test('commands are opened from the menu, and one that is disabled does no harm', async () => {
    daemon.script = answering(restingStatus());
    const screen = launch('menu-bar', MenuBar, {
      preferences: preferences(),
      isMenuOpen: true,
      disabled: ['leak-checks'],
    });
    await screen.until('the menu', () => screen.all('MenuBarExtra.Item', /Open Runs/)[0]);
    await screen.click(/Open Runs/);
    await screen.click(/Open Leak Checks/);
    expect(raycast.launches.map(({ name }) => name)).toEqual(['runs']);
  });
});

describe('without a daemon', () => {
  test('a useful menu is there at once', async () => {
    await daemon.stop();
    const began = performance.now();
    const menu = await drawn({ preferences: { dataFolder: home.dataFolder, tidemarkPath: home.tidemark() } });
    expect(performance.now() - began).toBeLessThan(1000);
    const [first, second] = itemsOf(menu);
    expect(first?.props['title']).toMatch(/not installed/);
    expect(second?.props['title']).toMatch(/Set Up Daemon/);
    expect(raycast.toasts).toEqual([]);
  });

  test('the last figures stay in the menu, each section with its age, and none in the title', async () => {
    daemon.script = answering(restingStatus());
    home.installService();
    const before = await drawn();
    await daemon.stop();
    const after = await drawn({ preferences: { ...preferences(), tidemarkPath: home.tidemark() } });
    expect(before.props['title']).toMatch(/MB$/);
    expect(after.props['title']).toBe('Not Running');
    expect(JSON.stringify(after.props['icon'])).not.toBe(JSON.stringify(before.props['icon']));
    expect(itemsOf(after)[0]?.props['title']).toMatch(/installed but not running/);
    expect(sectionsOf(after)).toEqual([
      '',
      'Memory, as of just now',
      'Model, as of just now',
      'Leak Checks, as of just now',
      'Recent Runs, as of just now',
      '',
    ]);
    // What only a running daemon does is not promised.
    expect(wording(after)).not.toMatch(/Unload|Next Check|Check for Leaks Now|unloads/);
  });

  test('while a daemon hangs, the title says of when its figure is', async () => {
    daemon.script = answering(restingStatus());
    await drawn();
    daemon.script = { status: () => silence, listRuns: () => silence };
    expect((await drawn()).props['title']).toMatch(/^161 MB, (just now|\d seconds? ago)$/);
    expect((await drawn({ preferences: { ...preferences(), menuBarTitle: 'none' } })).props['title']).toBe(
      undefined,
    );
  });

  test('what was seen long ago is marked from the first moment, before the daemon has answered', async () => {
    const hours = 3_600_000;
    daemon.script = answering(restingStatus());
    await drawn();
    daemon.script = { status: () => silence, listRuns: () => silence };
    const titles: unknown[] = [];
    for (const age of [0, 1, 5 * hours]) {
      const entries = raycast.caches.get('menu-bar') ?? new Map<string, string>();
      for (const [key, kept] of entries) {
        const glance = JSON.parse(kept) as object;
        const seenAt = new Date(Date.now() - age).toISOString();
        entries.set(key, JSON.stringify({ ...glance, seenAt }));
      }
      const screen = openMenu();
      await screen.until('it is drawn', () => screen.all('MenuBarExtra').length > 0);
      titles.push(screen.top.props['title']);
      screen.close();
    }
    expect(titles).toEqual(['161 MB', '161 MB', '161 MB, 5 hours ago']);
  });

  test('what was seen of one data folder is never shown for another', async () => {
    daemon.script = answering(restingStatus());
    await drawn();
    const other = await ScriptedDaemon.start(answering(restingStatus({ recentPeaks: [] })));
    const folders = [
      other.dataFolder,
      join(daemon.dataFolder, 'run'),
      join(home.path, 'nothing'),
      join(daemon.dataFolder, '..'),
    ];
    await other.stop();
    await daemon.stop();
    for (const dataFolder of folders) {
      const menu = await drawn({ preferences: { dataFolder, tidemarkPath: home.tidemark() } });
      expect(wording(menu), dataFolder).not.toMatch(/as of|161|MB/);
      expect(menu.props['title'], dataFolder).toBe(undefined);
    }
    // By another name it is the same folder.
    const link = join(home.path, 'link');
    symlinkSync(daemon.dataFolder, link);
    for (const dataFolder of [link, `${daemon.dataFolder}/`, daemon.dataFolder]) {
      const menu = await drawn({ preferences: { dataFolder, tidemarkPath: home.tidemark() } });
      expect(wording(menu), dataFolder).toMatch(/Memory, as of/);
    }
    // Removed and made again, it is another.
    renameSync(daemon.dataFolder, join(home.path, 'moved'));
    mkdirSync(daemon.dataFolder);
    expect(wording(await drawn())).not.toMatch(/as of|161|MB/);
  });

  test('what another version of the protocol left is not read', async () => {
    daemon.script = answering(restingStatus());
    await drawn();
    const entries = raycast.caches.get('menu-bar') ?? new Map<string, string>();
    const [[key, kept] = ['', '']] = entries;
    entries.clear();
    const other = key.replace(`glance ${protocolVersion} `, `glance ${protocolVersion - 1} `);
    expect(other).not.toBe(key);
    entries.set(other, kept);
    await daemon.stop();
    expect(wording(await drawn())).not.toMatch(/as of/);
  });

  test('a daemon that hangs is not waited for longer than a menu bar command may run', async () => {
    daemon.script = { status: () => silence, listRuns: () => silence };
    const began = performance.now();
    const menu = await drawn();
    expect(performance.now() - began).toBeLessThan(2000);
    expect(itemsOf(menu)[0]?.props['title']).toMatch(/did not answer/);
  });

  test('a daemon of another version is told apart, with a way to resolve it', async () => {
    daemon = await ScriptedDaemon.start({}, { protocolVersion: 0, version: '0.0.9' });
    const titles = async (): Promise<unknown[]> => {
      const menu = await drawn({ preferences: { ...preferences(), tidemarkPath: home.tidemark() } });
      return itemsOf(menu).map(({ props }) => props['title']);
    };
    // Started by hand, it is nothing that could be restarted from here.
    expect(await titles()).toEqual(
      expect.arrayContaining([expect.stringMatching(/0\.0\.9/), 'Show Daemon…']),
    );
    expect(await titles()).not.toContain('Restart Daemon');
    home.installService();
    expect(await titles()).toEqual(
      expect.arrayContaining([expect.stringMatching(/0\.0\.9/), 'Restart Daemon']),
    );
  });
});

test('a menu that is closed while it loads leaves no connection', async () => {
  daemon.script = { status: () => silence, listRuns: () => silence };
  const screen = openMenu();
  await screen.until('it asks', () => daemon.connections === 1);
  screen.close();
  await expect.poll(() => daemon.connections).toBe(0);
});
