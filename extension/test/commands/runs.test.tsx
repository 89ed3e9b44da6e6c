/** Runs: what was measured, filtered, looked at, compared, exported and deleted. */

import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { exampleInterruptedRun, exampleRun } from '@tidemark/client/testing/example-messages';
import { exampleProfile, exampleSample } from '@tidemark/client/testing/example-documents';
import type { Parameters } from '@tidemark/client/protocol/daemon/methods';
import Runs from '../../src/runs.tsx';
import { launch } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { home, Refusal, ScriptedDaemon } from '../harness/surroundings.ts';
import type { TreeNode } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';

let daemon: ScriptedDaemon;
let listed: Parameters<'listRuns'>[];

beforeEach(async () => {
  listed = [];
  daemon = await ScriptedDaemon.start({
    listRuns: (parameters) => {
      listed.push(parameters);
      return { runs: [exampleRun(7), exampleInterruptedRun(6)], total: 2 };
    },
    getRun: ({ runId }) => ({
      record: runId === 6 ? exampleInterruptedRun(6) : exampleRun(runId),
      document: exampleProfile(),
      samples: [0, 1, 2].map((index) => exampleSample(index)),
    }),
  });
});

const open = (options: object = {}): Screen =>
  launch('runs', Runs, { preferences: { dataFolder: daemon.dataFolder }, ...options });

const itemOf = (screen: Screen, id: number): TreeNode => {
  const found = screen.all('List.Item').find(({ props }) => props['id'] === String(id));
  if (found === undefined) {
    throw new Error(`There is no run ${id} in:\n${screen.toString()}`);
  }
  return found;
};

test('runs are listed newest first, each with its state in words and a date', async () => {
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  expect(screen.all('List.Item').map(({ props }) => props['id'])).toEqual(['7', '6']);
  for (const [id, word] of [
    [7, /no leak/i],
    [6, /interrupted/i],
  ] as const) {
    const { icon, accessories } = itemOf(screen, id).props as {
      icon: { tooltip: string };
      accessories: { date?: Date; tooltip?: string }[];
    };
    expect(icon.tooltip).toMatch(word);
    expect(accessories.some(({ date, tooltip }) => date instanceof Date && /ago/.test(tooltip ?? ''))).toBe(
      true,
    );
  }
});

test('nothing says that there are no runs while they are asked for', async () => {
  const screen = open();
  await screen.settle();
  expect(screen.all('List.EmptyView', 'No Runs Yet').length === 0 || screen.all('List.Item').length > 0).toBe(
    true,
  );
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
});

test('the filter is asked of the daemon, and says so where nothing is left', async () => {
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  daemon.script = {
    ...daemon.script,
    listRuns: (parameters) => (listed.push(parameters), { runs: [], total: 0 }),
  };
  await screen.choose('leak:leak');
  await screen.until('the end of the list', () => screen.all('List.Item').length === 0);
  expect(screen.all('List.EmptyView', 'No Matching Runs')).toHaveLength(1);
  expect(listed.at(-1)).toMatchObject({ leak: 'leak' });
});

test("a run's own screen has its chart as SVG and its metadata", async () => {
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  await screen.press('Show Details', itemOf(screen, 7));
  await screen.until('the chart', () =>
    /data:image\/svg\+xml;base64,/.test(String(screen.top.props['markdown'])),
  );
  const [, data] =
    /data:image\/svg\+xml;base64,([A-Za-z0-9+/=]+)/.exec(String(screen.top.props['markdown'])) ?? [];
  expect(Buffer.from(data ?? '', 'base64').toString()).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
  expect(screen.all('Detail.Metadata.Label').length).toBeGreaterThan(5);
});

test('a run’s screen asks for pictures of traces instead of 20,000 operations, and the list for none', async () => {
  const asked: Parameters<'getRun'>[] = [];
  daemon.script = {
    ...daemon.script,
    getRun: (parameters) => {
      asked.push(parameters);
      return { record: exampleRun(7), document: exampleProfile(), samples: [] };
    },
  };
  const screen = open();
  await screen.until('the detail in the list', () => asked.length > 0);
  expect(asked[0]).toMatchObject({ runId: 7, traceColumns: 0 });
  await screen.press('Show Details', itemOf(screen, 7));
  await screen.until('the run', () => asked.length > 1);
  expect(asked.at(-1)?.traceColumns).toBeGreaterThan(100);
});

