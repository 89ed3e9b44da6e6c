/** The unit of systemd: whether systemd knows what it says, and whether words with odd characters arrive whole. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { defineService } from './definition.ts';
import { thisSystem } from './system.ts';
import { environmentOfUnit, unitDifferences, unitText } from './systemd-unit.ts';

const odd = '/srv/Größe 100% "x" $HOME \\n';

const definition = defineService({
  ...thisSystem(),
  platform: 'linux',
  home: '/home/person',
  environment: { TIDEMARK_HOME: odd },
});

/** The directives that are used, by their sections in systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5). */
const known: Readonly<Record<string, readonly string[]>> = {
  Unit: ['Description', 'StartLimitIntervalSec'],
  Service: [
    'Type',
    'ExecStart',
    'Environment',
    'Restart',
    'RestartSec',
    'TimeoutStopSec',
    'KillMode',
    'UMask',
    'LimitNOFILE',
    'NoNewPrivileges',
  ],
  Install: ['WantedBy'],
};

test('every directive is known and in its section', () => {
  let section = '';
  let directives = 0;
  for (const line of unitText(definition).split('\n')) {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (name !== undefined) {
      section = name;
    } else if (line !== '' && !line.startsWith('#')) {
      const [, directive = ''] = /^([A-Za-z]+)=/.exec(line) ?? [];
      assert.ok(known[section]?.includes(directive), `[${section}] ${line}`);
      directives += 1;
    }
  }
  assert.ok(directives > 10);
});

const analyze = spawnSync('systemd-analyze', ['--version']).error === undefined;

test(
  'systemd-analyze finds no fault in it',
  { skip: analyze ? false : 'systemd-analyze is not installed' },
  (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'tidemark.service');
    const verify = (text: string): { status: number | null; said: string } => {
      writeFileSync(path, text);
      const { status, stderr } = spawnSync('systemd-analyze', ['--user', '--man=no', 'verify', path], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: folder },
      });
      // It reads every unit of the machine on the way.
      return {
        status,
        said: stderr
          .split('\n')
          .filter((line) => line.includes('tidemark'))
          .join('\n'),
      };
    };
    const text = unitText(definition);
    assert.deepEqual(verify(text), { status: 0, said: '' });
    assert.match(verify(text.replace('UMask=', 'Umask=')).said, /Umask/);
    for (const name of oddNames) {
      const executable = join(folder, name);
      copyFileSync('/bin/true', executable);
      const program = [executable, join(folder, name, 'main.js'), 'daemon'];
      const unit = unitText({ ...definition, program, environment: { TIDEMARK_HOME: executable } });
      assert.deepEqual(verify(unit), { status: 0, said: '' }, name);
      rmSync(executable);
      // But where a shell executes it.
      assert.equal(verify(unit).status, /["'\\]/.test(name) ? 0 : 1, `${name} that is gone`);
    }
  },
);

/** Names of files with what systemd or a shell reads in a way of its own. */
const oddNames = [
  'a b',
  '100% %h %%',
  '$HOME ${HOME} $$',
  "o'brien",
  'say "so"',
  'back\\slash \\x41 \\',
  '-@+!: ;#',
  'a=b',
  '\u{1F30A} Größe \u00a0',
  'x'.repeat(250),
];

/** The words that systemd passes on: C escapes and quotes, then specifiers, then variables, of which none is left whole. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ''], place) => {
    const text = word.replaceAll(/\\(.)/g, '$1');
    assert.doesNotMatch(text.replaceAll('%%', ''), /%/);
    const plain = text.replaceAll('%%', '%');
    return place === 0 ? plain : plain.replaceAll('$$', '$');
  });

test('a program anywhere is executed with its words as they are', (t) => {
  for (const name of oddNames) {
    const executable = join(temporaryFolder(t), name);
    writeFileSync(executable, '#!/bin/sh\nprintf "%s\\n" "$@"', { mode: 0o755 });
    const unit = unitText({ ...definition, program: [executable, name, 'daemon'] });
    const [line = ''] = unit.split('\n').filter((each) => each.startsWith('ExecStart='));
    const [command = '', ...words] = wordsOf(line);
    assert.doesNotMatch(command, /["'\\]/);
    assert.equal(spawnSync(command, words, { encoding: 'utf8' }).stdout, `${name}\ndaemon\n`);
    const { TIDEMARK_HOME } = environmentOfUnit(
      unitText({ ...definition, environment: { TIDEMARK_HOME: name } }),
    );
    assert.equal(TIDEMARK_HOME, name);
  }
});

test('the variables are read back as they were', () => {
  assert.deepEqual(environmentOfUnit(unitText(definition)), definition.environment);
});

test('differences are told by their directives', () => {
  const text = unitText(definition);
  assert.deepEqual(unitDifferences(text, text), []);
  const other = text.replace('UMask=0077', 'UMask=0022').replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true');
  assert.deepEqual(unitDifferences(other, text), ['ExecStart', 'UMask']);
});
