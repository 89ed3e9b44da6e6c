/** The menu bar command, opened and closed a thousand times, leaves no handle and no memory behind. */

import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, loadBundle } from '../harness/launch.ts';
import { bundles, handles } from './built.ts';
import { RealDaemon, tidemarkPath } from './real-daemon.ts';

const daemon = new RealDaemon();
const preferences = { dataFolder: daemon.dataFolder, tidemarkPath };
const rounds = 1000;

before(() => daemon.start());
after(() => daemon.remove());

const collect = globalThis.gc;

async function openAndClose(command: unknown, isMenuOpen: boolean): Promise<void> {
  const screen = launch('menu-bar', command, { preferences, launchType: 'background', isMenuOpen });
  if (isMenuOpen) {
    await screen.until(
      'its menu',
      () => screen.all('MenuBarExtra.Item').length > 3 && screen.top.props['isLoading'] === false,
    );
    screen.close();
  } else {
    await screen.until('it is unloaded', () => screen.isClosed);
  }
}

/** After everything that is due has happened, bytes of the JavaScript heap that are in use. */
async function settledHeap(): Promise<number> {
  assert.ok(collect !== undefined, 'this test needs --expose-gc');
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

test(`${rounds} launches leave nothing`, { timeout: 300_000 }, async (context) => {
  const command = loadBundle(bundles, 'menu-bar').default;
  // Every other time the menu is open, and is closed by a person.
  const launches = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round += 1) {
      await openAndClose(command, round % 2 === 1);
    }
  };
  // What is made once is made by then. V8 compiles ever more of the bundle for 1,600 launches, by 0.7 kB a launch; later the
  // heap grows by 0.2 kB.
  await launches(1600);
  const heapBefore = await settledHeap();
  const handlesBefore = handles();
  await launches(rounds);
  const growth = (await settledHeap()) - heapBefore;
  context.diagnostic(`The heap grew by ${growth} bytes in ${rounds} launches.`);
  assert.deepEqual(handles(), handlesBefore);
  // A retained command would be 10 kB, with its snapshot and its tree.
  assert.ok(growth < 1000 * rounds, `The heap grew by ${growth} bytes`);
  await noConnectionLeft();
});

/** The daemon's own count, from its open files: this question's connection is the only one. */
async function noConnectionLeft(): Promise<void> {
  if (process.platform !== 'linux') {
    return;
  }
  const { daemon: itself } = await daemon.ask((client) => client.call('status', {}));
  const folder = `/proc/${itself.pid}/fd`;
  const sockets = readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  });
  assert.ok(sockets.length < 10, `The daemon has ${sockets.length} sockets open`);
}
