/** The unit of systemd: whether systemd knows what it says, and whether words with odd characters arrive whole. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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
  Unit: ['Description', 'StartLimitIntervalSec', 'StartLimitBurst'],
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
  },
);

test('what systemd would replace in words is written so that it does not', () => {
  const [line = ''] = unitText({ ...definition, program: ['/a b/node', '/50% $X/"main".ts', 'daemon'] })
    .split('\n')
    .filter((each) => each.startsWith('ExecStart='));
  assert.equal(line, 'ExecStart="/a b/node" "/50%% $$X/\\"main\\".ts" "daemon"');
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
