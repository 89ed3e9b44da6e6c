/** Each thing that can stand between a built command and its answer, brought about for real. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { noteFileOf, readNote } from '@tidemark/client/client/daemon-note';
import { wording } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';
import { open, tinyModel } from './built.ts';
import { RealDaemon, tidemarkPath } from './real-daemon.ts';

const daemon = new RealDaemon();
const model = tinyModel();
const preferences = {
  dataFolder: daemon.dataFolder,
  tidemarkPath,
  defaultModel: model,
  voice: 'af_tiny',
  text: 'Hello there.',
  iterations: '2000',
};

after(() => daemon.remove());

/** The menu bar as it is left after a launch in the background. */
async function menuWords(): Promise<string> {
  const screen = open('menu-bar', { preferences, launchType: 'background' });
  await screen.until('it is unloaded', () => screen.isClosed);
  assert.ok(screen.drawn !== undefined);
  assert.deepEqual(raycast.toasts, []);
  return wording(screen.drawn);
}

/** The title of the screen that a command shows in place of its own. */
async function troubleOf(command: string): Promise<{ title: string; actions: string[] }> {
  const screen = open(command, { preferences });
  const view = await screen.until('its trouble', () => screen.all('List.EmptyView')[0]);
  const told = { title: String(view.props['title']), actions: screen.actionsOf(view) };
  screen.close();
  return told;
}

describe('with no daemon', () => {
  test('views say so, and offer what starts one', async () => {
    for (const command of ['profile-memory', 'runs', 'compare-models', 'leak-checks']) {
      const { title, actions } = await troubleOf(command);
      assert.equal(title, 'The Daemon Is Not Installed', command);
      assert.match(actions[0] ?? '', /^Install Daemon/);
    }
  });

  test('the menu bar has a menu that is of use', async () => {
    assert.match(await menuWords(), /not installed[\s\S]*Set Up Daemon/);
  });
});

describe('with a daemon of another version', () => {
  before(() => daemon.start({ protocolVersion: 99 }));
  after(() => daemon.stop());

  test('views tell it apart from one that does not run', async () => {
    const { title } = await troubleOf('runs');
    assert.equal(title, 'The Daemon Is a Different Version');
  });

  test('the menu bar names both versions', async () => {
    assert.match(await menuWords(), /speaks version 99 of the protocol/);
  });
});

describe('with a daemon', () => {
  before(() => daemon.start());

  test('no runs yet is a screen with what makes one', async () => {
    const { title, actions } = await troubleOf('runs');
    assert.equal(title, 'No Runs Yet');
    assert.equal(actions[0], 'Profile Memory');
  });

  test('a model that is not there, and cannot be fetched, is told with what to do', async () => {
    const screen = open('profile-memory', { preferences, arguments: { model: '/no/such/model' } });
    const view = await screen.until('its trouble', () => screen.all('List.EmptyView')[0]);
    assert.match(String(view.props['description']), /no\/such\/model/);
    assert.ok(screen.actionsOf(view).includes('Try Again'));
    screen.close();
  });

  test('a host that is killed ends the run with its samples, and the screen says by what', async () => {
    const screen = open('profile-memory', { preferences, arguments: { model }, patience: 60_000 });
    await screen.until('an iteration', () => /Iteration \d+ of/.test(String(screen.top.props['markdown'])));
    const { host } = await daemon.ask((client) => client.call('status', {}));
    assert.ok(host.pid !== undefined);
    process.kill(host.pid, 'SIGKILL');
    await screen.until('the end', () => /Interrupted|SIGKILL/.test(screen.text));
    assert.match(screen.text, /SIGKILL/);
    const { runs } = await daemon.ask((client) => client.call('listRuns', { limit: 1 }));
    assert.equal(runs[0]?.state, 'interrupted');
    assert.ok((runs[0]?.samplesTaken ?? 0) > 0);
    screen.close();
  });

  test('the menu bar shows a busy daemon, and cancels its run', async () => {
    const run = await daemon.ask((client) =>
      client.call('startProfile', { model, voice: 'af_tiny', text: 'Hello there.', iterations: 2000 }),
    );
    const screen = open('menu-bar', { preferences, isMenuOpen: true });
    await screen.until('the run', () => screen.all('MenuBarExtra.Item', /^Cancel/)[0]);
    await screen.click(/^Cancel/);
    await screen.until('it is over', () => screen.all('MenuBarExtra.Item', /^Cancel/).length === 0);
    screen.close();
    const { record } = await daemon.ask((client) =>
      client.call('getRun', { runId: run.id, document: false }),
    );
    assert.equal(record.state, 'cancelled');
  });

  test('a daemon that is killed while a run is followed is looked for, and the run is found again', async () => {
    const screen = open('profile-memory', { preferences, arguments: { model }, patience: 60_000 });
    await screen.until('an iteration', () => /Iteration \d+ of/.test(String(screen.top.props['markdown'])));
    const { daemon: itself } = await daemon.ask((client) => client.call('status', {}));
    process.kill(itself.pid, 'SIGKILL');
    await screen.until('it is missed', () => /Reconnecting to the daemon/.test(screen.text));
    await wait(500);
    await daemon.start();
    await screen.until('the end', () => /Interrupted/.test(screen.text));
    screen.close();
  });
});

test('a killed daemon whose process id another process has got is not taken for one that starts', async () => {
  const { daemon: itself } = await daemon.ask((client) => client.call('status', {}));
  process.kill(itself.pid, 'SIGKILL');
  await daemon.stop();
  const path = noteFileOf(daemon.dataFolder);
  const note = readNote(path);
  assert.equal(note.pid, itself.pid);
  writeFileSync(path, JSON.stringify({ ...note, pid: process.pid }));
  const { title, actions } = await troubleOf('runs');
  assert.equal(title, 'The Daemon Is Not Installed');
  assert.match(actions[0] ?? '', /^Install Daemon/);
  assert.doesNotMatch(await menuWords(), /starting/);
  await daemon.start();
});

test('after the daemon was stopped the menu bar keeps the last figures, as old ones', async () => {
  await daemon.stop();
  const words = await menuWords();
  assert.match(words, /as of/);
  assert.match(words, /not installed|not running/);
});
