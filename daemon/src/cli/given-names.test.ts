/** What a person names is looked for from their folder, whoever opens it in the end. */

import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { asTyped, givenFile, givenModel, givenVoice } from './given-names.ts';

const usual = process.cwd();
const here = realpathSync(temporaryFolder());
process.chdir(here);
after(() => process.chdir(usual));
mkdirSync('bf16');
mkdirSync(join('mlx-community', 'Kept-4bit'), { recursive: true });
mkdirSync(join('elsewhere', 'deep'), { recursive: true });
mkdirSync(join('elsewhere', 'model'));
symlinkSync(join(here, 'elsewhere', 'deep'), 'link');
writeFileSync('own.pt', '');
writeFileSync('a,b.pt', '');

test('a model is a name of the catalogue, else what looks like a path or is there, else a repository', () => {
  for (const [given, meant] of [
    ['bf16', 'bf16'],
    ['./bf16', join(here, 'bf16')],
    ['bf16/', join(here, 'bf16')],
    ['.', here],
    ['mlx-community/Kept-4bit', join(here, 'mlx-community', 'Kept-4bit')],
    ['./mlx-community/Absent', join(here, 'mlx-community', 'Absent')],
    ['mlx-community/Kokoro-82M-4bit', 'mlx-community/Kokoro-82M-4bit'],
    ['mlx-community/Kokoro-82M-4bit@main', 'mlx-community/Kokoro-82M-4bit@main'],
    ['~/models/mine', join(homedir(), 'models/mine')],
    ['/no/such/folder', '/no/such/folder'],
  ] as const) {
    assert.equal(givenModel(given), meant, given);
  }
  for (const unknown of ['bf61', '', 'a/b/c', 'nothing here']) {
    assert.throws(() => givenModel(unknown), { code: 'unknown-model' }, unknown);
  }
});

test('what is said of a model from here is short', () => {
  assert.equal(asTyped('bf16'), 'bf16');
  assert.equal(asTyped(join(here, 'elsewhere', 'model')), './elsewhere/model');
  assert.equal(asTyped('/no/such/folder'), '/no/such/folder');
  assert.equal(asTyped(here), here);
});

test('behind a link, the parent is that of its target; a link by itself keeps its name', () => {
  assert.equal(givenModel('link/../model'), join(here, 'elsewhere', 'model'));
  assert.equal(givenModel('./link'), join(here, 'link'));
  assert.equal(givenModel('elsewhere/../bf16'), join(here, 'bf16'));
  assert.equal(givenModel('../absent/../nothing'), join(here, '..', 'nothing'));
});

test('each part of a voice that is a file is found from here', () => {
  assert.equal(givenVoice('af_heart'), 'af_heart');
  assert.equal(givenVoice('own.pt'), join(here, 'own.pt'));
  assert.equal(givenVoice('af_heart, own.pt,~/v.pt'), `af_heart,${join(here, 'own.pt')},${homedir()}/v.pt`);
  assert.equal(givenVoice('a,b.pt'), join(here, 'a,b.pt'));
});

test('a file stays as it was typed, but for a ~ that the shell left', () => {
  assert.equal(givenFile('out.html'), 'out.html');
  assert.equal(givenFile('../out.html'), '../out.html');
  assert.equal(givenFile('~/out.html'), join(homedir(), 'out.html'));
  assert.equal(givenFile('~other/out.html'), '~other/out.html');
  assert.equal(givenFile('-'), '-');
});
