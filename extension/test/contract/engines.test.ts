/** From the built bundles, over a real daemon's history with a profile by mlx-audio and a watched program: each as the history has it. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { TidemarkError } from '@tidemark/client/errors';
import type { RunDetail } from '@tidemark/client/protocol/daemon/methods';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { Screen } from '../harness/screen.ts';
import type { TreeNode } from '../harness/tree.ts';
import { wording } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';
import { megabytes, open, tinyModel } from './built.ts';
import { RealDaemon, tidemarkPath } from './real-daemon.ts';

const daemon = new RealDaemon({ modelsOf: process.env['TIDEMARK_TEST_MODELS'] });
const python = join(daemon.dataFolder, 'python', 'mlx-audio', 'bin', 'python');
const speech = { voice: 'af_tiny', text: 'Hi.', iterations: 2 };
const preferences = { dataFolder: daemon.dataFolder, tidemarkPath, ...speech, iterations: '2' };
/** An environment may have to be made first. */
const patience = 300_000;

/** Of the machine, why mlx-audio cannot be had; undefined where it can. */
let lacking: string | undefined;
let model: string;
let own: RunRecord;
let foreign: RunRecord;
let watched: RunRecord;

before(async () => {
  model = tinyModel('mlx-audio');
  await daemon.start();
  try {
    await daemon.ask((client) => client.call('checkEngine', { engine: 'mlx-audio' }));
  } catch (error) {
    if (!(error instanceof TidemarkError && error.code === 'python')) {
      throw error;
    }
    lacking = error.message;
  }
});

after(() => daemon.remove());

const newest = async (): Promise<RunDetail> => {
  const { runs } = await daemon.ask((client) => client.call('listRuns', { limit: 1 }));
  const [record] = runs;
  assert.ok(record !== undefined);
  return daemon.ask((client) => client.call('getRun', { runId: record.id }));
};

function figuresOf({ figures }: RunRecord): { active: string; peak: string } {
  assert.ok(
    figures !== undefined && figures.maximumPeakBytes > figures.activeBytes && figures.activeBytes > 0,
  );
  return { active: megabytes(figures.activeBytes), peak: megabytes(figures.peakBytes) };
}

function expectFigures(words: string, ...records: readonly RunRecord[]): void {
  for (const record of records) {
    const { active, peak } = figuresOf(record);
    const isShown = (shown: string): boolean => words.includes(shown);
    // A page about a constant or growing level gives it to the byte.
    const exact = `${(record.figures?.activeBytes ?? 0).toLocaleString('en-US')} B`;
    assert.ok(
      isShown(peak) && (isShown(active) || isShown(exact)),
      `${active}, ${peak}: ${words.slice(0, 2000)}`,
    );
  }
}

/** A program of somebody's own, with an array more in each iteration. */
const program = `
import mlx.core as mx

kept = []
for step in range(12):
    kept.append(mx.ones((256, 1024)) + step)
    mx.eval(kept[-1], mx.ones((1024, 1024)) + step)
    mx.clear_cache()
`;

async function watch(): Promise<void> {
  const script = join(daemon.dataFolder, 'leaking.py');
  writeFileSync(script, program);
  await promisify(execFile)(tidemarkPath, ['watch-python', '--', python, script], {
    env: { ...process.env, TIDEMARK_HOME: daemon.dataFolder },
  });
}

async function openRuns(count: number): Promise<Screen> {
  const screen = open('runs', { preferences });
  await screen.until('the runs', () => screen.all('List.Item').length === count);
  return screen;
}

function itemOf(screen: Screen, { id }: RunRecord): TreeNode {
  const item = screen.all('List.Item').find(({ props }) => props['id'] === String(id));
  assert.ok(item !== undefined, `run ${id} is not listed`);
  return item;
}

const idsIn = (screen: Screen): unknown[] => screen.all('List.Item').map(({ props }) => props['id']);

/** A test that needs a Python, without which it says what is missing. */
const having = (name: string, body: () => Promise<void>): void =>
  void test(name, async (context) => (lacking === undefined ? await body() : context.skip(lacking)));

