/**
 * Every command and tool, as it was built, in every way in which Raycast launches it: by its documented lifecycle, with what
 * Raycast hands over where there is nothing to hand over, and over a history of 151 runs.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { LaunchOptions } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { walk, wording } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';
import { ask, handles, open, run, tinyModel } from './built.ts';
import { makeHistory, RealDaemon, tidemarkPath } from './real-daemon.ts';

const runs = 151;
const daemon = new RealDaemon();
const model = tinyModel();
const preferences = {
  dataFolder: daemon.dataFolder,
  tidemarkPath,
  defaultModel: model,
  voice: 'af_tiny',
  text: 'Hello there.',
  iterations: '1',
};

let studyId: number;
/** What this process has while no command is loaded: the daemon and its pipes. */
let idle: Record<string, number>;

before(async () => {
  makeHistory(daemon.dataFolder, runs - 1);
  await daemon.start();
  const study = { models: [model], voice: 'af_tiny', text: 'Hi.', iterations: 1, explain: false };
  ({ id: studyId } = await daemon.ask((client) => client.call('startStudy', study)));
  await daemon.ask(async (client) => {
    while ((await client.call('getRun', { runId: studyId, document: false })).record.state !== 'complete') {
      await wait(100);
    }
    assert.equal((await client.call('listRuns', { limit: 1 })).total, runs);
  });
  await wait(500);
  idle = handles();
});

after(() => daemon.remove());

type Launch = Pick<LaunchOptions, 'arguments' | 'launchContext' | 'fallbackText'>;

/** What Raycast hands over where there is nothing, and what a link may hold that somebody else wrote. */
const contexts: readonly Launch[] = [
  {},
  { launchContext: undefined },
  { launchContext: null },
  { launchContext: {} },
  { launchContext: 'text' },
  {
    launchContext: { runId: 'x', followRunId: null, model: 7, show: [], alertId: -1, studyId: 1.5, text: {} },
  },
];
const argumentsGiven: readonly Launch[] = [{ arguments: undefined }, { arguments: null }];
const fallbacks: readonly Launch[] = [
  { fallbackText: undefined },
  { fallbackText: null },
  { fallbackText: 'Good morning.' },
];

const everything = (value: null | undefined): Launch => ({
  launchContext: value,
  arguments: value,
  fallbackText: value,
});

/** Each by itself, and all at once. */
const launches: readonly Launch[] = [
  ...contexts,
  ...argumentsGiven,
  ...fallbacks,
  everything(undefined),
  everything(null),
];

/** Where a launch does what takes a second. */
const few: readonly Launch[] = [{}, everything(undefined), everything(null), { launchContext: 'text' }];

const said = (launch: Launch): string =>
  JSON.stringify(launch, (_key, value: unknown) => (value === undefined ? 'undefined' : value));

