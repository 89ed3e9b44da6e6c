/** The AI tools: each that does something asks before, does what was asked and no more, and each has an eval. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tool } from '@raycast/api';
import { beforeEach, describe, expect, test } from 'vitest';
import { exampleAlert, exampleRun, exampleSchedule } from '@tidemark/client/testing/example-messages';
import type { Method } from '@tidemark/client/protocol/daemon/methods';
import { methods } from '@tidemark/client/protocol/daemon/methods';
import packageJson from '../package.json';
import { Refusal, ScriptedDaemon } from './harness/surroundings.ts';
import { raycast } from './raycast-api/raycast.ts';

const sourceFolder = fileURLToPath(new URL('../src', import.meta.url));

interface ToolModule {
  readonly default: (input: unknown) => Promise<string>;
  readonly confirmation?: Tool.Confirmation<unknown>;
}

const load = async (name: string): Promise<ToolModule> =>
  (await import(`../src/tools/${name}.ts`)) as ToolModule;

const names = (raycast.manifest.tools ?? []).map(({ name }) => name);

/** What asks the daemon for no change. */
const readOnly: readonly Method[] = [
  'hello',
  'status',
  'models',
  'doctor',
  'listRuns',
  'getRun',
  'compareRuns',
  'listSchedules',
  'listAlerts',
  'getSettings',
  'subscribe',
];

const hasEffect = (method: string): boolean => !(readOnly as readonly string[]).includes(method);

let daemon: ScriptedDaemon;

beforeEach(async () => {
  daemon = await ScriptedDaemon.start({
    status: () => {
      throw new Refusal('internal', 'Not asked for here.');
    },
    listRuns: () => ({ runs: [], total: 0 }),
    listAlerts: () => ({
      alerts: [
        exampleAlert({ id: 3, state: 'open', kind: 'leak', reason: 'Active memory grows.' }),
        exampleAlert({ id: 4, state: 'acknowledged' }),
        exampleAlert({ id: 5, state: 'open' }),
      ],
    }),
    listSchedules: () => ({
      schedules: [exampleSchedule({ name: 'Nightly' }), exampleSchedule({ id: 7, name: 'Hourly' })],
      paused: false,
    }),
    startProfile: ({ iterations = 15, model }) =>
      exampleRun(8, { state: 'queued', models: [model], iterations }),
    acknowledgeAlerts: () => ({ alerts: [] }),
    pauseSchedules: () => ({ schedules: [], paused: false }),
  });
  raycast.restart({
    preferences: {
      dataFolder: daemon.dataFolder,
      defaultModel: '4bit-fp32',
      voice: 'bf_emma',
      iterations: '20',
    },
  });
});

const changes = (): { method: string; parameters: unknown }[] =>
  daemon.asked.filter(({ method }) => hasEffect(method));

type Question = NonNullable<Awaited<ReturnType<Tool.Confirmation<unknown>>>>;

async function question(name: string, input: unknown): Promise<Question> {
  const { confirmation } = await load(name);
  const asked = await confirmation?.(input);
  if (asked === undefined) {
    throw new Error(`${name} does not ask`);
  }
  return asked;
}

/** Everything that a person reads before they agree. */
const wordsOf = ({ message = '', info = [] }: Question): string =>
  [message, ...info.map(({ name, value }) => `${name}: ${value ?? ''}`)].join('\n');

test('each tool of the manifest is a file, and each file a tool', () => {
  const files = readdirSync(join(sourceFolder, 'tools')).map((name) => name.replace(/\.ts$/, ''));
  expect(files.toSorted()).toEqual(names.toSorted());
});

describe.each(names)('the tool %s', (name) => {
  test('asks before it changes anything, and changes nothing by asking', async () => {
    const tool = await load(name);
    await tool.default({});
    const isActing = changes().length > 0;
    expect(tool.confirmation !== undefined).toBe(isActing);
    daemon.asked.length = 0;
    await tool.confirmation?.({});
    expect(changes()).toEqual([]);
  });

  test('asks for the same where no daemon answers, so that nothing is ever done without', async () => {
    const { confirmation } = await load(name);
    if (confirmation === undefined) {
      return;
    }
    await daemon.stop();
    for (const input of [{}, undefined, null, 'text', { alertId: {}, schedule: [], iterations: 'x' }]) {
      expect((await confirmation(input))?.message).toMatch(/\?/);
    }
  });

  test('says in a sentence that no daemon runs', async () => {
    await daemon.stop();
    expect(await (await load(name)).default({})).toMatch(/Not Set Up/);
  });

  test('has an eval', () => {
    expect(evals.filter(({ expected }) => calledTools(expected).includes(name)).length).toBeGreaterThan(0);
  });
});

