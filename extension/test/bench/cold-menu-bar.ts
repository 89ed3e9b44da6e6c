/**
 * One cold launch of the menu bar's bundle in a process of its own: prints milliseconds as JSON. Raycast itself evaluates the
 * bundle and draws; the double's own loading, which Raycast does not have, is before the clock starts.
 */

import { performance } from 'node:perf_hooks';
import { launch, loadBundle } from '../harness/launch.ts';
import * as double from '../raycast-api/index.ts';

const [, , bundles, dataFolder] = process.argv;
if (bundles === undefined || dataFolder === undefined) {
  throw new Error('two folders are needed');
}
void double;

// React and its renderer are there in Raycast before a command is.
const warm = launch('menu-bar', () => null, { launchType: 'background' });
await warm.until('it is unloaded', () => warm.isClosed);

const began = performance.now();
const command = loadBundle(bundles, 'menu-bar').default;
const loaded = performance.now();
const screen = launch('menu-bar', command, {
  preferences: { dataFolder },
  launchType: 'background',
  patience: 10_000,
});
// The item itself; a menu with something in it; and everything, with nothing more to wait for.
let drawn: number | undefined;
let content: number | undefined;
await screen.until('it is unloaded', () => {
  const now = performance.now();
  if (screen.isClosed) {
    return true;
  }
  if (screen.all('MenuBarExtra').length > 0) {
    drawn ??= now;
  }
  if (screen.all('MenuBarExtra.Item').length > 0) {
    content ??= now;
  }
  return false;
});
const ended = performance.now();
console.log(
  JSON.stringify({
    load: loaded - began,
    firstDrawing: (drawn ?? ended) - began,
    firstContent: (content ?? ended) - began,
    unloaded: ended - began,
    process: performance.now(),
    title: screen.drawn?.props['title'],
  }),
);
