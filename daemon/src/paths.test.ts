/** Where the data folder is. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { buildFolder, dataFolder, repositoryRoot } from './paths.ts';

test('the repository is the folder with the workspaces, and set-up builds inside it', () => {
  assert.ok(existsSync(join(repositoryRoot, 'package.json')));
  assert.ok(existsSync(join(repositoryRoot, 'daemon', 'package.json')));
  assert.equal(buildFolder, join(repositoryRoot, 'build'));
});

test('TIDEMARK_HOME moves all data, and a relative one is taken from the working directory', () => {
  assert.equal(dataFolder({ TIDEMARK_HOME: '/elsewhere/tide' }), '/elsewhere/tide');
  assert.equal(dataFolder({ TIDEMARK_HOME: 'tide' }), resolve('tide'));
});

test('an empty TIDEMARK_HOME counts as none', () => {
  assert.equal(dataFolder({ TIDEMARK_HOME: '' }), dataFolder({}));
  assert.equal(dataFolder({ TIDEMARK_HOME: '  ' }), dataFolder({}));
});

test('XDG_DATA_HOME is followed where it is absolute', { skip: process.platform === 'darwin' }, () => {
  assert.equal(dataFolder({ XDG_DATA_HOME: '/srv/data' }), '/srv/data/tidemark');
  assert.equal(dataFolder({ XDG_DATA_HOME: 'relative' }), join(homedir(), '.local/share/tidemark'));
  assert.equal(dataFolder({}), join(homedir(), '.local/share/tidemark'));
});