test('every method that changes something is known as such', () => {
  const known = Object.keys(methods);
  expect(readOnly.filter((method) => !known.includes(method))).toEqual([]);
  expect(known.filter(hasEffect)).toContain('deleteRun');
});

describe('a profile', () => {
  test('is what the person agreed to', async () => {
    const input = { model: 'bf16', iterations: 30, voice: 'af_heart', text: 'Good morning.' };
    const asked = await question('start-profile', input);
    for (const value of ['bf16', '30', 'af_heart', 'Good morning.']) {
      expect(wordsOf(asked)).toContain(value);
    }
    expect(await (await load('start-profile')).default(input)).toMatch(/Run 8.*bf16.*30 iterations/);
    expect(daemon.parametersOf('startProfile')).toEqual(input);
    expect(raycast.launches.map(({ name }) => name)).toEqual(['menu-bar']);
  });

  test('by another engine says so before and after, and what is no engine is not said', async () => {
    const input = { model: 'bf16', engine: 'mlx-audio' };
    daemon.script = {
      ...daemon.script,
      startProfile: ({ engine }) => exampleRun(8, { state: 'queued', workload: { engine } }),
    };
    expect(wordsOf(await question('start-profile', input))).toMatch(/Engine: mlx-audio, in a Python process/);
    expect(await (await load('start-profile')).default(input)).toMatch(/bf16 · mlx-audio/);
    expect(daemon.parametersOf('startProfile')).toMatchObject(input);
    expect(wordsOf(await question('start-profile', { engine: 'pytorch' }))).not.toMatch(/Engine/);
    await (await load('recent-runs')).default({ engine: 'mlx-audio' });
    expect(daemon.parametersOf('listRuns')).toMatchObject({ engine: 'mlx-audio' });
  });

  test('of which nothing is said has the preferences, and the question says which', async () => {
    expect(wordsOf(await question('start-profile', {}))).toMatch(
      /4bit-fp32[\s\S]*bf_emma[\s\S]*built-in sentence[\s\S]*20/,
    );
    await (await load('start-profile')).default({});
    expect(daemon.parametersOf('startProfile')).toEqual({
      model: '4bit-fp32',
      voice: 'bf_emma',
      iterations: 20,
    });
  });

  test.each([
    [1e8, 1000],
    [-5, 1],
    [12.4, 12],
    [Number.NaN, 20],
    ['30', 20],
  ])('of %s iterations is one of %s, in the question too', async (iterations, meant) => {
    expect(wordsOf(await question('start-profile', { iterations }))).toContain(`Iterations: ${meant}`);
    await (await load('start-profile')).default({ iterations });
    expect(daemon.parametersOf('startProfile')).toMatchObject({ iterations: meant });
  });

  test('that the daemon refuses is told with what to do', async () => {
    daemon.script = {
      ...daemon.script,
      startProfile: () => {
        throw new Refusal('unknown-voice', 'There is no voice named bf_emmi.', 'Did you mean bf_emma?');
      },
    };
    expect(await (await load('start-profile')).default({ voice: 'bf_emmi' })).toMatch(
      /no voice named bf_emmi[\s\S]*bf_emma/,
    );
  });
});

describe('alerts', () => {
  test('are acknowledged one by one, all that are open, after they were shown', async () => {
    const words = wordsOf(await question('acknowledge-alerts', {}));
    expect(words).toMatch(/all open alerts[\s\S]*Alert 3: Leak in bf16: Active memory grows[\s\S]*Alert 5/);
    expect(words).not.toMatch(/Alert 4/);
    expect(await (await load('acknowledge-alerts')).default({})).toMatch(/alert 3.*alert 5/);
    expect(changes().map(({ parameters }) => parameters)).toEqual([{ id: 3 }, { id: 5 }]);
  });

  test.each([[3], ['3'], [' 3 ']])('one is acknowledged by its number, %j', async (alertId) => {
    expect(wordsOf(await question('acknowledge-alerts', { alertId }))).not.toMatch(/Alert 5/);
    await (await load('acknowledge-alerts')).default({ alertId });
    expect(changes().map(({ parameters }) => parameters)).toEqual([{ id: 3 }]);
  });

  test.each([[4], [99], ['the leak'], [{}], [[]], [-1], [true]])(
    'one that is not open, %j, never comes to mean all',
    async (alertId) => {
      expect(wordsOf(await question('acknowledge-alerts', { alertId }))).toMatch(/None/);
      expect(await (await load('acknowledge-alerts')).default({ alertId })).toMatch(/no open alert/);
      expect(changes()).toEqual([]);
    },
  );
});

