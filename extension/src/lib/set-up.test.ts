import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { home } from '../../test/harness/surroundings.ts';
import { raycast } from '../../test/raycast-api/raycast.ts';
import { repositoryPage, setUpCommand, updateCommand } from './set-up.ts';

test('the page of the repository is its address where that is one on the web', () => {
  expect(repositoryPage({ url: 'git+https://example.org/a/b.git' })).toBe('https://example.org/a/b');
  expect(repositoryPage({ url: 'https://example.org/a/b' })).toBe('https://example.org/a/b');
  for (const url of ['.', '../elsewhere', 'git@example.org:a/b.git', 'file:///a/b', 'https:///b', '']) {
    expect(repositoryPage({ url })).toBeUndefined();
  }
});

test('commands that are copied go to the clone to which the command belongs', () => {
  const clone = join(home.path, 'my clone');
  const bin = join(clone, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(clone, 'daemon', 'bin'), { recursive: true });
  writeFileSync(join(clone, 'daemon', 'bin', 'tidemark'), '', { mode: 0o755 });
  symlinkSync('../../daemon/bin/tidemark', join(bin, 'tidemark'));
  raycast.restart({ preferences: { tidemarkPath: join(bin, 'tidemark') } });
  expect(setUpCommand()).toBe(`cd '${clone}' && npm run setup`);
  expect(updateCommand()).toMatch(`cd '${clone}' && git pull && `);
});

test('without a clone there is a command all the same', () => {
  raycast.restart({ preferences: { tidemarkPath: home.tidemark() } });
  expect(setUpCommand()).toMatch(/npm run setup$/);
  expect(updateCommand()).toMatch(/^cd tidemark && git pull && .*npm run dev$/);
});
