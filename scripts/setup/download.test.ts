/** Only what has the pinned hash is kept; what is not fetched is named, with the cause. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { zipSync } from 'fflate';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { lastError, reason, SetupFailure } from './failures.js';
import { fetchNpmArchive, fetchWheel } from './download.js';
import { packageIndex } from './package-index.js';
import { temporaryContext, writeProgram } from './test-context.ts';
import { unpack } from './unpack.js';

const file = 'tidemark_sample-1.0-py3-none-any.whl';
const wheel = Buffer.from(
  zipSync({ 'tidemark_sample/part.bin': randomBytes(300_000), 'sample/': new Uint8Array() }),
);
const pin = {
  project: 'tidemark_Sample',
  version: '1.0',
  file,
  bytes: wheel.length,
  sha256: createHash('sha256').update(wheel).digest('hex'),
};

/** A package index over HTTP with one wheel, whose page names the file on the server `files`, and what it was asked. */
async function indexWithOneWheel(
  t: TestContext,
  { page, ranges = true }: { readonly page?: string; readonly ranges?: boolean } = {},
) {
  const asked: {
    readonly path: string;
    readonly range: string | undefined;
    readonly login: string | undefined;
  }[] = [];
  const server = createServer(({ url = '', headers: { range, authorization } }, response) => {
    asked.push({ path: url, range, login: authorization });
    const from = ranges ? Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0) : 0;
    if (url === '/simple/tidemark-sample/') {
      response.end(
        page ?? `<a href="/other.whl">other.whl</a>\n<a href="../../files/${file}#sha256=0">${file}</a>`,
      );
    } else if (url === `/files/${file}`) {
      response.writeHead(from > 0 ? 206 : 200).end(wheel.subarray(from));
    } else {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  const env = {
    PATH: process.env['PATH'],
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: `http://${host}/simple/`,
  };
  return { context: temporaryContext(t, { env }), asked, host };
}

test('a wheel with the pinned hash is fetched by the name of its project, and unpacked', async (t) => {
  const { context, asked } = await indexWithOneWheel(t);
  const path = await fetchWheel(context, pin);
  assert.deepEqual(readFileSync(path), wheel);
  assert.deepEqual(
    asked.map((each) => each.path),
    ['/simple/tidemark-sample/', `/files/${file}`],
  );
  const folder = await unpack(context, path, 'sample');
  assert.deepEqual(readdirSync(folder).sort(), ['sample', 'tidemark_sample']);
  assert.equal(statSync(join(folder, 'tidemark_sample', 'part.bin')).size, 300_000);
});

test('a wheel with another hash is refused, said, and not kept', async (t) => {
  const { context } = await indexWithOneWheel(t);
  await assert.rejects(fetchWheel(context, { ...pin, sha256: '0'.repeat(64) }), {
    name: 'SetupFailure',
    message: 'tidemark_Sample 1.0 was fetched, but its hash is not the pinned one, so it was thrown away.',
  });
  assert.equal(existsSync(context.layout.downloads), false);
});

for (const [what, ranges, expected] of [
  ['only the rest of it is asked for', true, 'bytes=100-'],
  ['all of it is taken where the server gives no parts', false, 'bytes=100-'],
] as const) {
  test(`of an archive that an interruption left half written, ${what}; a whole one is used`, async (t) => {
    const { context, asked } = await indexWithOneWheel(t, { ranges });
    mkdirSync(context.layout.downloads, { recursive: true });
    writeFileSync(join(context.layout.downloads, `${file}.part`), wheel.subarray(0, 100));
    assert.deepEqual(readFileSync(await fetchWheel(context, pin)), wheel);
    assert.equal(asked.at(-1)?.range, expected);
    const before = asked.length;
    await fetchWheel(context, pin);
    assert.equal(asked.length, before);
  });
}

test('a user and a password reach the index, and no other host that its page names', async (t) => {
  const files = await indexWithOneWheel(t);
  const { context, asked, host } = await indexWithOneWheel(t, {
    page: `<a href="http://${files.host}/files/${file}">${file}</a>`,
  });
  const env = { ...context.env, PIP_INDEX_URL: `http://me:p%40ss@${host}/simple` };
  assert.deepEqual(readFileSync(await fetchWheel({ ...context, env }, pin)), wheel);
  assert.equal(asked[0]?.login, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  assert.equal(files.asked.length, 1);
  assert.equal(files.asked[0]?.login, undefined);
});

test("pip's configuration says which index is asked: the environment first, then the person's file", (t) => {
  const HOME = temporaryFolder(t);
  const conf = join(HOME, '.config', 'pip', 'pip.conf');
  mkdirSync(dirname(conf), { recursive: true });
  writeFileSync(
    conf,
    '# mine\n[global]\nindex-url = https://one.example/simple/\nextra-index-url =\n  https://two.example/a\n  https://two.example/b\n' +
      '[install]\nindex-url = https://never.example\n[download]\ncert: /ca.pem\n',
  );
  const env = { HOME, XDG_CONFIG_DIRS: join(HOME, 'none') };
  assert.deepEqual(packageIndex(env, 'linux').indexes, [
    'https://one.example/simple',
    'https://two.example/a',
    'https://two.example/b',
  ]);
  assert.equal(packageIndex(env, 'darwin').certificates, '/ca.pem');
  assert.equal(
    packageIndex({ ...env, PIP_INDEX_URL: 'https://three.example' }, 'linux').indexes[0],
    'https://three.example',
  );
  assert.deepEqual(packageIndex({ ...env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: '/a /b' }, 'linux'), {
    indexes: [],
    links: ['/a', '/b'],
    certificates: '/ca.pem',
  });
  const { PATH } = process.env;
  const [own = '', ...others] = packageIndex({ HOME, PATH, PIP_CONFIG_FILE: '/dev/null' }, 'linux').indexes;
  assert.match(own, /^https:\/\/[^/]+\/simple$/);
  assert.deepEqual(others, []);
  assert.deepEqual(packageIndex({ HOME, PATH: HOME, PIP_CONFIG_FILE: '/dev/null' }, 'linux').indexes, []);
});

test('a folder that pip looks into serves without an index', async (t) => {
  const links = temporaryFolder(t);
  writeFileSync(join(links, file), wheel);
  const env = { PIP_CONFIG_FILE: '/dev/null', PIP_NO_INDEX: '1', PIP_FIND_LINKS: links };
  assert.deepEqual(readFileSync(await fetchWheel(temporaryContext(t, { env }), pin)), wheel);
  await assert.rejects(
    fetchWheel(temporaryContext(t, { env: { ...env, PIP_FIND_LINKS: '' } }), pin),
    (error) => error instanceof SetupFailure && /pip is configured to use no index/.test(error.remedy),
  );
});

test('without a connection the message names what could not be fetched, and a file that the index lacks is said', async (t) => {
  const { context } = await indexWithOneWheel(t);
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  const env = { ...context.env, PIP_INDEX_URL: `http://127.0.0.1:${port}/simple` };
  await assert.rejects(fetchWheel({ ...context, env }, pin), (error) => {
    assert.ok(error instanceof SetupFailure);
    assert.equal(
      error.message,
      'tidemark_Sample 1.0 could not be fetched from the Python package index: there is no connection.',
    );
    assert.match(error.remedy, /Check the network/);
    return true;
  });
  await assert.rejects(
    fetchWheel(context, { ...pin, file: 'absent.whl' }),
    (error) => error instanceof SetupFailure && /there is no absent\.whl on 127\.0\.0\.1/.test(error.remedy),
  );
});

test('an archive that is damaged, or leads out of its folder, is said and leaves nothing outside', async (t) => {
  const context = temporaryContext(t);
  const folder = temporaryFolder(t);
  for (const [name, content] of [
    ['cut.whl', wheel.subarray(0, 1000)],
    ['out.whl', zipSync({ '../outside': new Uint8Array(3) })],
  ] as const) {
    writeFileSync(join(folder, name), content);
    await assert.rejects(unpack(context, join(folder, name), 'sample'), {
      message: 'An archive that set-up fetched could not be unpacked.',
    });
  }
  assert.equal(existsSync(join(context.layout.partial, 'outside')), false);
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
