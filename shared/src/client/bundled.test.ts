/** The client as Raycast's build makes it: bundled to CommonJS for Node 22, where it has to load and to work. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { exampleStatus } from '../../test/example-messages.ts';
import { ScriptedDaemon } from '../../test/scripted-daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-bundle-'));
const bundle = join(folder, 'client.js');
let inputs: string[] = [];

/** What a command does: connects, asks, is told, watches, and closes. */
const program = `
import { DaemonClient } from './daemon-client.ts';
import { watchDaemon } from './watch-daemon.ts';

async function main(socketPath) {
  const client = { name: 'bundle', version: '1' };
  const connection = await DaemonClient.connect({ socketPath, client });
  const status = await connection.call('status', {});
  await connection.subscribe('alerts', () => undefined);
  await connection.close();
  const refused = await DaemonClient.connect({ socketPath: socketPath + '-none', client }).catch((error) => error);
  const states = [];
  await new Promise((resolve) => {
    const watch = watchDaemon({
      socketPath,
      client,
      onState: ({ kind }) => {
        states.push(kind);
        if (kind === 'connected') resolve(watch.stop());
      },
    });
  });
  console.log(JSON.stringify({ node: process.versions.node, pid: status.daemon.pid, refused: refused.code, states }));
}

void main(process.argv[2]);
`;

before(async () => {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
    outfile: bundle,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    metafile: true,
    // A warning is what an `import.meta` that CommonJS has not would be.
    logOverride: { 'empty-import-meta': 'error' },
  });
  inputs = Object.keys(metafile.inputs);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Raycast's Node, where the extension is set up, beside the one that runs this. */
const node22 = join(import.meta.dirname, '../../../extension/node_modules/.bin/node');
const runtimes = [process.execPath, ...(existsSync(node22) ? [node22] : [])];

for (const runtime of runtimes) {
  test(`bundled, it connects, asks, subscribes, watches and ends in ${runtime === node22 ? 'Node 22' : 'this Node'}`, async () => {
    await using daemon = await ScriptedDaemon.listening(({ id, method }, peer) => {
      if (method === 'status') {
        peer.answer(id, { result: exampleStatus() });
      }
    });
    const { stdout, stderr } = await promisify(execFile)(runtime, [bundle, daemon.socketPath], {
      timeout: 10_000,
    });
    assert.equal(stderr, '');
    const { node, ...said } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(said, { pid: 4711, refused: 'no-daemon', states: ['connecting', 'connected'] });
    assert.ok(runtime !== node22 || String(node).startsWith('22.'), `${String(node)} is not Raycast's Node`);
  });
}

test("nothing of node-ipc's server, of the daemon or of native code is bundled", () => {
  const foreign = inputs.filter(
    (input) =>
      /\/daemon\/src\/|\.node$/.test(input) ||
      (input.includes('node_modules/') &&
        !/node_modules\/(valibot\/|node-ipc\/entities\/(EventParser|Defaults)\.js$)/.test(input)),
  );
  assert.ok(inputs.length > 10);
  assert.deepEqual(foreign, []);
});