describe.each([
  ['pause-schedules', true, /Pause/, /Paused/],
  ['resume-schedules', false, /Resume/, /Resumed/],
] as const)('%s', (name, paused, verb, past) => {
  test.each([['Nightly'], ['nightly'], [' Nightly '], ['2'], [2]])(
    'does so with one, %j',
    async (schedule) => {
      const words = wordsOf(await question(name, { schedule }));
      expect(words).toMatch(verb);
      expect(words).toMatch(/“Nightly”/);
      expect(words).not.toMatch(/Hourly/);
      expect(await (await load(name)).default({ schedule })).toMatch(past);
      expect(changes()).toEqual([{ method: 'pauseSchedules', parameters: { id: 2, paused } }]);
    },
  );

  test('does so with all where none is named', async () => {
    expect(wordsOf(await question(name, {}))).toMatch(/all schedules[\s\S]*Nightly[\s\S]*Hourly/);
    expect(await (await load(name)).default({})).toMatch(/all schedules/);
    expect(changes()).toEqual([{ method: 'pauseSchedules', parameters: { paused } }]);
  });

  test.each([['Weekly'], [{}], [99], [false]])(
    'names those that there are for another, %j',
    async (schedule) => {
      expect(wordsOf(await question(name, { schedule }))).toMatch(/Not found/);
      expect(await (await load(name)).default({ schedule })).toMatch(/no schedule.*“Nightly”, “Hourly”/);
      expect(changes()).toEqual([]);
    },
  );
});

test('a schedule that is resumed while all are paused is told to be so', async () => {
  daemon.script = {
    ...daemon.script,
    listSchedules: () => ({ schedules: [exampleSchedule({ name: 'Nightly' })], paused: true }),
  };
  expect(await (await load('resume-schedules')).default({ schedule: 'Nightly' })).toMatch(/still paused/);
  expect(await (await load('list-schedules')).default({})).toMatch(/All schedules are paused[\s\S]*Nightly/);
});

type Matcher = Readonly<Record<string, unknown>>;

interface Eval {
  readonly input: string;
  readonly mocks: Readonly<Record<string, string>>;
  readonly expected: readonly Matcher[];
}

const evals = packageJson.ai.evals as unknown as readonly Eval[];

const callOf = ({ callsTool }: Matcher): { name: string; arguments: Matcher } | undefined =>
  callsTool === undefined
    ? undefined
    : typeof callsTool === 'string'
      ? { name: callsTool, arguments: {} }
      : (callsTool as { name: string; arguments: Matcher });

const calledTools = (expected: readonly Matcher[]): string[] =>
  expected.flatMap((matcher) => callOf(matcher)?.name ?? []);

/** The fields of a tool's input, as `ray build` reads them from its source. */
function inputFieldsOf(name: string): string[] {
  const source = readFileSync(join(sourceFolder, 'tools', `${name}.ts`), 'utf8');
  const [, body = ''] = /type Input = \{([\s\S]*?)\n\};/.exec(source) ?? [];
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field = '']) => field);
}

describe.each(evals)('the eval $input', ({ input, mocks, expected }) => {
  test('mentions the extension, and expects a call of a tool that it has, with fields that it takes', () => {
    expect(input).toMatch(/^@tidemark [A-Z]/);
    expect(calledTools(expected).length).toBeGreaterThan(0);
    for (const matcher of expected) {
      expect(Object.keys(matcher)).toHaveLength(1);
      expect(['callsTool', 'includes', 'matches', 'meetsCriteria', 'not']).toContain(Object.keys(matcher)[0]);
      const call = callOf((matcher['not'] as Matcher | undefined) ?? matcher);
      if (call !== undefined) {
        expect(names).toContain(call.name);
        expect(
          Object.keys(call.arguments).filter((field) => !inputFieldsOf(call.name).includes(field)),
        ).toEqual([]);
      }
    }
  });

  test('has an answer for each tool that it expects, with what it looks for in it', () => {
    for (const name of calledTools(expected)) {
      expect(mocks[name]).toMatch(/\S/);
    }
    expect(Object.keys(mocks).filter((name) => !names.includes(name))).toEqual([]);
    for (const { includes } of expected) {
      if (typeof includes === 'string') {
        expect(Object.values(mocks).join('\n')).toContain(includes);
      }
    }
  });
});
