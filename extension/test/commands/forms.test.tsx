/** The forms of a profile, a study and a schedule: what they offer to choose from, and what they make of the choice. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { ModelsDocument } from '@tidemark/client/protocol/command-documents';
import { exampleRun, exampleSchedule } from '@tidemark/client/testing/example-messages';
import CompareModels from '../../src/compare-models.tsx';
import LeakChecks from '../../src/leak-checks.tsx';
import ProfileMemory from '../../src/profile-memory.tsx';
import { launch } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { Refusal, ScriptedDaemon, silence } from '../harness/surroundings.ts';
import type { TreeNode } from '../harness/tree.ts';
import { walk } from '../harness/tree.ts';

let daemon: ScriptedDaemon;

const model = (name: string, state: 'built' | 'absent' | 'damaged'): ModelsDocument['models'][number] => ({
  name,
  description: name,
  rest: 'bfloat16',
  tensorBytes: 163_500_000,
  state,
  folder: `/data/models/${name}`,
  diskBytes: 0,
});

const voice = (name: string, language: string): NonNullable<ModelsDocument['voices']>[number] => ({
  name,
  language,
  acceptsText: language.endsWith('English'),
});

const catalog = (changes: Partial<ModelsDocument> = {}): ModelsDocument => ({
  kind: 'models',
  schemaVersion: 1,
  dataFolder: '/data',
  models: [model('fp32', 'absent'), model('bf16', 'built'), model('4bit-bf16', 'damaged')],
  downloaded: [{ repository: 'mlx-community/Kokoro-82M-4bit', folder: '/cache', diskBytes: 90_000_000 }],
  voices: [
    voice('af_bella', 'American English'),
    voice('af_heart', 'American English'),
    voice('bf_emma', 'British English'),
    voice('jf_alpha', 'Japanese'),
  ],
  engines: ['tidemark', 'mlx-audio'],
  ...changes,
});

beforeEach(async () => {
  daemon = await ScriptedDaemon.start({
    models: () => catalog(),
    listRuns: () => ({ runs: [], total: 0 }),
    listSchedules: () => ({ schedules: [exampleSchedule()], paused: false }),
    listAlerts: () => ({ alerts: [] }),
    setSchedule: () => exampleSchedule(),
    checkEngine: () => ({}),
    startProfile: () => exampleRun(8, { state: 'queued' }),
    startStudy: () => exampleRun(8, { state: 'queued', kind: 'study' }),
    getRun: () => silence,
  });
});

const field = (screen: Screen, id: string): TreeNode | undefined =>
  [...walk(screen.top)].find(({ props }) => props['id'] === id);

/** By section; a section without a title is called ''. */
function offered(screen: Screen, id: string): Record<string, unknown[]> {
  const sections = field(screen, id)?.children.filter(({ type }) => type === 'Form.Dropdown.Section') ?? [];
  return Object.fromEntries(
    sections.map(({ props, children }) => [
      typeof props['title'] === 'string' ? props['title'] : '',
      children.map((child) => child.props['value']),
    ]),
  );
}

interface Opened {
  readonly screen: Screen;
  readonly submit: string;
  /** What the daemon is asked for with the form's values. */
  readonly asked: () =>
    | { readonly model?: string; readonly voice?: string; readonly engine?: string; readonly python?: string }
    | undefined;
}

type Options = Readonly<Record<string, string>>;

async function openProfile(preferences: Options = {}): Promise<Opened> {
  const screen = launch('profile-memory', ProfileMemory, {
    preferences: { dataFolder: daemon.dataFolder, ...preferences },
  });
  await screen.until('the form', () => screen.top.type === 'Form' && screen.top.props['isLoading'] === false);
  return {
    screen,
    submit: 'Start Profile',
    asked: () => daemon.parametersOf('startProfile') as { model: string } | undefined,
  };
}

async function openStudy(preferences: Options = {}): Promise<Opened> {
  const screen = launch('compare-models', CompareModels, {
    preferences: { dataFolder: daemon.dataFolder, ...preferences },
  });
  await screen.until('the way to a study', () => screen.all('Action.Push', 'Start Study')[0]);
  await screen.press('Start Study');
  await screen.until('the form', () => screen.top.type === 'Form' && screen.top.props['isLoading'] === false);
  return {
    screen,
    submit: 'Start Study',
    asked: () => daemon.parametersOf('startStudy') as { voice: string } | undefined,
  };
}

async function openSchedule(preferences: Options = {}): Promise<Opened> {
  const screen = launch('leak-checks', LeakChecks, {
    preferences: { dataFolder: daemon.dataFolder, ...preferences },
  });
  await screen.until('the schedules', () => screen.all('List.Item')[0]);
  await screen.press('Add Schedule');
  await screen.until('the form', () => screen.top.type === 'Form' && screen.top.props['isLoading'] === false);
  return {
    screen,
    submit: 'Add Schedule',
    asked: () =>
      (daemon.parametersOf('setSchedule') as { settings: { model: string } } | undefined)?.settings,
  };
}

