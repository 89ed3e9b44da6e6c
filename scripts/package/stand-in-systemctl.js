#!/usr/bin/env node
/** A systemctl for bare-root.sh: what Tidemark asks of one unit, whose command it really starts and stops. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const home = process.env['HOME'] ?? '';
const unit = join(home, '.config', 'systemd', 'user', 'tidemark.service');
const state = join(home, 'run', 'systemctl');
const pidFile = join(state, 'pid');
const enabledFile = join(state, 'enabled');
mkdirSync(state, { recursive: true });

const [, verb, ...rest] = process.argv.slice(2);

function pid() {
  try {
    const found = Number(readFileSync(pidFile, 'utf8'));
    process.kill(found, 0);
    return found;
  } catch {
    return 0;
  }
}

function stop() {
  const running = pid();
  if (running !== 0) {
    process.kill(running, 'SIGTERM');
    for (let waited = 0; pid() !== 0 && waited < 200; waited += 1) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  rmSync(pidFile, { force: true });
}

function start() {
  const text = readFileSync(unit, 'utf8');
  const words = [...(/^ExecStart=(.*)$/m.exec(text)?.[1] ?? '').matchAll(/"([^"]*)"/g)].map(
    ([, word = '']) => word,
  );
  /** @type {NodeJS.ProcessEnv} */
  const env = { HOME: home, NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] };
  for (const [, name = '', value] of text.matchAll(/^Environment="([^=]+)=(.*)"$/gm)) {
    env[name] = value;
  }
  const output = openSync(join(state, 'output'), 'a');
  const child = spawn(words[0] ?? '', words.slice(1), {
    env,
    detached: true,
    stdio: ['ignore', output, output],
  });
  writeFileSync(pidFile, String(child.pid));
  child.unref();
}

if (verb === 'show' && rest[0] !== 'tidemark.service') {
  console.log('Version=252');
} else if (verb === 'show') {
  const running = pid();
  console.log(
    [
      `LoadState=${existsSync(unit) ? 'loaded' : 'not-found'}`,
      `ActiveState=${running === 0 ? 'inactive' : 'active'}`,
      `SubState=${running === 0 ? 'dead' : 'running'}`,
      `MainPID=${running}`,
      'ExecMainCode=0',
      'ExecMainStatus=0',
      'NRestarts=0',
      `UnitFileState=${existsSync(enabledFile) ? 'enabled' : 'disabled'}`,
    ].join('\n'),
  );
} else if (verb === 'enable') {
  writeFileSync(enabledFile, '');
} else if (verb === 'disable') {
  rmSync(enabledFile, { force: true });
  if (rest.includes('--now')) {
    stop();
  }
} else if (verb === 'restart') {
  stop();
  start();
} else if (verb === 'stop') {
  stop();
} else if (verb !== 'daemon-reload' && verb !== 'reset-failed') {
  console.error(`Unknown command verb ${verb}.`);
  process.exitCode = 1;
}
