/** Measures what a person waits for: the menu bar cold, with a daemon and without; and how large the bundles are. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RealDaemon } from '../contract/real-daemon.ts';

const bundles = process.env['TIDEMARK_BUNDLES'];
if (bundles === undefined) {
  throw new Error('TIDEMARK_BUNDLES has to name the folder that `ray build` wrote');
}

const launches = 15;
const cold = fileURLToPath(new URL('cold-menu-bar.ts', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'tm-home-'));

interface Launch {
  readonly load: number;
  readonly firstDrawing: number;
  readonly firstContent: number;
  readonly unloaded: number;
}

function launchCold(dataFolder: string): Launch {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--no-warnings', cold, bundles ?? '', dataFolder],
    { encoding: 'utf8', env: { ...process.env, NODE_ENV: 'production', HOME: home } },
  );
  if (status !== 0) {
    throw new Error(stderr);
  }
  return JSON.parse(stdout) as Launch;
}

/** Median, with the range, in milliseconds. */
function summary(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.round(share * (sorted.length - 1))] ?? 0).toFixed(1);
  return `${at(0.5)} ms (${at(0)} to ${at(1)})`;
}

function report(name: string, dataFolder: string): void {
  const measured = Array.from({ length: launches }, () => launchCold(dataFolder));
  console.log(`\nMenu bar, cold, ${name}: median of ${launches} processes (least to greatest)`);
  for (const [key, words] of [
    ['load', 'bundle evaluated'],
    ['firstDrawing', 'item in the menu bar'],
    ['firstContent', 'menu with content'],
    ['unloaded', 'done and unloaded'],
  ] as const) {
    console.log(`  ${words.padEnd(22)} ${summary(measured.map((launch) => launch[key]))}`);
  }
}

console.log(
  `Node ${process.versions.node} on ${process.platform} ${release()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
);
console.log('\nBundles');
for (const folder of ['', 'tools']) {
  for (const name of readdirSync(join(bundles, folder))
    .filter((each) => each.endsWith('.js'))
    .sort()) {
    const { size } = statSync(join(bundles, folder, name));
    console.log(`  ${join(folder, name).padEnd(24)} ${(size / 1000).toFixed(1).padStart(7)} kB`);
  }
}
const daemon = new RealDaemon();
try {
  report('with no daemon', daemon.dataFolder);
  await daemon.start();
  report('with a daemon', daemon.dataFolder);
} finally {
  await daemon.remove();
  rmSync(home, { recursive: true, force: true });
}