const ofOneModel = [
  ['a profile', openProfile],
  ['a schedule', openSchedule],
] as const;
const forms = [...ofOneModel, ['a study', openStudy]] as const;

describe.each(forms)('the form of %s', (_name, open) => {
  test('offers the voices that take text, by language', async () => {
    const { screen } = await open();
    expect(offered(screen, 'voice')).toEqual({
      'American English': ['af_bella', 'af_heart'],
      'British English': ['bf_emma'],
      '': ['…'],
    });
  });

  test('takes another voice by its name, and says where one is missing', async () => {
    const { screen, submit, asked } = await open();
    expect(field(screen, 'otherVoice')).toBeUndefined();
    await screen.enter('voice', '…');
    await screen.press(submit);
    await screen.settle();
    expect(field(screen, 'otherVoice')?.props['error']).toMatch(/Enter a voice/);
    expect(asked()).toBeUndefined();
    for (const [typed, told] of [
      ['af_hart', /There is no voice named af_hart/],
      ['af_heart,nobody', /There is no voice named nobody/],
      ['af_heart,', /Enter a voice after each comma/],
      ['voices/own.safetensors', /Enter the absolute path/],
      ['own.pt', /Enter the absolute path/],
    ] as const) {
      await screen.enter('otherVoice', typed);
      await screen.press(submit);
      await screen.settle();
      expect(field(screen, 'otherVoice')?.props['error']).toMatch(told);
      expect(asked()).toBeUndefined();
    }
    await screen.enter('otherVoice', ' af_heart,af_bella ');
    await screen.press(submit);
    await screen.until('it is asked for', () => asked() !== undefined);
    expect(asked()?.voice).toBe('af_heart,af_bella');
  });

  test('says before the first run that a model has to be made, and afterwards no more', async () => {
    expect((await open()).screen.all('Form.Description', 'No Model Yet')).toHaveLength(0);
    daemon.script = {
      ...daemon.script,
      models: () => catalog({ models: [model('bf16', 'absent')], downloaded: [] }),
    };
    expect((await open()).screen.all('Form.Description', 'No Model Yet')).toHaveLength(1);
  });

  test('is of use where the daemon is older and says nothing of voices or downloads', async () => {
    const { voices, downloaded, engines, ...older } = catalog();
    expect([voices?.length, downloaded?.length, engines?.length]).toEqual([4, 1, 2]);
    daemon.script = { ...daemon.script, models: () => older };
    const { screen, submit, asked } = await open({ voice: 'bf_emma' });
    expect(offered(screen, 'voice')).toEqual({ Current: ['bf_emma'], '': ['…'] });
    await screen.press(submit);
    await screen.until('it is asked for', () => asked() !== undefined);
    expect(asked()?.voice).toBe('bf_emma');
  });
});

describe.each(forms)('the engine of %s', (_name, open) => {
  test('is Tidemark’s own, of which nothing is asked, unless another is chosen', async () => {
    const { screen, submit, asked } = await open();
    expect(field(screen, 'engine')?.props['value']).toBe('tidemark');
    expect(field(screen, 'python')).toBeUndefined();
    await screen.press(submit);
    await screen.until('it is asked for', () => asked() !== undefined);
    expect([asked()?.engine, asked()?.python]).toEqual([undefined, undefined]);
    expect(daemon.methodsAsked()).not.toContain('checkEngine');
  });

  test('is the preferred one, in the Python that is named', async () => {
    const { screen, submit, asked } = await open({ engine: 'mlx-audio' });
    await screen.enter('python', '/opt/venv/bin/python');
    await screen.press(submit);
    await screen.until('it is asked for', () => asked() !== undefined);
    expect([asked()?.engine, asked()?.python]).toEqual(['mlx-audio', '/opt/venv/bin/python']);
    expect(daemon.parametersOf('checkEngine')).toEqual({
      engine: 'mlx-audio',
      python: '/opt/venv/bin/python',
    });
  });

  test('that cannot be had is told at its field, in the words of the daemon', async () => {
    daemon.script = {
      ...daemon.script,
      checkEngine: ({ python }) => {
        throw python === undefined
          ? new Refusal('python', 'There is no Python on this machine.', 'Install Python 3.11 or later.')
          : new Refusal('python', `${python} has no mlx-audio.`, 'Install it.');
      },
    };
    const { screen, submit, asked } = await open();
    await screen.enter('engine', 'mlx-audio');
    await screen.press(submit);
    await screen.until('it is told', () => field(screen, 'engine')?.props['error']);
    expect(field(screen, 'engine')?.props['error']).toBe(
      'There is no Python on this machine. Install Python 3.11 or later.',
    );
    for (const [typed, told] of [
      ['venv/bin/python', 'Enter the absolute path to a Python'],
      ['/usr/bin/python3', '/usr/bin/python3 has no mlx-audio. Install it.'],
    ] as const) {
      await screen.enter('python', typed);
      await screen.press(submit);
      await screen.until('it is told', () => field(screen, 'python')?.props['error'] === told);
    }
    expect(asked()).toBeUndefined();
    await screen.enter('engine', 'tidemark');
    await screen.press(submit);
    await screen.until('it is asked for', () => asked() !== undefined);
    expect(asked()?.engine).toBeUndefined();
  });

  test('is no choice where the daemon has one only', async () => {
    const { engines, ...older } = catalog();
    expect(engines).toHaveLength(2);
    daemon.script = { ...daemon.script, models: () => older };
    const { screen } = await open();
    expect(field(screen, 'engine')).toBeUndefined();
  });
});

