/** Planted leaks, in real hosts: all of them with a tiny model, and two with the real one from the command line. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { selftestDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { resolveModel } from '../src/models/resolve.ts';
import { plantsOf, runSelftest } from '../src/profiler/selftest.ts';
import { runCli } from './cli.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { testHome } from './test-models.ts';
import { writeTinyKokoro } from './tiny-kokoro.ts';

const folder = temporaryFolder();

const tiny = join(folder, 'tiny');
writeTinyKokoro(tiny, { dtype: 'bfloat16' });

test('every planted leak is found in its channel and at its rate, and nothing else is called a leak', async () => {
  const model = await resolveModel(tiny, { dataFolder: folder });
  const document = await runSelftest(
    plantsOf(),
    { model, voiceFile: join(tiny, 'voices', 'af_tiny.safetensors') },
    {
      phonemes: ['abc.'],
      voice: 'af_tiny',
      // Of a leak in every third iteration, halves of five show too little for the rule.
      iterations: 15,
      warmupIterations: 1,
      seed: 0,
      deterministic: false,
      speed: 1,
    },
  );
  const written: unknown = JSON.parse(JSON.stringify(document));
  assert.deepEqual(v.parse(selftestDocument, written), written);
  for (const { plant, result, reason } of document.plants) {
    assert.equal(result, 'as-expected', `${plant}: ${reason ?? ''}`);
  }
  assert.equal(document.outcome, 'passed');
});

test('the command finds a leak of 4 bytes in the real model, and leaves it alone without one', async () => {
  const { code, stdout, stderr } = await runCli(
    ['selftest', '--only', 'tensor-4-bytes,nothing', '--iterations', '10'],
    { environment: { TIDEMARK_HOME: await testHome('bf16') } },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^a tensor of 4 bytes, kept +found +active memory +4 B +4 B +0\.0%$/m);
  assert.match(stdout, /^nothing +no leak /m);
  assert.match(stdout, /^Passed: 1 of 1 leaks were found/m);
  assert.match(
    stdout,
    /^With nothing planted: No leak: active memory is constant to the byte over 10 iterations/m,
  );
  assert.match(stderr, /growing: active memory.*20 more iterations to confirm/);
});