test('a daemon that is older than traces is asked without them', async () => {
  daemon.script = {
    ...daemon.script,
    getRun: ({ traceColumns }) => {
      if (traceColumns !== undefined) {
        throw new Refusal('bad-request', 'The parameters of getRun are invalid: "traceColumns" is wrong.');
      }
      return { record: exampleRun(7), document: exampleProfile(), samples: [] };
    },
  };
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  await screen.press('Show Details', itemOf(screen, 7));
  await screen.until('the chart', () =>
    /data:image\/svg\+xml;base64,/.test(String(screen.top.props['markdown'])),
  );
});

test('two runs are compared after one is marked', async () => {
  let compared: unknown;
  daemon.script = {
    ...daemon.script,
    compareRuns: (parameters) => {
      compared = parameters;
      throw new Refusal('not-comparable', "The two runs' texts differ.", 'Compare runs of one text.');
    },
    listRuns: () => ({ runs: [exampleRun(7), exampleRun(5)], total: 2 }),
  };
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  await screen.press(/^Mark as Comparison Baseline/, itemOf(screen, 5));
  await screen.press('Compare with Run 5', itemOf(screen, 7));
  await screen.until('the answer', () => screen.all('List.EmptyView')[0]);
  expect(compared).toEqual({ baselineId: 5, runId: 7 });
  expect(screen.text).toMatch(
    /These Runs Cannot Be Compared[\s\S]*texts differ[\s\S]*Compare runs of one text/,
  );
});

test('deleting asks first, and does nothing without consent', async () => {
  const screen = open({ confirm: () => false });
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  await screen.press('Delete Run', itemOf(screen, 7));
  expect(raycast.alerts).toMatchObject([{ title: 'Delete Run 7?', primaryAction: { style: 'destructive' } }]);
  expect(daemon.methodsAsked()).not.toContain('deleteRun');
});

test('a deleted run is gone at once', async () => {
  let isDeleted = false;
  daemon.script = {
    ...daemon.script,
    deleteRun: () => ((isDeleted = true), {}),
    listRuns: () => ({ runs: [...(isDeleted ? [] : [exampleRun(7)]), exampleRun(5)], total: 2 }),
  };
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  await screen.press('Delete Run', itemOf(screen, 7));
  await screen.until('it is gone', () => screen.all('List.Item').length === 1);
  await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'SUCCESS'));
});

test('a run that could not be deleted comes back, with the reason', async () => {
  daemon.script = {
    ...daemon.script,
    deleteRun: () => {
      throw new Refusal('history', 'The database cannot be written.');
    },
  };
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  await screen.press('Delete Run', itemOf(screen, 7));
  await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'FAILURE'));
  await screen.until('it is back', () => screen.all('List.Item').length === 2);
  expect(JSON.stringify(raycast.toasts)).toContain('The database cannot be written.');
});

test.each([
  ['Export as JSON', 'json'],
  ['Export Iterations as CSV', 'csv'],
  ['Export Report as HTML', 'html'],
])('%s leaves a file in Downloads', async (title, extension) => {
  const downloads = join(home.path, 'Downloads');
  mkdirSync(downloads);
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  await screen.press(title, itemOf(screen, 7));
  await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'SUCCESS'));
  expect(readdirSync(downloads).filter((name) => name.endsWith(extension))).toHaveLength(1);
});

test('a run that another command names is selected', async () => {
  const screen = open({ launchContext: { runId: 6 } });
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  expect(screen.top.props['selectedItemId']).toBe('6');
});

test('further pages are asked for from the last run on', async () => {
  daemon.script = {
    ...daemon.script,
    listRuns: (parameters) => {
      listed.push(parameters);
      const from = parameters.before ?? 101;
      const count = Math.min(parameters.limit ?? 50, from - 1);
      return { runs: Array.from({ length: count }, (_, place) => exampleRun(from - 1 - place)), total: 100 };
    },
  };
  const screen = open();
  await screen.until('a page', () => screen.all('List.Item').length === 50);
  const { onLoadMore, hasMore } = screen.top.props['pagination'] as {
    onLoadMore: () => void;
    hasMore: boolean;
  };
  expect(hasMore).toBe(true);
  onLoadMore();
  await screen.until('two pages', () => screen.all('List.Item').length === 100);
  expect(listed.at(-1)).toMatchObject({ before: 51 });
});

test('a command that is closed leaves no connection', async () => {
  const screen = open();
  await screen.until('the runs', () => screen.all('List.Item').length === 2);
  screen.close();
  await expect.poll(() => daemon.connections).toBe(0);
});
