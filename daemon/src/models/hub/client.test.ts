/** What a hub's refusals, and answers that are none of a hub's, are told as; and to whom the token goes. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { HubServer, ServedModel, testCommit } from '../../../test/hub-server.ts';
import { xray } from '../xray/xray.ts';
import { ensureSnapshot } from './repository.ts';

const served = new ServedModel();

test('a page to sign in to a network is said to be one, whatever was asked for', async () => {
  const page = { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } } as const;
  const isPage = {
    name: 'TidemarkError',
    code: 'network',
    message: /^127\.0\.0\.1:\d+ answered with a web page instead of data\.$/,
    hint: /sign in first: open any page in a browser/,
  };
  for (const path of ['/revision/', '/tree/', 'config.json', '/cdn/']) {
    served.hub.faults.push({ kind: 'status', path, ...page });
    await assert.rejects(ensureSnapshot(served.model, served.options), isPage, path);
  }
  served.hub.faults.push({ kind: 'status', path: '/cdn/', ...page });
  await assert.rejects(xray('owner/kokoro', served.options), isPage);

  await using portal = await HubServer.start();
  portal.faults.push({ kind: 'status', path: '/login', ...page });
  const location = `${portal.endpoint.replace('127.0.0.1', 'localhost')}/login`;
  served.hub.faults.push({ kind: 'status', path: '/api/', status: 302, headers: { location } });
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    message: /^localhost:\d+ \(for 127\.0\.0\.1:\d+\) answered with a web page instead of data\.$/,
  });
  served.hub.faults.push({ kind: 'status', path: '/api/', status: 511 });
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    message: 'The network that you are on wants you to sign in first.',
  });
});

test('an answer of another form than a hub’s is no lost connection', async () => {
  for (const [path, body] of [
    ['/revision/', 'Welcome!'],
    ['/revision/', 'null'],
    ['/revision/', '[]'],
    ['/tree/', '{"error": 1}'],
    ['/tree/', 'null'],
    ['/tree/', '[null]'],
    ['/tree/', ''],
  ] as const) {
    served.hub.faults.push({ kind: 'body', path, body });
    const asked = served.hub.requests.length;
    await assert.rejects(
      ensureSnapshot(served.model, served.options),
      { name: 'TidemarkError', code: 'network', hint: /^Check HF_ENDPOINT/ },
      `${path} ${body}`,
    );
    // It is the same the next time, so it is not asked for again.
    assert.equal(served.hub.requests.length - asked, path === '/tree/' ? 2 : 1);
  }
});

test('a token that the hub does not take is said to be that, with where it comes from', async () => {
  const refused = (status: number, expected: object) => {
    served.hub.faults.push({ kind: 'status', path: '/api/', status });
    return assert.rejects(ensureSnapshot(served.model, served.options), {
      name: 'TidemarkError',
      ...expected,
    });
  };
  const host = new URL(served.hub.endpoint).host;
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    process.env[name] = 'hf_old';
    await refused(401, {
      code: 'network',
      message: `${host} rejected the token from ${name}, which may have expired.`,
      hint: `To continue, set ${name} to a valid token, or unset it to use public models without one.`,
    });
    await refused(403, {
      code: 'network',
      message: `${host} denies access to owner/kokoro with the token from ${name}.`,
      hint: `Request access at ${served.hub.endpoint}/owner/kokoro, and check that the token may read it.`,
    });
    await refused(404, { code: 'unknown-model', message: new RegExp(`the token from ${name} can read`) });
    Reflect.deleteProperty(process.env, name);
  }
  const path = join(served.home, 'token');
  mkdirSync(served.home, { recursive: true });
  writeFileSync(path, 'hf_old\n');
  await refused(401, {
    code: 'network',
    message: new RegExp(`the token from ${path}`),
    hint: /hf auth login/,
  });
  rmSync(path);
  await refused(401, { code: 'unknown-model', message: /no public model/ });
  await refused(403, {
    code: 'network',
    message: `${host} denies access to owner/kokoro.`,
    hint: /HF_TOKEN/,
  });
  process.env['HF_TOKEN'] = ' ';
  await refused(401, { code: 'unknown-model', message: /no public model/ });

  for (const token of ['hf_a\nb', 'hf_\u{1f511}', 'hf_a b']) {
    process.env['HF_TOKEN'] = token;
    await assert.rejects(ensureSnapshot(served.model, served.options), {
      code: 'network',
      message: 'The token from HF_TOKEN has characters that no token has.',
    });
  }

  // The same while a file is fetched, and in an x-ray.
  process.env['HF_TOKEN'] = 'hf_old';
  served.hub.faults.push({ kind: 'status', path: '/resolve/', status: 401 });
  await assert.rejects(ensureSnapshot(served.model, served.options), { message: /rejected the token/ });
  served.hub.token = 'hf_new';
  await assert.rejects(xray('owner/kokoro', served.options), { message: /rejected the token from HF_TOKEN/ });
});

test('a host that the hub redirects to did not see the token, so it is not blamed', async () => {
  process.env['HF_TOKEN'] = 'secret';
  await using other = await HubServer.start();
  other.faults.push({ kind: 'status', path: '/cdn/', status: 403 });
  served.hub.storage = other.endpoint.replace('127.0.0.1', 'localhost');
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    code: 'network',
    message: /^localhost:\d+ refused a request for owner\/kokoro with error 403\.$/,
  });
});

test('the token goes to the hub and not to the host that it redirects to', async () => {
  process.env['HF_TOKEN'] = 'secret';
  await using other = await HubServer.start();
  other.add('model.safetensors', served.weights);
  served.hub.storage = other.endpoint.replace('127.0.0.1', 'localhost');
  await ensureSnapshot(served.model, served.options);
  assert.ok(served.hub.requests.every(({ authorization }) => authorization === 'Bearer secret'));
  assert.deepEqual(
    other.requests.map(({ authorization }) => authorization),
    [undefined],
  );
});

test('the next page of a listing gets the token from the hub alone, and there are only so many', async () => {
  process.env['HF_TOKEN'] = 'secret';
  await using other = await HubServer.start();
  const page = `/api/models/owner/kokoro/tree/${testCommit}?page=2`;
  served.hub.nextPage = other.endpoint + page;
  await ensureSnapshot(served.model, served.options);
  assert.deepEqual(
    other.requests.map(({ authorization }) => authorization),
    [undefined],
  );

  served.hub.nextPage = served.hub.endpoint + page;
  rmSync(served.home, { recursive: true });
  served.hub.requests.length = 0;
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    code: 'network',
    message: /lists files without end/,
  });
  assert.equal(served.hub.requests.length, 101);
  assert.ok(served.hub.requests.every(({ authorization }) => authorization === 'Bearer secret'));
});

test('a host that cannot be reached is one sentence with a way out', async () => {
  process.env['HF_ENDPOINT'] = 'http://127.0.0.1:1';
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    name: 'TidemarkError',
    message: '127.0.0.1:1 cannot be reached, or closed the connection.',
    hint: /need no network/,
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test(
  'a certificate that nobody vouches for is named, and no lost connection',
  { skip: !hasOpenssl && 'there is no openssl to make a certificate' },
  async () => {
    mkdirSync(served.home, { recursive: true });
    const [key, cert] = [join(served.home, 'key.pem'), join(served.home, 'cert.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...names], { stdio: 'ignore' });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end('{}'),
    );
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    try {
      process.env['HF_ENDPOINT'] = `https://localhost:${(server.address() as AddressInfo).port}`;
      await assert.rejects(ensureSnapshot(served.model, served.options), {
        name: 'TidemarkError',
        code: 'network',
        message: /^The certificate of localhost:\d+ is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\.$/,
        hint: /NODE_EXTRA_CA_CERTS/,
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);
