/** The built bundles as contract tests use them: launched as Raycast does, on Raycast's Node, against a real daemon. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { launch, loadBundle, runCommand } from '../harness/launch.ts';
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
export function tinyModel(): string {
  const path = mkdtempSync(join(tmpdir(), 'tm-tiny-'));
  temporary.push(path);
  return makeTinyModel(path);
}

export const open = (name: string, options: LaunchOptions): Screen =>
  launch(name, loadBundle(bundles, name).default, { patience: 30_000, ...options });

export const run = (name: string, options: LaunchOptions): Promise<void> =>
  runCommand(name, loadBundle(bundles, name).default, options);

/** As the extension shows bytes by default. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