describe('mlx-audio and a watched program', () => {
  having('the form measures by mlx-audio, and shows the figures of the history', async () => {
    const screen = open('profile-memory', { preferences, launchContext: { model }, patience });
    await screen.until('the form', () => screen.all('Form.Dropdown', 'Engine')[0]);
    await screen.enter('engine', 'mlx-audio');
    await screen.press('Start Profile');
    await screen.until('the result', () => screen.actionsOf().includes('Profile Again'));
    const { record, document } = await newest();
    assert.equal(record.state, 'complete');
    assert.equal(record.workload?.engine, 'mlx-audio');
    assert.ok(document?.kind === 'profile' && document.settings.engine === 'mlx-audio');
    expectFigures(screen.text, record);
    assert.match(screen.text, /^Engine\n?.*mlx-audio/m);
    assert.ok(screen.text.includes(document.versions.packages?.['mlx-audio'] ?? 'none'));
    foreign = record;
    screen.close();
  });

  having('the menu bar names the engine, and has its figures', async () => {
    await watch();
    watched = (await newest()).record;
    assert.deepEqual([watched.kind, watched.state, watched.leak], ['watch', 'complete', 'leak']);
    const screen = open('menu-bar', { preferences, launchType: 'background' });
    await screen.until('it is unloaded', () => screen.isClosed);
    assert.ok(screen.drawn !== undefined);
    const words = wording(screen.drawn);
    assert.ok(words.includes(`${foreign.id}: ${model} · mlx-audio`), words);
    assert.match(words, /mlx-audio, af_tiny/);
    assert.ok(words.includes(`${watched.id}: leaking.py`), words);
    assert.ok(words.includes(`${(foreign.figures?.activeBytes ?? 0).toLocaleString('en-US')} bytes`), words);
    screen.close();
  });

  having('Runs has each with its figures, and finds them by engine and kind', async () => {
    const { id } = await daemon.ask((client) => client.call('startProfile', { model, ...speech }));
    const following = open('profile-memory', { preferences, launchContext: { followRunId: id }, patience });
    await following.until('the result', () => following.actionsOf().includes('Profile Again'));
    following.close();
    own = (await newest()).record;
    assert.equal(own.state, 'complete');
    const screen = await openRuns(3);
    await screen.press('Toggle Detail');
    for (const record of [own, foreign, watched]) {
      const item = itemOf(screen, record);
      const [active, peak] = [record.figures?.activeBytes, record.figures?.peakBytes].map(
        (bytes) => `${((bytes ?? 0) / 1e6).toFixed(0)} MB`,
      );
      const words = wording(item);
      assert.ok(words.includes(active ?? '') && words.includes(peak ?? ''), words);
      assert.equal(/mlx-audio/.test(String(item.props['title'])), record === foreign);
    }
    for (const [choice, found] of [
      ['engine:mlx-audio', foreign],
      ['engine:tidemark', own],
      ['kind:watch', watched],
    ] as const) {
      await screen.choose(choice);
      await screen.until(choice, () => String(idsIn(screen)) === String(found.id));
    }
    await screen.choose('all');
    // The watched program's Python has the engine's name in its path.
    await screen.search('mlx-audio profile');
    await screen.until('its run', () => String(idsIn(screen)) === String(foreign.id));
    screen.close();
  });

  having('the detail of a watched program has its leak, its peak, and whose Python it was', async () => {
    const screen = await openRuns(3);
    await screen.press('Show Details', itemOf(screen, watched));
    await screen.until('the detail', () => /Channel/.test(String(screen.top.props['markdown'])));
    expectFigures(screen.text, watched);
    assert.ok(String(screen.top.props['markdown']).includes('▲ leak'));
    assert.match(screen.text, /Python[\s\S]*3\./);
    assert.match(screen.text, /leaking\.py/);
    screen.close();
  });

  having(
    'a run of each engine is compared, with both figures; a watched program only with another',
    async () => {
      const screen = await openRuns(3);
      await screen.press(/^Mark as Comparison Baseline/, itemOf(screen, own));
      await screen.press(`Compare with Run ${own.id}`, itemOf(screen, foreign));
      await screen.until('the comparison', () => /Difference/.test(String(screen.top.props['markdown'])));
      const markdown = String(screen.top.props['markdown']);
      expectFigures(markdown, own, foreign);
      assert.match(markdown, /The engines differ: tidemark and mlx\\?-audio/);
      await screen.back();
      await screen.press(`Compare with Run ${own.id}`, itemOf(screen, watched));
      const refused = await screen.until(
        'why not',
        () => screen.all('List.EmptyView', /Cannot Be Compared/)[0],
      );
      assert.match(String(refused.props['description']), /is a watched program/);
      screen.close();
    },
  );

  having('what is exported is what the history has', async () => {
    const downloads = join(homedir(), 'Downloads');
    mkdirSync(downloads, { recursive: true });
    const screen = await openRuns(3);
    for (const record of [foreign, watched]) {
      const exported = async (format: 'json' | 'html' | 'csv', action: RegExp): Promise<string> => {
        const shown = raycast.toasts.length;
        await screen.press(action, itemOf(screen, record));
        await screen.until('the toast', () => raycast.toasts.length > shown);
        return readFileSync(join(downloads, `tidemark-run-${record.id}.${format}`), 'utf8');
      };
      const { document } = await daemon.ask((client) => client.call('getRun', { runId: record.id }));
      assert.ok(document !== undefined && document.kind !== 'study');
      assert.deepEqual(JSON.parse(await exported('json', /^Export as JSON/)), document);
      const page = await exported('html', /^Export Report/);
      expectFigures(page, record);
      assert.match(page, record === foreign ? /mlx-audio/ : /leaking\.py/);
      const lines = (await exported('csv', /^Export Iterations/)).trimEnd().split('\n');
      assert.equal(lines.length, 1 + document.iterations.length);
    }
    screen.close();
  });
});
