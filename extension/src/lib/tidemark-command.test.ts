import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { raycast } from '../../test/raycast-api/raycast.ts';
import { findTidemark, runTidemark } from './tidemark-command.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tm-command-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function command(shellCode: string): Promise<string> {
  const path = join(folder, 'tidemark');
  await writeFile(path, `#!/bin/sh\n${shellCode}\n`);
  await chmod(path, 0o755);
  raycast.restart({ preferences: { tidemarkPath: path, dataFolder: join(folder, 'data') } });
  return path;
}

test('the first place that has one that can be run is taken', async () => {
  const path = await command('true');
  await writeFile(join(folder, 'plain'), '');
  await mkdir(join(folder, 'a folder'));
  const places = ['missing', 'plain', 'a folder'].map((name) => join(folder, name));
  expect(findTidemark(undefined, [...places, path])).toBe(path);
});

test('a chosen one that is not there is not replaced by another', async () => {
  const path = await command('true');
  expect(findTidemark(join(folder, 'mistyped'), [path])).toBeUndefined();
});

test('it is told which data folder is meant', async () => {
  await command('printf %s "$TIDEMARK_HOME"');
  expect((await runTidemark([])).stdout).toBe(join(folder, 'data'));
});

test('arguments reach it as they are, since no shell reads them', async () => {
  await command('printf %s "$2"');
  expect((await runTidemark(['service', '$(touch x); `id`'])).stdout).toBe('$(touch x); `id`');
});

test('an error document is told in its own words', async () => {
  await command(
    `echo '{"kind":"error","error":{"code":"service","message":"launchd refused.","hint":"Log in."}}'; exit 1`,
  );
  await expect(runTidemark(['service', 'start', '--json'])).rejects.toMatchObject({
    message: 'launchd refused.',
    hint: 'Log in.',
  });
});

test('words on standard error are told without the name of the command', async () => {
  await command('echo "tidemark: Tidemark is not set up yet." >&2; exit 1');
  await expect(runTidemark(['doctor'])).rejects.toMatchObject({ message: 'Tidemark is not set up yet.' });
});

test('a command that hangs is ended', async () => {
  await command('exec sleep 30');
  await expect(runTidemark(['doctor'], { timeoutMilliseconds: 100 })).rejects.toMatchObject({
    code: 'timeout',
  });
});

test('an answer with an exit code that is not 0 counts where it may, an error does not', async () => {
  await command('echo "{\\"status\\":\\"fail\\"}"; exit 3');
  expect((await runTidemark(['doctor'], { acceptFailure: true })).stdout).toMatch(/fail/);
  await command(`echo '{"error":{"message":"No."}}'; exit 3`);
  await expect(runTidemark(['doctor'], { acceptFailure: true })).rejects.toMatchObject({ message: 'No.' });
});
