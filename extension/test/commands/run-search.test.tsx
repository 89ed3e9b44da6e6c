/** Lists of runs beyond their first page: searched in the whole history, and asked for again without losing anything. */

import { beforeEach, describe, expect, test } from 'vitest';
import { exampleRun } from '@tidemark/client/testing/example-messages';
import { exampleSample } from '@tidemark/client/testing/example-documents';
import type { Parameters } from '@tidemark/client/protocol/daemon/methods';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import CompareModels from '../../src/compare-models.tsx';
import Runs from '../../src/runs.tsx';
import { launch } from '../harness/launch.ts';
import type { LaunchOptions } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { Refusal, ScriptedDaemon } from '../harness/surroundings.ts';
import type { TreeNode } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';

type Question = Parameters<'listRuns'>;

let daemon: ScriptedDaemon;
/** Newest first. */
let history: RunRecord[];
let asked: Question[];
/** What a search waits for before it is answered. */
let delays: Map<string, Promise<unknown>>;

/** As the daemon does, but of the text alone. */
function listRuns({ limit = 50, before = Infinity, search, kind }: Question): {
  runs: RunRecord[];
  total: number;
} {
  const words = search?.toLowerCase().split(' ') ?? [];
  const found = history.filter(
    (run) =>
      (kind === undefined || run.kind === kind) &&
      words.every((word) => run.text?.toLowerCase().includes(word) === true),
  );
  return { runs: found.filter(({ id }) => id < before).slice(0, limit), total: found.length };
}

const runsFrom = (newest: number, changes: Partial<RunRecord> = {}): RunRecord[] =>
  Array.from({ length: newest }, (_, place) =>
    exampleRun(newest - place, { text: `Sentence ${newest - place}.`, ...changes }),
  );

beforeEach(async () => {
  [history, asked, delays] = [[], [], new Map()];
  daemon = await ScriptedDaemon.start({
    listRuns: async (question) => {
      asked.push(question);
      // What the history was when it was asked.
      const answer = listRuns(question);
      await delays.get(question.search ?? '');
      return answer;
    },
    getRun: ({ runId }) => {
      const record = history.find(({ id }) => id === runId);
      if (record === undefined) {
        throw new Refusal('not-found', `There is no run ${runId}.`, 'List the runs.');
      }
      return { record, samples: [exampleSample(0)] };
    },
    deleteRun: ({ runId }) => {
      history = history.filter(({ id }) => id !== runId);
      return {};
    },
  });
});

const open = (options: LaunchOptions = {}): Screen =>
  launch('runs', Runs, { preferences: { dataFolder: daemon.dataFolder }, ...options });

const ids = (screen: Screen): number[] => screen.all('List.Item').map(({ props }) => Number(props['id']));

const itemOf = (screen: Screen, id: number): TreeNode => {
  const found = screen.all('List.Item').find(({ props }) => props['id'] === String(id));
  if (found === undefined) {
    throw new Error(`There is no run ${id} in:\n${screen.toString()}`);
  }
  return found;
};

const shows = (screen: Screen, count: number): Promise<unknown> =>
  screen.until(`${count} runs`, () => screen.all('List.Item').length === count);

interface Pagination {
  readonly pageSize: number;
  readonly hasMore: boolean;
  readonly onLoadMore: (page: number) => void;
}

const pagination = (screen: Screen): Pagination => screen.top.props['pagination'] as Pagination;

async function loadTo(screen: Screen, count: number): Promise<void> {
  await shows(screen, Math.min(50, count));
  for (let shown = 50; shown < count; shown += 50) {
    pagination(screen).onLoadMore(shown / 50);
    await shows(screen, Math.min(shown + 50, count));
  }
}

function select(screen: Screen, id: number): void {
  (screen.top.props['onSelectionChange'] as (id: string) => void)(String(id));
}

