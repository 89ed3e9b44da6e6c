/** Fifty iterations of the real bf16 model: whether anything is left behind. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { runCli } from './cli.ts';
import { testHome } from './test-models.ts';

test('active memory is constant to the byte over fifty iterations, and only weights and voice are alive', async () => {
  const { code, stdout, stderr } = await runCli(
    ['profile', 'bf16', '--phonemes', 'həlˈO.', '--iterations', '50', '--json'],
    { environment: { TIDEMARK_HOME: await testHome('bf16') } },
  );
  assert.equal(code, 0, stderr);
  const { iterations, leaks, load, model, summary } = v.parse(profileDocument, JSON.parse(stdout));
  const measured = iterations.filter(({ warmup }) => !warmup);
  assert.equal(measured.length, 50);

  assert.equal(new Set(measured.map(({ activeBytes }) => activeBytes)).size, 1);
  assert.equal(new Set(measured.map(({ activeBeforeBytes }) => activeBeforeBytes)).size, 1);
  assert.equal(summary?.active.course, 'constant');
  // The weights as the header has them, the voice, and the 8 bytes of the random generator's state.
  assert.ok(Math.abs(load.activeBytes - model.tensorBytes) < 0.001 * model.tensorBytes);
  assert.equal(load.voiceBytes, 510 * 256 * 4);
  const [first] = measured;
  assert.ok(first !== undefined);
  assert.ok(first.activeBytes - load.activeBytes - load.voiceBytes <= 64);

  assert.equal(load.liveTensors, load.weightTensors + 1);
  for (const { liveTensors, undisposedTensors, openFileDescriptors } of measured) {
    assert.equal(liveTensors, load.liveTensors);
    assert.equal(undisposedTensors, 0);
    assert.equal(openFileDescriptors, first.openFileDescriptors);
  }
  assert.equal(summary.extraTensors, 0);

  // A noisy channel may get a second look now and then; a leak it is only if that bears it out.
  assert.deepEqual(
    leaks?.filter(({ status }) => status === 'leak'),
    [],
  );
  assert.equal(leaks.find(({ channel }) => channel === 'activeBytes')?.smallestDetectable, 1);
  assert.equal(new Set(measured.map(({ samples }) => samples)).size, 1);
});