/** What a person never wants to read. */
function expectSensible(words: string, launch: string): void {
  assert.ok(words.trim().length > 0, `Nothing is shown for ${launch}`);
  assert.doesNotMatch(words, /\bundefined\b|\bnull\b|\bNaN\b|\[object |Invalid Date|=> /, launch);
}

/** A view that has its answer: a list with its items or why there are none, a form with its fields, a text. */
function isFilled(screen: Screen): boolean {
  const { type, props } = screen.top;
  switch (type) {
    case 'List':
      return props['isLoading'] !== true && screen.all('List.Item').length > 0;
    case 'Form':
      return screen.top.children.length > 2;
    default:
      return props['isLoading'] !== true && String(props['markdown'] ?? '') !== '';
  }
}

/** Nothing of the command goes on once Raycast has unloaded it. */
async function expectUnloaded(launch: string): Promise<void> {
  for (let attempt = 0; JSON.stringify(handles()) !== JSON.stringify(idle); attempt += 1) {
    assert.ok(attempt < 100, `${launch} leaves ${JSON.stringify(handles())}, not ${JSON.stringify(idle)}`);
    await wait(20);
  }
}

async function expectView(name: string, launch: Launch, pattern: RegExp): Promise<void> {
  const screen = open(name, { preferences, ...launch });
  await screen.until(`${name} with ${said(launch)}`, () => isFilled(screen));
  expectSensible(screen.text, said(launch));
  assert.match(screen.text, pattern, said(launch));
  assert.deepEqual(
    screen.all('List.EmptyView', /./).filter(({ props }) => props['title'] === 'Something Went Wrong'),
    [],
  );
  assert.deepEqual(raycast.toasts, []);
  screen.close();
  await expectUnloaded(`${name} with ${said(launch)}`);
}

const views: readonly (readonly [string, RegExp])[] = [
  ['profile-memory', /Iterations/],
  ['runs', /4bit-fp32/],
  ['compare-models', /Study of/],
  ['leak-checks', /Nightly/],
  ['daemon', /Running/],
];

describe('a command with a view', () => {
  test('each one is among these', () => {
    const named = raycast.manifest.commands.filter(({ mode }) => mode === 'view').map(({ name }) => name);
    assert.deepEqual(named.toSorted(), views.map(([name]) => name).toSorted());
  });

  for (const [name, pattern] of views) {
    test(`${name} opens in ${launches.length} ways, and unloads`, { timeout: 180_000 }, async () => {
      // What is made once, such as a first connection's resolver, is made by then.
      await expectView(name, {}, pattern);
      for (const launch of launches) {
        await expectView(name, launch, pattern);
      }
    });
  }

  test('the text of a fallback is what Profile Memory offers to say', async () => {
    const screen = open('profile-memory', { preferences, fallbackText: 'Good morning.' });
    const field = await screen.until('the form', () => screen.all('Form.TextArea')[0]);
    assert.equal(field.props['value'], 'Good morning.');
    screen.close();
  });

  const links: readonly (readonly [string, () => Record<string, unknown>, RegExp])[] = [
    ['profile-memory', () => ({ followRunId: 2 }), /bf16|4bit/],
    [
      'profile-memory',
      () => ({ model, startAtOnce: true, iterations: 1 }),
      /Loading|Iteration|Queued|Running|Active/,
    ],
    ['runs', () => ({ runId: studyId }), /Study of/],
    ['compare-models', () => ({ studyId }), /model/],
    ['compare-models', () => ({ followRunId: studyId }), /model/],
    ['leak-checks', () => ({ alertId: 1 }), /Peak Above Baseline/],
    ['leak-checks', () => ({ scheduleId: 1 }), /Nightly/],
    ['daemon', () => ({ show: 'logs' }), /daemon/i],
    ['daemon', () => ({ show: 'doctor' }), /Packaged voices/],
  ];

  for (const [name, context, pattern] of links) {
    test(`${name} goes to what a link names: ${Object.keys(context()).join(', ')}`, async () => {
      await expectView(name, { launchContext: context() }, pattern);
    });
  }

  test('a link to a run that is not there says so, or shows the list', async () => {
    for (const [name, launchContext] of [
      ['runs', { runId: 999_999 }],
      ['compare-models', { studyId: 999_999 }],
      ['profile-memory', { followRunId: 999_999 }],
    ] as const) {
      const screen = open(name, { preferences, launchContext });
      await screen.until(
        name,
        () => screen.all('List.EmptyView', 'Not Found')[0] ?? (screen.titles.length > 10 || undefined),
      );
      screen.close();
    }
  });
});

describe('the menu bar', () => {
  for (const launchType of ['background', 'userInitiated'] as const) {
    test(`unloads as soon as it has loaded, ${launchType}`, { timeout: 120_000 }, async () => {
      const first = open('menu-bar', { preferences, launchType });
      await first.until('it is unloaded', () => first.isClosed);
      for (const launch of launches) {
        const screen = open('menu-bar', { preferences, launchType, ...launch });
        await screen.until('it is unloaded', () => screen.isClosed);
        assert.ok(screen.drawn !== undefined);
        expectSensible(wording(screen.drawn), said(launch));
        const items = [...walk(screen.drawn)].filter(({ type }) => type === 'MenuBarExtra.Item');
        assert.ok(items.length > 10, said(launch));
        assert.deepEqual(raycast.toasts, []);
        await expectUnloaded(said(launch));
      }
    });
  }

  test('stays while its menu is open, and is gone when that is closed', async () => {
    const screen = open('menu-bar', { preferences, isMenuOpen: true, launchContext: null });
    await screen.until('it has loaded', () => screen.top.props['isLoading'] === false);
    await wait(200);
    assert.equal(screen.isClosed, false);
    screen.close();
    await expectUnloaded('an open menu');
  });
});

describe('a command without a view', () => {
  const names = raycast.manifest.commands.filter(({ mode }) => mode === 'no-view').map(({ name }) => name);

  for (const launchType of ['background', 'userInitiated'] as const) {
    for (const name of names) {
      test(`${name} ends by itself, ${launchType}`, { timeout: 180_000 }, async () => {
        await run(name, { preferences, launchType });
        for (const launch of few) {
          await run(name, { preferences, launchType, ...launch });
          if (launchType === 'background') {
            assert.deepEqual([raycast.huds, raycast.toasts], [[], []]);
          } else {
            assert.equal(raycast.huds.length, 1, said(launch));
            expectSensible(raycast.huds.join('\n'), said(launch));
            assert.ok(raycast.toasts.every(({ isShown }) => !isShown));
          }
          await expectUnloaded(said(launch));
        }
      });
    }
  }
});

describe('an AI tool', () => {
  const inputs: readonly unknown[] = [
    undefined,
    null,
    {},
    [],
    'bf16',
    7,
    { model: null, limit: null },
    { model: 7, limit: 'many' },
    { model: ' ', limit: -3 },
    { limit: 1e9 },
    { limit: Number.NaN },
  ];

  for (const { name } of raycast.manifest.tools ?? []) {
    test(`${name} answers in words whatever it is asked with`, { timeout: 120_000 }, async () => {
      await ask(name, undefined, { preferences });
      for (const input of inputs) {
        const answer = await ask(name, input, { preferences });
        assert.equal(typeof answer, 'string');
        expectSensible(String(answer), JSON.stringify(input));
        await expectUnloaded(`${name} with ${JSON.stringify(input)}`);
      }
    });
  }
});
