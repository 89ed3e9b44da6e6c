/** The parent's side of a model host, against hosts that behave and hosts that do not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isAlive, until } from '../../test/processes.ts';
import { obedient, scriptedHost } from '../../test/scripted-host.ts';
import { Interruption } from '../interruption.ts';
import { HostDeath } from './host-death.ts';
import { ModelHost } from './model-host.ts';

const start = (body: string, options: { signal?: AbortSignal; timeoutSeconds?: number } = {}) =>
  ModelHost.start({ ...options, entry: scriptedHost(body) });

const parameters = { folder: '/model', voiceFile: '/voice' };
const iteration = { index: 3, warmup: false, phonemes: ['a'], seed: 0, deterministic: false, speed: 1 };

/** Matches a TidemarkError by its code and message. */
const failsWith =
  (code: TidemarkError['code'], message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TidemarkError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };

test('a host is asked, answers, and is gone after it is closed', async () => {
  const host = await start(obedient);
  const { pid } = host;
  assert.ok(isAlive(pid));
  assert.equal(host.description.versions.mlx, '0.32.4');
  assert.equal((await host.load(parameters)).activeBytes, 1000);
  assert.equal((await host.iterate(iteration)).index, 3);
  await host.close();
  assert.ok(!isAlive(pid));
  assert.ok(!host.isAlive);
  await host.close();
});

test('leaving the block of a host that was declared with `await using` ends it', async () => {
  let pid;
  {
    await using host = await start(obedient);
    pid = host.pid;
  }
  assert.ok(!isAlive(pid));
});

test('a host that a signal ends rejects the open call, and names the signal and what it was at', async () => {
  const host = await start(`process.on('message', () => process.kill(process.pid, 'SIGKILL')); ready();`);
  await assert.rejects(
    host.iterate(iteration, { doing: 'in iteration 7' }),
    (error: unknown) =>
      failsWith(
        'host-died',
        /^The model host was ended by SIGKILL in iteration 7 \(often because memory ran out\)\.$/,
      )(error) &&
      error instanceof HostDeath &&
      error.signal === 'SIGKILL',
  );
  await assert.rejects(host.iterate(iteration), failsWith('host-died', /before it could iterate/));
});

test('a crash in native code is called one', async () => {
  const host = await start(`process.on('message', () => process.abort()); ready();`);
  await assert.rejects(
    host.load(parameters),
    failsWith('host-died', /ended by SIGABRT while loading the model \(a crash in native code\)/),
  );
});

test('a host that exits by itself is reported with its code, and its last words are the cause', async () => {
  const host = await start(`
    process.on('message', () => {
      console.log('on stdout');
      console.error('terminate called: bad things');
      process.exit(70);
    });
    ready();
  `);
  await assert.rejects(host.iterate(iteration), (error: unknown) => {
    assert.ok(error instanceof TidemarkError && error.cause instanceof Error);
    assert.match(error.message, /exited with code 70 in iteration 3/);
    assert.match(error.cause.message, /on stdout/);
    assert.match(error.cause.message, /terminate called: bad things/);
    return true;
  });
});

test('a host that cannot load libmlx says why', async () => {
  const starting = start(`
    const failure = { code: 'native-addon', message: 'No addon.', hint: 'Run setup.' };
    process.send({ type: 'unusable', failure }, () => process.exit());
  `);
  await assert.rejects(starting, (error: unknown) => {
    assert.ok(failsWith('native-addon', /^No addon\.$/)(error));
    assert.equal((error as TidemarkError).hint, 'Run setup.');
    return true;
  });
});

test('a host that dies while it starts, or never says a word, is an error', async () => {
  await assert.rejects(start('process.exit(3)'), failsWith('host-died', /exited with code 3 while starting/));
  await assert.rejects(
    start('setInterval(() => {}, 1000)', { timeoutSeconds: 0.3 }),
    failsWith('host-timeout', /did not start within 0\.3 s/),
  );
  await assert.rejects(ModelHost.start({ entry: '/missing.mjs' }), failsWith('host-died', /code 1/));
});

test('an error in the host keeps its code and hint', async () => {
  const host = await start(`
    process.on('message', ({ id }) => {
      const failure = { code: 'bad-checkpoint', message: 'Keys are missing.', hint: 'Get another.', stack: 'at x' };
      process.send({ type: 'failure', id, failure });
    });
    ready();
  `);
  await assert.rejects(host.load(parameters), (error: unknown) => {
    assert.ok(failsWith('bad-checkpoint', /^Keys are missing\.$/)(error));
    assert.equal((error as TidemarkError).hint, 'Get another.');
    return true;
  });
  await host.close();
});

test('an answer that is not what was asked for rejects, and ends the host', async () => {
  const host = await start(`
    process.on('message', (request) => answer(request, { activeBytes: -1 }));
    ready();
  `);
  const { pid } = host;
  await assert.rejects(host.load(parameters));
  await until(() => !isAlive(pid), 'the host ends');
});

test('an aborted signal ends a host that is busy, within a second', async () => {
  const controller = new AbortController();
  // As native work does, this holds the thread.
  const host = await start(`process.on('message', () => { for (;;); }); ready();`);
  const { pid } = host;
  const call = host.iterate(iteration, { signal: controller.signal });
  setTimeout(() => controller.abort(new Interruption('SIGINT')), 100);
  await assert.rejects(call, failsWith('interrupted', /SIGINT/));
  await until(() => !isAlive(pid), 'the host ends', 1);
  await host.close();
});

test('an aborted signal ends a host that starts, and keeps one from starting', async () => {
  const controller = new AbortController();
  const starting = start('setInterval(() => {}, 1000)', { signal: controller.signal });
  setTimeout(() => controller.abort(new Interruption('SIGTERM')), 100);
  await assert.rejects(starting, failsWith('interrupted', /SIGTERM/));
  await assert.rejects(start(obedient, { signal: controller.signal }), failsWith('interrupted', /SIGTERM/));
});

test('a host that ignores SIGTERM is ended all the same', async () => {
  const host = await start(`
    process.on('SIGTERM', () => {});
    process.removeAllListeners('disconnect');
    setInterval(() => {}, 1000);
    ready();
  `);
  const { pid } = host;
  const startedAt = Date.now();
  await host.close();
  assert.ok(!isAlive(pid));
  assert.ok(Date.now() - startedAt < 6000);
});

test('calls are answered in order, and several may be open', async () => {
  const host = await start(obedient);
  const indices = [0, 1, 2, 3, 4];
  const samples = await Promise.all(indices.map((index) => host.iterate({ ...iteration, index })));
  assert.deepEqual(
    samples.map(({ index }) => index),
    indices,
  );
  await host.close();
});
