/** Set-up as a command, in a repository of its own whose npm is a script: its messages, its signals, its exit status. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { writeProgram } from './test-context.ts';

function repositoryWhoseNpm(t: TestContext, ...script: readonly string[]) {
  const root = temporaryFolder(t);
  cpSync(import.meta.dirname, join(root, 'scripts', 'setup'), { recursive: true });
  const manifest = { type: 'module', workspaces: [], optionalDependencies: {} };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
  mkdirSync(join(root, 'bin'));
  writeProgram(join(root, 'bin', 'npm'), 'if [ "$1" = --version ]; then echo 11.0.0; exit; fi', ...script);
  return root;
}

function setUp(root: string, ...args: readonly string[]) {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [join(root, 'scripts', 'setup', 'main.js'), ...args], {
    // Set-up prefers the npm that started it, so it must not know of one.
    env: { ...process.env, npm_execpath: '', PATH: `${join(root, 'bin')}${delimiter}${PATH}` },
  });
  let output = '';
  let standardOutput = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (standardOutput += chunk.toString()));
  const ended = new Promise<{ status: number | null; output: string; standardOutput: string }>((resolve) => {
    child.once('close', (status) => resolve({ status, output, standardOutput }));
  });
  return { child, ended };
}

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends the step's program, leaves nothing that a later run would trust, and says how to go on`, async (t) => {
    const root = repositoryWhoseNpm(t, 'touch started', 'sleep 60', 'touch survived');
    const { child, ended } = setUp(root, '--only-dependencies');
    while (!existsSync(join(root, 'started'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill(signal);
    const { status, output } = await ended;
    assert.equal(status, expected);
    assert.match(output, /npm dependencies \.+ interrupted\n/);
    assert.match(
      output,
      /Set-up was interrupted\. Run the same command again; it goes on where it stopped\.\n$/,
    );
    assert.deepEqual(readdirSync(join(root, 'build')), []);
  });
}

test("npm's failure is said with its own line, on standard error, without a stack", async (t) => {
  const root = repositoryWhoseNpm(
    t,
    'echo "npm error code EAI_AGAIN" >&2',
    'echo "npm error network request failed, reason: getaddrinfo EAI_AGAIN" >&2',
    'exit 1',
  );
  const { status, output, standardOutput } = await setUp(root, '--only-dependencies').ended;
  assert.equal(status, 1);
  assert.equal(standardOutput, '');
  assert.equal(
    output,
    '  npm dependencies ............... failed\n' +
      '\nThe npm dependencies could not be installed: there is no connection.\n' +
      'Check the network (and the proxy, if there is one), then run the same command again.\n' +
      'npm said: npm error network request failed, reason: getaddrinfo EAI_AGAIN\n',
  );
});

test('an unknown argument is named, and nothing is done', async (t) => {
  const root = repositoryWhoseNpm(t, 'touch started');
  const { status, output } = await setUp(root, '--everything').ended;
  assert.equal(status, 2);
  assert.match(output, /does not know the argument --everything/);
  assert.equal(existsSync(join(root, 'started')), false);
});
