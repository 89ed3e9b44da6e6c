/** Profile Memory: the form with a person's defaults, the run as it goes, and what it found. */

import { beforeEach, expect, test } from 'vitest';
import {
  exampleInterruptedRun,
  exampleProgress,
  exampleRun,
} from '@tidemark/client/testing/example-messages';
import { exampleProfile, exampleSample } from '@tidemark/client/testing/example-documents';
import type { RunProgress } from '@tidemark/client/protocol/daemon/run-progress';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import ProfileMemory from '../../src/profile-memory.tsx';
import { launch } from '../harness/launch.ts';
import type { LaunchOptions } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { Refusal, ScriptedDaemon } from '../harness/surroundings.ts';
import { raycast } from '../raycast-api/raycast.ts';

let daemon: ScriptedDaemon;
let ended: RunRecord;

beforeEach(async () => {
  ended = exampleRun(8);
  daemon = await ScriptedDaemon.start({
    models: () => {
      throw new Refusal('internal', 'The catalogue cannot be read.');
    },
    startProfile: () => exampleRun(8, { state: 'queued' }),
    getRun: () => ({ record: ended, document: exampleProfile(), samples: [exampleSample(0)] }),
  });
});

const open = (options: LaunchOptions = {}): Screen =>
  launch('profile-memory', ProfileMemory, {
    ...options,
    preferences: { dataFolder: daemon.dataFolder, ...options.preferences },
  });

/** Sends a step as soon as the command listens. */
async function step(
  screen: Screen,
  step: RunProgress['step'],
  counts: Partial<RunProgress> = {},
): Promise<void> {
  await screen.until(
    'it listens',
    () => daemon.listeners('progress') === 1 && daemon.parametersOf('startProfile') !== undefined,
  );
  daemon.publish('progress', exampleProgress({ ...counts, step }));
}

const markdown = (screen: Screen): string => String(screen.top.props['markdown']);

test("the form begins with a person's preferences, and what it submits is what is measured", async () => {
  const screen = open({ preferences: { defaultModel: '4bit-fp32', voice: 'bf_emma', iterations: '20' } });
  await screen.until('the form', () => screen.all('Form')[0]);
  await screen.enter('text', 'Good morning.');
  await screen.press('Start Profile');
  await screen.until('it is asked for', () => daemon.parametersOf('startProfile') !== undefined);
  expect(daemon.parametersOf('startProfile')).toMatchObject({
    model: '4bit-fp32',
    voice: 'bf_emma',
    iterations: 20,
    text: 'Good morning.',
  });
  expect(screen.depth).toBe(2);
});

test('a link says which engine, and a run that is profiled again has the one that it had', async () => {
  const engine = 'mlx-audio';
  const linked = open({ launchContext: { model: 'bf16', engine, startAtOnce: true, python: '/tmp/python' } });
  await linked.until('it is asked for', () => daemon.parametersOf('startProfile') !== undefined);
  expect(daemon.parametersOf('startProfile')).toMatchObject({ model: 'bf16', engine });
  expect(daemon.parametersOf('startProfile')).not.toHaveProperty('python');
  ended = exampleRun(8, { workload: { engine } });
  await step(linked, { kind: 'ended', record: ended });
  await linked.until('the result', () => linked.actionsOf().includes('Profile Again'));
  expect(linked.text).toMatch(/Engine[\s\S]*mlx-audio/);
  await linked.press('Profile Again');
  expect(raycast.launches.at(-1)?.context).toMatchObject({ engine, startAtOnce: true });
});

test('a Python that cannot be had has its screen', async () => {
  ended = exampleRun(8, {
    state: 'failed',
    samplesTaken: 0,
    error: { code: 'python', message: 'There is no Python on this machine.', hint: 'Install one.' },
  });
  const screen = open({ arguments: { model: 'bf16' }, preferences: { engine: 'mlx-audio' } });
  await step(screen, { kind: 'ended', record: ended });
  const view = await screen.until('it', () => screen.all('List.EmptyView', 'mlx-audio Cannot Be Run')[0]);
  expect(String(view.props['description'])).toBe('There is no Python on this machine.\nInstall one.');
  expect(screen.actionsOf(view)).toContain('Run Doctor');
});