test('a study may ask both engines, of which a Python is had first', async () => {
  const { screen, submit, asked } = await openStudy();
  await screen.enter('engine', 'all');
  await screen.enter('python', '/opt/venv/bin/python');
  await screen.press(submit);
  await screen.until('it is asked for', () => asked() !== undefined);
  expect(asked()).toMatchObject({ engines: ['tidemark', 'mlx-audio'], python: '/opt/venv/bin/python' });
  expect(asked()).not.toHaveProperty('engine');
  expect(daemon.parametersOf('checkEngine')).toMatchObject({ engine: 'mlx-audio' });
});

test('mlx-audio is asked for no attribution, which it has not', async () => {
  const { screen, submit, asked } = await openProfile();
  await screen.enter('attribute', 'layers');
  await screen.enter('engine', 'mlx-audio');
  expect(field(screen, 'attribute')).toBeUndefined();
  await screen.press(submit);
  await screen.until('it is asked for', () => asked() !== undefined);
  expect(asked()).not.toHaveProperty('attribute');
});

describe.each(ofOneModel)('the form of %s', (_name, open) => {
  test('offers the models of this machine, and the one that is preferred', async () => {
    const { screen } = await open();
    expect(offered(screen, 'model')).toEqual({
      'Built by Tidemark': ['fp32', 'bf16', '4bit-bf16'],
      Downloaded: ['mlx-community/Kokoro-82M-4bit'],
      '': ['…'],
    });
    screen.close();
    const preferred = await open({ defaultModel: '/models/my-own' });
    const values = [...walk(preferred.screen.top)].map(({ props }) => props['value']);
    expect(values).toContain('/models/my-own');
    await preferred.screen.press(preferred.submit);
    await preferred.screen.until('it is asked for', () => preferred.asked() !== undefined);
    expect(preferred.asked()?.model).toBe('/models/my-own');
  });

  test('takes another model by its name, and says where one is missing', async () => {
    const { screen, submit, asked } = await open();
    expect(field(screen, 'otherModel')).toBeUndefined();
    await screen.enter('model', '…');
    await screen.press(submit);
    await screen.settle();
    expect(field(screen, 'otherModel')?.props['error']).toMatch(/Enter a repository ID/);
    await screen.enter('otherModel', ' owner/kokoro ');
    await screen.press(submit);
    await screen.until('it is asked for', () => asked() !== undefined);
    expect(asked()?.model).toBe('owner/kokoro');
  });
});

test('a study is offered the downloaded models too', async () => {
  const { screen } = await openStudy();
  expect(screen.all('Form.TagPicker.Item').map(({ props }) => props['value'])).toEqual([
    'fp32',
    'bf16',
    '4bit-bf16',
    'mlx-community/Kokoro-82M-4bit',
  ]);
});

test('a schedule that is edited keeps its model, its voice and its engine', async () => {
  const kept = {
    ...{ model: '/models/my-own', voice: 'af_heart,af_bella' },
    ...{ engine: 'mlx-audio' as const, python: '/opt/venv/bin/python' },
  };
  const own = exampleSchedule(kept);
  daemon.script = { ...daemon.script, listSchedules: () => ({ schedules: [own], paused: false }) };
  const screen = launch('leak-checks', LeakChecks, { preferences: { dataFolder: daemon.dataFolder } });
  const item = await screen.until('the schedule', () => screen.all('List.Item', 'Every hour')[0]);
  await screen.press(/^Edit/, item);
  await screen.until('the form', () => screen.top.type === 'Form' && screen.top.props['isLoading'] === false);
  await screen.press('Save Schedule');
  await screen.until('it is saved', () => daemon.parametersOf('setSchedule') !== undefined);
  expect(daemon.parametersOf('setSchedule')).toMatchObject({ settings: kept });
});
