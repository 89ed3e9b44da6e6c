import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { home } from '../../test/harness/surroundings.ts';
import { raycast } from '../../test/raycast-api/raycast.ts';
import { findTidemark, runTidemark } from './tidemark-command.ts';

function command(shellCode: string): string {
  const path = home.tidemark(shellCode);
  raycast.restart({ preferences: { tidemarkPath: path, dataFolder: home.dataFolder } });
  return path;
}

test('the first place that has one that can be run is taken', async () => {
  const path = command('true');
  await writeFile(join(home.path, 'plain'), '');
  await mkdir(join(home.path, 'a folder'));
  const places = ['missing', 'plain', 'a folder'].map((name) => join(home.path, name));
  expect(findTidemark(undefined, [...places, path])).toBe(path);
});

test('a chosen one that is not there is not replaced by another', async () => {
  const path = command('true');
  expect(findTidemark(join(home.path, 'mistyped'), [path])).toBeUndefined();
});

test('it is told which data folder is meant', async () => {
  command('printf %s "$TIDEMARK_HOME"');
  expect((await runTidemark([])).stdout).toBe(home.dataFolder);
});

test('arguments reach it as they are, since no shell reads them', async () => {
  command('printf %s "$2"');
  expect((await runTidemark(['service', '$(touch x); `id`'])).stdout).toBe('$(touch x); `id`');
});

test('an error document is told in its own words', async () => {
  command(
    `echo '{"kind":"error","error":{"code":"service","message":"launchd refused.","hint":"Log in."}}'; exit 1`,
  );
  await expect(runTidemark(['service', 'start', '--json'])).rejects.toMatchObject({
    message: 'launchd refused.',
    hint: 'Log in.',
  });
});

test('words on standard error are told without the name of the command', async () => {
  command('echo "tidemark: Tidemark is not set up yet." >&2; exit 1');
  await expect(runTidemark(['doctor'])).rejects.toMatchObject({ message: 'Tidemark is not set up yet.' });
});

test('a command that hangs is ended', async () => {
  command('exec sleep 30');
  await expect(runTidemark(['doctor'], { timeoutMilliseconds: 100 })).rejects.toMatchObject({
    code: 'timeout',
  });
});

test('an answer with an exit code that is not 0 counts where it may, an error does not', async () => {
  command('echo "{\\"status\\":\\"fail\\"}"; exit 3');
  expect((await runTidemark(['doctor'], { acceptFailure: true })).stdout).toMatch(/fail/);
  command(`echo '{"error":{"message":"No."}}'; exit 3`);
  await expect(runTidemark(['doctor'], { acceptFailure: true })).rejects.toMatchObject({ message: 'No.' });
});