describe('a history of 151 runs', () => {
  beforeEach(() => {
    history = runsFrom(151);
  });

  test('is shown to its end, page by page', async () => {
    const screen = open();
    await loadTo(screen, 151);
    expect(ids(screen)).toEqual(history.map(({ id }) => id));
    expect(pagination(screen).hasMore).toBe(false);
  });

  test('is asked for again as far as it was shown, with what is new, and what was selected stays so', async () => {
    const screen = open();
    await loadTo(screen, 100);
    select(screen, 60);
    history = [exampleRun(154), exampleRun(153), exampleRun(152), ...history];
    await screen.press('Refresh');
    await screen.until('the new ones', () => ids(screen)[0] === 154);
    expect(ids(screen)).toEqual(history.slice(0, 103).map(({ id }) => id));
    expect(pagination(screen).hasMore).toBe(true);
    expect(screen.all('List.Item.Detail').filter(({ props }) => 'isLoading' in props)).toHaveLength(1);
    pagination(screen).onLoadMore(2);
    await shows(screen, 153);
  });

  test('loses what was deleted elsewhere, and nothing else', async () => {
    const screen = open();
    await loadTo(screen, 151);
    history = history.filter(({ id }) => id !== 30 && id !== 120);
    await screen.press('Refresh');
    await shows(screen, 149);
    expect(ids(screen)).toEqual(history.map(({ id }) => id));
  });

  test('asks again by itself only for what is queued or running, and keeps the rest', async () => {
    history = [exampleRun(152, { state: 'running', text: 'Now.' }), ...history];
    const screen = open();
    await loadTo(screen, 100);
    const before = asked.length;
    history = [exampleRun(152, { text: 'Now.' }), ...history.slice(1)];
    await screen.until(
      'its end',
      () => itemOf(screen, 152).props['icon'] !== undefined && asked.length > before,
    );
    await screen.until('its verdict', () =>
      /no leak/i.test((itemOf(screen, 152).props['icon'] as { tooltip: string }).tooltip),
    );
    expect(asked.slice(before).map(({ limit, before: from }) => [limit, from])).toEqual([[50, undefined]]);
    expect(ids(screen)).toHaveLength(100);
  });

  test('keeps its length when a run is deleted in it', async () => {
    const screen = open();
    await loadTo(screen, 100);
    await screen.press('Delete Run', itemOf(screen, 90));
    await screen.until('it is gone', () => !ids(screen).includes(90));
    await screen.until(
      'it was asked again',
      () => asked.length > 2 && screen.top.props['isLoading'] === false,
    );
    expect(ids(screen)).toHaveLength(99);
  });
});

describe('a link to a run', () => {
  beforeEach(() => {
    history = runsFrom(151);
  });

  test('that is not among the first opens it, selected and with its details', async () => {
    const screen = open({ launchContext: { runId: 3 } });
    await shows(screen, 51);
    expect(ids(screen).slice(0, 2)).toEqual([3, 151]);
    expect(screen.top.props['selectedItemId']).toBe('3');
    expect(screen.get('List.Section').props['title']).toBe('Linked Run');
    expect(screen.actionsOf(itemOf(screen, 3))).toContain('Show Details');
  });

  test('has it in its place once its page is there, and beside no search', async () => {
    const screen = open({ launchContext: { runId: 60 } });
    await shows(screen, 51);
    pagination(screen).onLoadMore(1);
    await shows(screen, 100);
    expect(ids(screen).indexOf(60)).toBe(91);
    await screen.search('sentence 151');
    await shows(screen, 1);
  });

  test('that was deleted says so, and shows the others', async () => {
    const screen = open({ launchContext: { runId: 999 } });
    await shows(screen, 50);
    await screen.until('the toast', () => raycast.toasts.length > 0);
    expect(raycast.toasts[0]).toMatchObject({ style: 'FAILURE', title: 'Could not open run 999' });
    expect(screen.top.props['selectedItemId']).toBeUndefined();
  });

  test('that is deleted here is gone', async () => {
    const screen = open({ launchContext: { runId: 3 } });
    await shows(screen, 51);
    await screen.press('Delete Run', itemOf(screen, 3));
    await shows(screen, 50);
    expect(ids(screen)).not.toContain(3);
  });
});

