/** Leak Checks: schedules that are added, paused, run and removed, and the alerts that their checks raised. */

import { beforeEach, expect, test } from 'vitest';
import { exampleAlert, exampleRun, exampleSchedule } from '@tidemark/client/testing/example-messages';
import type { Schedule } from '@tidemark/client/protocol/daemon/schedule';
import LeakChecks from '../../src/leak-checks.tsx';
import { launch } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { Refusal, ScriptedDaemon } from '../harness/surroundings.ts';
import type { TreeNode } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';

let daemon: ScriptedDaemon;
let schedules: Schedule[];

beforeEach(async () => {
  schedules = [exampleSchedule()];
  const alerts = [exampleAlert({ id: 4, state: 'open' }), exampleAlert({ id: 3, state: 'acknowledged' })];
  daemon = await ScriptedDaemon.start({
    listSchedules: () => ({ schedules, paused: false }),
    listAlerts: () => ({ alerts }),
    models: () => {
      throw new Refusal('internal', 'The catalogue is not asked for here.');
    },
  });
});

async function open(options: object = {}): Promise<Screen> {
  const screen = launch('leak-checks', LeakChecks, {
    preferences: { dataFolder: daemon.dataFolder },
    ...options,
  });
  await screen.until('what there is', () => screen.all('List.Item').length >= 1);
  return screen;
}

const scheduleItem = (screen: Screen): TreeNode => screen.get('List.Item', 'Every hour');

test('schedules and alerts are listed, open alerts with how to acknowledge them', async () => {
  const screen = await open();
  expect(scheduleItem(screen).props['subtitle']).toBeTruthy();
  const alert = screen.get('List.Item', 'Peak Above Baseline');
  expect(screen.actionsOf(alert)).toContain('Acknowledge');
});

test('an alert is acknowledged', async () => {
  daemon.script = { ...daemon.script, acknowledgeAlerts: () => ({ alerts: [] }) };
  const screen = await open();
  await screen.press('Acknowledge', screen.get('List.Item', 'Peak Above Baseline'));
  await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'SUCCESS'));
  expect(daemon.parametersOf('acknowledgeAlerts')).toEqual({ id: 4 });
  expect(raycast.launches.map(({ name, type }) => [name, type])).toContainEqual(['menu-bar', 'background']);
});

test('a schedule is paused, at once on the screen', async () => {
  daemon.script = {
    ...daemon.script,
    pauseSchedules: ({ paused }) => {
      schedules = [exampleSchedule({ paused })];
      return { schedules, paused: false };
    },
  };
  const screen = await open();
  await screen.press('Pause', scheduleItem(screen));
  await screen.until('it can be resumed', () => screen.actionsOf(scheduleItem(screen)).includes('Resume'));
  await screen.until('it is asked for', () => daemon.parametersOf('pauseSchedules') !== undefined);
  expect(daemon.parametersOf('pauseSchedules')).toEqual({ id: 2, paused: true });
});

test('a check is run now, and followed', async () => {
  daemon.script = { ...daemon.script, checkNow: () => exampleRun(12, { state: 'queued' }) };
  const screen = await open();
  await screen.press('Check Now', scheduleItem(screen));
  await screen.until('it is followed', () => raycast.launches.some(({ name }) => name === 'profile-memory'));
  expect(daemon.parametersOf('checkNow')).toEqual({ id: 2 });
  expect(raycast.launches.find(({ name }) => name === 'profile-memory')?.context).toEqual({
    followRunId: 12,
  });
});

test('a daemon that is busy says why no check was begun', async () => {
  daemon.script = {
    ...daemon.script,
    checkNow: () => {
      throw new Refusal('busy', 'The queue is full.', 'Wait for a run to end.');
    },
  };
  const screen = await open();
  await screen.press('Check Now', scheduleItem(screen));
  await screen.until('the toast', () => raycast.toasts.some(({ style }) => style === 'FAILURE'));
  expect(JSON.stringify(raycast.toasts)).toContain('The queue is full.');
});

test('a schedule is removed only with consent', async () => {
  daemon.script = { ...daemon.script, removeSchedule: () => ((schedules = []), {}) };
  const refused = await open({ confirm: () => false });
  await refused.press('Remove Schedule', scheduleItem(refused));
  expect(daemon.parametersOf('removeSchedule')).toBeUndefined();
  refused.close();
  const agreed = await open();
  await agreed.press('Remove Schedule', scheduleItem(agreed));
  await agreed.until('it is gone', () => agreed.all('List.Item', 'Every hour').length === 0);
  await agreed.until('it is asked for', () => daemon.parametersOf('removeSchedule') !== undefined);
  expect(daemon.parametersOf('removeSchedule')).toEqual({ id: 2 });
});

test('a schedule is added with the form, which refuses what makes no sense', async () => {
  daemon.script = {
    ...daemon.script,
    setSchedule: ({ settings }) => exampleSchedule({ ...settings, id: 5 }),
  };
  const screen = await open();
  await screen.press('Add Schedule');
  await screen.until('the form', () => screen.all('Form')[0]);
  await screen.enter('name', 'Nightly');
  await screen.enter('iterations', 'many');
  await screen.press('Add Schedule');
  expect(daemon.parametersOf('setSchedule')).toBeUndefined();
  await screen.enter('iterations', '20');
  await screen.press('Add Schedule');
  await screen.until('it is sent', () => daemon.parametersOf('setSchedule') !== undefined);
  expect(daemon.parametersOf('setSchedule')).toMatchObject({
    settings: { name: 'Nightly', iterations: 20, model: 'bf16', timing: { kind: 'every', seconds: 3600 } },
  });
  await screen.until('the list again', () => screen.depth === 1);
});

test('with neither schedules nor alerts the screen offers the first', async () => {
  schedules = [];
  daemon.script = { ...daemon.script, listAlerts: () => ({ alerts: [] }) };
  const screen = launch('leak-checks', LeakChecks, { preferences: { dataFolder: daemon.dataFolder } });
  const view = await screen.until('it is empty', () => screen.all('List.EmptyView')[0]);
  expect(screen.actionsOf(view)).toContain('Add Schedule');
});