test('iterations that are no number are refused in the form', async () => {
  const screen = open();
  await screen.until('the form', () => screen.all('Form')[0]);
  await screen.enter('iterations', 'many');
  await screen.press('Start Profile');
  await screen.settle();
  expect(daemon.parametersOf('startProfile')).toBeUndefined();
  const field = screen.all('Form.TextField').find(({ props }) => props['id'] === 'iterations');
  expect(field?.props['error']).toMatch(/whole number/i);
});

test('the progress is shown by iteration with active and peak, then the result with its verdict', async () => {
  const screen = open({ arguments: { model: 'bf16' } });
  await step(screen, { kind: 'loading', model: 'bf16' });
  await screen.until('it loads', () => /Loading bf16/.test(markdown(screen)));
  await step(screen, exampleProgress().step);
  await screen.until('the iteration', () => /Iteration 1 of 5/.test(markdown(screen)));
  const { activeBytes, peakBytes } = exampleSample(1);
  for (const bytes of [activeBytes, peakBytes]) {
    expect(screen.text).toContain(`${(bytes / 1e6).toFixed(1)} MB`);
  }
  expect(markdown(screen)).toMatch(/2 of 6/);
  await step(screen, { kind: 'ended', record: ended });
  await screen.until('the result', () => screen.actionsOf().includes('Profile Again'));
  expect(screen.text).toMatch(/No Leak/);
  expect(screen.text).toContain('160.5 MB');
  expect(raycast.toasts).toEqual([]);
});

test("another run's progress is not taken for this one's", async () => {
  const screen = open({ arguments: { model: 'bf16' } });
  await step(screen, { kind: 'loading', model: 'other' }, { runId: 99 });
  await step(screen, { kind: 'loading', model: 'bf16' });
  await screen.until('its own', () => /Loading bf16/.test(markdown(screen)));
  expect(markdown(screen)).not.toMatch(/other/);
});

test('a run that is cancelled from here asks the daemon', async () => {
  let cancelled: unknown;
  daemon.script = { ...daemon.script, cancel: (parameters) => ((cancelled = parameters), exampleRun(8)) };
  const screen = open({ arguments: { model: 'bf16' } });
  await step(screen, exampleProgress().step);
  await screen.until('the iteration', () => /Iteration 1 of 5/.test(markdown(screen)));
  await screen.press('Cancel Run');
  await screen.until('it is asked for', () => cancelled !== undefined);
  expect(cancelled).toEqual({ runId: 8 });
});

test('a host that died before the first iteration has its screen', async () => {
  ended = { ...exampleInterruptedRun(8), samplesTaken: 0 };
  const screen = open({ arguments: { model: 'bf16' } });
  await step(screen, { kind: 'ended', record: ended });
  const view = await screen.until('it', () => screen.all('List.EmptyView', 'The Model Host Crashed')[0]);
  expect(screen.actionsOf(view)).toContain('Run Doctor');
});

test('a model that cannot be fetched has its screen, with another model to take', async () => {
  ended = exampleRun(8, {
    state: 'failed',
    samplesTaken: 0,
    error: { code: 'network', message: 'The hub is not reached.', hint: 'Check the network.' },
  });
  const screen = open({ arguments: { model: 'x/y' } });
  await step(screen, { kind: 'ended', record: ended });
  const view = await screen.until(
    'it',
    () => screen.all('List.EmptyView', 'The Model Could Not Be Downloaded')[0],
  );
  expect(String(view.props['description'])).toMatch(/The hub is not reached/);
  expect(screen.actionsOf(view)[0]).toBe('Profile the Built-in Model bf16');
});

test('a busy daemon has its screen, with the way to what keeps it busy', async () => {
  daemon.script = {
    ...daemon.script,
    startProfile: () => {
      throw new Refusal('busy', 'The queue is full.', 'Wait for a run to end.');
    },
  };
  const screen = open({ arguments: { model: 'bf16' } });
  const view = await screen.until('it', () => screen.all('List.EmptyView', 'The Daemon Is Busy')[0]);
  expect(screen.actionsOf(view)[0]).toBe('Show Runs');
});

test('a command that is closed while a run goes on leaves the run, and no connection', async () => {
  const screen = open({ arguments: { model: 'bf16' } });
  await step(screen, { kind: 'loading', model: 'bf16' });
  await screen.until('it loads', () => /Loading bf16/.test(markdown(screen)));
  screen.close();
  await expect.poll(() => daemon.connections).toBe(0);
  expect(daemon.methodsAsked()).not.toContain('cancel');
});