describe('a search', () => {
  test('finds the oldest of 10,000 runs, asks for no page between, and has pages of its own', async () => {
    history = runsFrom(10_000).map((run) =>
      run.id % 100 === 1 ? { ...run, text: run.id === 1 ? 'Oldest needle.' : 'Needle.' } : run,
    );
    const screen = open();
    await shows(screen, 50);
    expect(screen.top.props).toMatchObject({ filtering: false, throttle: true });
    await screen.search('  Oldest   needle. ');
    await shows(screen, 1);
    expect(ids(screen)).toEqual([1]);
    expect(asked.slice(1)).toEqual([{ search: 'Oldest needle.', limit: 50 }]);
    await screen.search('needle');
    await shows(screen, 50);
    pagination(screen).onLoadMore(1);
    await shows(screen, 100);
    expect(ids(screen).at(-1)).toBe(1);
    await screen.search('');
    await screen.until('all', () => ids(screen)[0] === 10_000);
  });

  test('without hits says so, with its words', async () => {
    history = runsFrom(3);
    const screen = open();
    await shows(screen, 3);
    await screen.search('nowhere');
    const view = await screen.until('the end', () => screen.all('List.EmptyView')[0]);
    expect(view.props['title']).toBe('No Matching Runs');
    expect(view.props['description']).toContain('“nowhere”');
  });

  test('shows what is asked for last, whichever answer comes last', async () => {
    history = [exampleRun(2, { text: 'Slow fox.' }), exampleRun(1, { text: 'Quick dog.' })];
    const slow = Promise.withResolvers<undefined>();
    delays.set('slow', slow.promise);
    const screen = open();
    await shows(screen, 2);
    await screen.search('slow');
    await screen.search('quick');
    await screen.until('the later answer', () => ids(screen).join() === '1');
    slow.resolve(undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await screen.settle();
    expect(ids(screen)).toEqual([1]);
    expect(screen.top.props['isLoading']).toBe(false);
  });

  test('is not undone by a refresh that began before it, and is itself what is refreshed', async () => {
    history = [exampleRun(2, { text: 'Slow fox.' }), exampleRun(1, { text: 'Quick dog.' })];
    const screen = open();
    await shows(screen, 2);
    const refreshing = Promise.withResolvers<undefined>();
    delays.set('', refreshing.promise);
    await screen.press('Refresh');
    await screen.search('quick');
    await screen.until('the answer', () => ids(screen).join() === '1');
    refreshing.resolve(undefined);
    history = [exampleRun(3, { text: 'Quick cat.' }), exampleRun(2), ...history.slice(1)];
    await screen.press('Refresh');
    await screen.until('the new hit', () => ids(screen).join() === '3,1');
    expect(asked.at(-1)).toMatchObject({ search: 'quick' });
  });

  test('that the daemon is too old for is told with the daemon’s version', async () => {
    history = runsFrom(3);
    daemon.script = {
      ...daemon.script,
      listRuns: (question) => {
        if (question.search !== undefined) {
          throw new Refusal('bad-request', 'The parameters of listRuns are invalid.');
        }
        return listRuns(question);
      },
    };
    const screen = open();
    await shows(screen, 3);
    await screen.search('fox');
    const view = await screen.until('the trouble', () => screen.all('List.EmptyView')[0]);
    expect(view.props['title']).toBe('The Daemon Is a Different Version');
    expect(view.props['description']).toMatch(/older than this extension, and cannot search/);
    await screen.search('');
    await shows(screen, 3);
  });

  test('of more than the daemon takes is cut, and one without a word is none', async () => {
    history = runsFrom(3);
    const screen = open();
    await shows(screen, 3);
    await screen.search('  ');
    await screen.search('x'.repeat(500));
    await screen.until('the answer', () => screen.all('List.EmptyView')[0]);
    expect(asked.map(({ search }) => search?.length)).toEqual([undefined, 200]);
  });
});

describe('studies', () => {
  const openStudies = (): Screen =>
    launch('compare-models', CompareModels, { preferences: { dataFolder: daemon.dataFolder } });

  test('are searched in the history, and a search without hits is not the first use', async () => {
    history = runsFrom(130, { kind: 'study' });
    const screen = openStudies();
    await shows(screen, 51);
    pagination(screen).onLoadMore(1);
    await shows(screen, 101);
    await screen.search('sentence 7.');
    await shows(screen, 2 + listRuns({ search: 'sentence 7.' }).total - 1);
    expect(asked.at(-1)).toMatchObject({ kind: 'study', search: 'sentence 7.' });
    await screen.search('nowhere');
    await screen.until('none', () => screen.all('List.EmptyView', 'No Matching Studies')[0]);
  });
});

test('runs show their text, and which of them can be compared with the one that is marked', async () => {
  history = [
    exampleRun(4, { text: 'Hello.', voice: 'bm_george' }),
    exampleRun(3, { text: 'Goodbye.\nAll.' }),
    exampleRun(2, { text: 'Hello.' }),
    exampleRun(1, { text: 'Hello.' }),
  ];
  const screen = open();
  await shows(screen, 4);
  expect(screen.all('List.Item').map(({ props }) => props['subtitle'])).toEqual([
    '#4 · “Hello.”',
    '#3 · “Goodbye. All.”',
    '#2 · “Hello.”',
    '#1 · “Hello.”',
  ]);
  await screen.press(/^Mark as Comparison Baseline/, itemOf(screen, 1));
  const alike = screen
    .all('List.Item')
    .filter(({ props }) => JSON.stringify(props['accessories']).includes('Same text and voice as run 1'));
  expect(alike.map(({ props }) => props['id'])).toEqual(['2']);
});
