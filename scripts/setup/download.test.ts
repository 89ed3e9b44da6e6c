/** Only what has the pinned hash is kept; what is not fetched is named, with the cause. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { lastError, reason, SetupFailure } from './failures.js';
import { fetchNpmArchive, fetchWheel } from './download.js';
import { temporaryContext, writeProgram } from './test-context.ts';
import { unpack } from './unpack.js';

/** pip itself, with a folder in the place of the package index, and in it one wheel. */
function indexWithOneWheel(t: TestContext) {
  const index = temporaryFolder(t);
  const file = 'tidemark_sample-1.0-py3-none-any.whl';
  const content = join(index, 'tidemark_sample-1.0.dist-info');
  mkdirSync(content);
  writeFileSync(join(content, 'METADATA'), 'Metadata-Version: 2.1\nName: tidemark-sample\nVersion: 1.0\n');
  writeFileSync(join(content, 'WHEEL'), 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  writeFileSync(join(content, 'RECORD'), '');
  const { status } = spawnSync('python3', ['-m', 'zipfile', '-c', file, 'tidemark_sample-1.0.dist-info'], {
    cwd: index,
  });
  assert.equal(status, 0);
  const wheel = readFileSync(join(index, file));
  const pin = {
    project: 'tidemark-sample',
    version: '1.0',
    file,
    bytes: wheel.length,
    sha256: createHash('sha256').update(wheel).digest('hex'),
  };
  const env = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: index };
  return { context: temporaryContext(t, { env, tools: { python: 'python3' } }), pin, wheel };
}

test('a wheel with the pinned hash is fetched and unpacked', async (t) => {
  const { context, pin, wheel } = indexWithOneWheel(t);
  const path = await fetchWheel(context, pin);
  assert.deepEqual(readFileSync(path), wheel);
  const folder = await unpack(context, path, 'sample');
  assert.deepEqual(readdirSync(folder), ['tidemark_sample-1.0.dist-info']);
});

test('a wheel with another hash is refused, said, and not kept', async (t) => {
  const { context, pin } = indexWithOneWheel(t);
  await assert.rejects(fetchWheel(context, { ...pin, sha256: '0'.repeat(64) }), {
    name: 'SetupFailure',
    message: 'tidemark-sample 1.0 was fetched, but its hash is not the pinned one, so it was thrown away.',
  });
  assert.equal(existsSync(context.layout.downloads), false);
});

test('a client that does not check the hash is not relied on', async (t) => {
  const { context, pin } = indexWithOneWheel(t);
  const careless = join(temporaryFolder(t), 'python3');
  writeProgram(careless, 'for last; do :; done', `echo other > "$last/${pin.file}"`);
  await assert.rejects(fetchWheel({ ...context, tools: { python: careless } }, pin), {
    message: /hash is not the pinned one/,
  });
  assert.equal(existsSync(context.layout.downloads), false);
});

test('an archive that an interruption left half written is fetched anew, a whole one is used', async (t) => {
  const { context, pin, wheel } = indexWithOneWheel(t);
  mkdirSync(context.layout.downloads, { recursive: true });
  writeFileSync(join(context.layout.downloads, pin.file), wheel.subarray(0, 100));
  assert.deepEqual(readFileSync(await fetchWheel(context, pin)), wheel);
  const offline = { ...context, tools: { python: 'no-such-python' } };
  assert.deepEqual(readFileSync(await fetchWheel(offline, pin)), wheel);
});

test('without a connection the message names what could not be fetched', async (t) => {
  const { context, pin } = indexWithOneWheel(t);
  // Port 9 of this machine refuses connections.
  const env = {
    ...process.env,
    PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
    PIP_CONFIG_FILE: '/dev/null',
  };
  await assert.rejects(fetchWheel({ ...context, env }, pin), (error) => {
    assert.ok(error instanceof SetupFailure);
    assert.equal(
      error.message,
      'tidemark-sample 1.0 could not be fetched from the Python package index: there is no connection.',
    );
    assert.match(error.remedy, /Check the network/);
    return true;
  });
});

test('an npm archive with another integrity hash is refused and not kept', async (t) => {
  const npm = join(temporaryFolder(t), 'npm');
  writeProgram(
    npm,
    'while [ "$1" != --pack-destination ]; do shift; done',
    'echo other > "$2/sample-1.0.0.tgz"',
  );
  const context = temporaryContext(t, { tools: { npm: { command: npm, args: [] } } });
  const pin = { name: 'sample', version: '1.0.0', bytes: 6, integrity: 'sha512-AAAA' };
  await assert.rejects(fetchNpmArchive(context, pin), {
    message: 'sample 1.0.0 was fetched, but its hash is not the pinned one, so it was thrown away.',
  });
  assert.equal(existsSync(context.layout.downloads), false);
  const integrity = `sha512-${createHash('sha512').update('other\n').digest('base64')}`;
  assert.equal(readFileSync(await fetchNpmArchive(context, { ...pin, integrity }), 'utf8'), 'other\n');
});

test("the clients' words are turned into a cause and a line", () => {
  const npm =
    'npm error code ENOTFOUND\nnpm error network request to the registry failed, reason: getaddrinfo ENOTFOUND\n' +
    'npm error A complete log of this run can be found in: /home/someone/.npm/_logs/1.log\n';
  assert.equal(reason(npm), ': there is no connection');
  assert.equal(
    lastError(npm),
    'npm error network request to the registry failed, reason: getaddrinfo ENOTFOUND',
  );
  const pip =
    "WARNING: Retrying (Retry(total=2)) after connection broken by 'NewConnectionError'\n" +
    'ERROR: No matching distribution found for sample==1.0\n';
  assert.equal(lastError(pip), pip.split('\n')[0]);
  assert.equal(reason('OSError: [Errno 28] No space left on device'), ': the disk is full');
  assert.equal(reason('npm error code SELF_SIGNED_CERT_IN_CHAIN'), ': the connection is not trusted');
  assert.equal(reason('something else'), '');
});
