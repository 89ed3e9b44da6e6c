/** The built Runs and Compare Models over a real daemon's history of 151 runs: searched, linked to, and asked for again. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Screen } from '../harness/screen.ts';
import { raycast } from '../raycast-api/raycast.ts';
import { open } from './built.ts';
import { makeHistory, RealDaemon, tidemarkPath } from './real-daemon.ts';

const runs = 151;
const daemon = new RealDaemon();
const preferences = { dataFolder: daemon.dataFolder, tidemarkPath };

before(async () => {
  makeHistory(daemon.dataFolder, runs);
  await daemon.start();
});

after(() => daemon.remove());

const ids = (screen: Screen): number[] => screen.all('List.Item').map(({ props }) => Number(props['id']));

const hasAnswered = (screen: Screen): boolean => screen.top.props['isLoading'] === false;

async function openRuns(launchContext: object = {}): Promise<Screen> {
  const screen = open('runs', { preferences, launchContext: { ...launchContext } });
  await screen.until('the runs', () => hasAnswered(screen) && ids(screen).length >= 50);
  return screen;
}

/** What the search for other words finds, which is not what the list had. */
async function find(screen: Screen, words: string): Promise<number[]> {
  const before = String(ids(screen));
  let hasBegun = false;
  await screen.search(words);
  // On a busy machine the list may not even be loading yet.
  await screen.until(`what has ${words}`, () => {
    hasBegun ||= !hasAnswered(screen) || String(ids(screen)) !== before;
    return hasBegun && hasAnswered(screen);
  });
  return ids(screen);
}

async function loadAll(screen: Screen): Promise<void> {
  for (;;) {
    const { hasMore, onLoadMore } = screen.top.props['pagination'] as {
      hasMore: boolean;
      onLoadMore: () => void;
    };
    if (!hasMore) {
      return;
    }
    const shown = ids(screen).length;
    onLoadMore();
    await screen.until('the next page', () => hasAnswered(screen) && ids(screen).length > shown);
  }
}

test('every run is found by what is shown of it, however old', async () => {
  const screen = await openRuns();
  assert.deepEqual(await find(screen, '#2'), [2]);
  const failed = await find(screen, 'failed 4BIT-fp32');
  assert.ok(failed.length > 0 && failed.every((id) => id % 10 === 9 && id % 3 === 1), String(failed));
  const nightly = await find(screen, 'good mórning nightly');
  assert.ok(nightly.length > 0 && nightly.every((id) => id % 10 === 3 && id % 3 === 1), String(nightly));
  assert.deepEqual(await find(screen, 'nobody ever said this'), []);
  const [view] = screen.all('List.EmptyView');
  assert.equal(view?.props['title'], 'No Matching Runs');
  assert.equal((await find(screen, '')).length, 50);
  screen.close();
});

test('a list to its end keeps its length and order when it is asked for again, and loses what is deleted', async () => {
  const screen = await openRuns();
  await loadAll(screen);
  const all = Array.from({ length: runs }, (_, place) => runs - place);
  assert.deepEqual(ids(screen), all);
  await screen.press('Refresh');
  await screen.until('the answer', () => hasAnswered(screen));
  assert.deepEqual(ids(screen), all);
  await daemon.ask((client) => client.call('deleteRun', { runId: 100 }));
  await screen.press('Refresh');
  await screen.until('it is gone', () => !ids(screen).includes(100));
  assert.equal(ids(screen).length, runs - 1);
  screen.close();
});

test('a link opens the oldest run, and one to a deleted run says so', async () => {
  const screen = await openRuns({ runId: 1 });
  assert.equal(ids(screen)[0], 1);
  assert.equal(screen.top.props['selectedItemId'], '1');
  screen.close();
  const gone = await openRuns({ runId: 100 });
  await gone.until('the toast', () => raycast.toasts.length > 0);
  assert.match(JSON.stringify(raycast.toasts), /Could not open run 100/);
  assert.ok(!ids(gone).includes(100));
  gone.close();
});

test('a search for studies finds none among profiles', async () => {
  const screen = open('compare-models', { preferences });
  await screen.until('the answer', () => screen.all('List.EmptyView', 'No Studies Yet')[0]);
  await screen.search('bf16');
  await screen.until('none', () => screen.all('List.EmptyView', 'No Matching Studies')[0]);
  screen.close();
});
