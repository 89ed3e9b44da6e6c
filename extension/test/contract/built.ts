/** The built bundles as contract tests use them: launched as Raycast does, on Raycast's Node, against a real daemon. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { launch, loadBundle, runCommand, runTool } from '../harness/launch.ts';
import type { LaunchOptions } from '../harness/launch.ts';
import type { Screen } from '../harness/screen.ts';
import { makeTinyModel } from './real-daemon.ts';

const folder = process.env['TIDEMARK_BUNDLES'];
if (folder === undefined) {
  throw new Error('TIDEMARK_BUNDLES has to name the folder that `ray build` wrote');
}
export const bundles = folder;

// Nothing of whoever runs the tests is looked at: not their daemon, not their service.
process.env['HOME'] = mkdtempSync(join(tmpdir(), 'tm-home-'));

const temporary: string[] = [process.env['HOME']];

after(() => {
  for (const path of temporary) {
    rmSync(path, { recursive: true, force: true });
  }
});

/** A tiny model's folder, removed after the tests. */
export function tinyModel(engine?: 'mlx-audio'): string {
  const path = mkdtempSync(join(tmpdir(), 'tm-tiny-'));
  temporary.push(path);
  return makeTinyModel(path, engine);
}

export const open = (name: string, options: LaunchOptions): Screen =>
  launch(name, loadBundle(bundles, name).default, { patience: 30_000, ...options });

export const run = (name: string, options: LaunchOptions): Promise<void> =>
  runCommand(name, loadBundle(bundles, name).default, options);

export const ask = (name: string, input: unknown, options: Parameters<typeof runTool>[2]): Promise<unknown> =>
  runTool(loadBundle(bundles, `tools/${name}`).default, input, options);

/** What keeps this process from ending, by kind. */
export function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** As the extension shows bytes by default. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
