/** The built first steps against a real daemon, from a Mac with the command alone to a figure in the menu bar. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Screen } from '../harness/screen.ts';
import { open, run, tinyModel } from './built.ts';
import { RealDaemon, tidemarkPath } from './real-daemon.ts';

const daemon = new RealDaemon();
const preferences = {
  dataFolder: daemon.dataFolder,
  tidemarkPath,
  defaultModel: tinyModel(),
  voice: 'af_tiny',
  text: 'Hello there.',
  iterations: '2',
};

after(() => daemon.remove());

const steps = (): Screen =>
  open('daemon', { preferences, launchContext: { show: 'first-steps' }, patience: 120_000 });

const present = (screen: Screen, step: string): Promise<boolean> =>
  screen.until(step, () => String(screen.top.props['markdown']).includes(`➡️ ${step}`));

test('each step is found done when it is, and the last one ends with a figure in the menu bar', async () => {
  const first = steps();
  await present(first, '2. **Install the Daemon**');
  assert.equal(first.actionsOf()[0], 'Install Daemon');
  await daemon.start();
  await present(first, '3. **Get a Model**');
  await first.press('Get Model');
  await present(first, '4. **Profile It**');
  assert.equal(first.actionsOf()[0], 'Profile It');
  first.close();

  await run('quick-profile', { preferences });
  const { runs } = await daemon.ask((client) => client.call('listRuns', { state: 'complete' }));
  assert.equal(runs.length, 1);

  const menu = open('menu-bar', { preferences, launchType: 'background' });
  await menu.until('it is unloaded', () => menu.isClosed);
  assert.match(String(menu.drawn?.props['title']), /^\d[\d.]* MB$/);

  const last = steps();
  await last.until('the end', () => String(last.top.props['markdown']).includes('Everything is set up'));
  assert.equal(last.actionsOf()[0], 'Show Runs');
  last.close();
});
