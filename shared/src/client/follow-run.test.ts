/** Following a run over a scripted daemon: early steps, a lost end, and each way in which it breaks off. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProgress, exampleRun } from '../../test/example-messages.ts';
import { ScriptedDaemon } from '../../test/scripted-daemon.ts';
import type { Script } from '../../test/scripted-daemon.ts';
import type { RunStep } from '../protocol/daemon/run-progress.ts';
import { DaemonClient } from './daemon-client.ts';
import { followRun } from './follow-run.ts';
import type { FollowOptions } from './follow-run.ts';

const running = exampleRun(3, { state: 'running' });
const complete = exampleRun(3, { state: 'complete' });
const note = (message: string): RunStep => ({ kind: 'preparing', message });
const ended: RunStep = { kind: 'ended', record: complete };

/** Follows run 3 of a daemon that does as the script says; gives the steps that were seen. */
async function follow(
  script: Script,
  options: Partial<FollowOptions> = {},
): Promise<{ readonly steps: RunStep[]; readonly daemon: ScriptedDaemon }> {
  await using daemon = await ScriptedDaemon.listening(script);
  const { socketPath } = daemon;
  await using client = await DaemonClient.connect({ socketPath, client: { name: 'test', version: '1' } });
  const steps: RunStep[] = [];
  const record = await followRun(client, {
    begin: () => client.call('startProfile', { model: 'bf16' }),
    onProgress: ({ step }) => steps.push(step),
    ...options,
  });
  assert.equal(record.id, 3);
  return { steps, daemon };
}

test('steps before the answer that says the number are kept, those of other runs are not, and the end ends it', async () => {
  const { steps } = await follow((request, peer) => {
    if (request.method === 'startProfile') {
      peer.tell('progress', exampleProgress({ runId: 3, step: note('early') }));
      peer.tell('progress', exampleProgress({ runId: 4, step: note('another') }));
      peer.answer(request.id, { result: running });
      peer.tell('progress', exampleProgress({ runId: 3, step: note('late') }));
      peer.tell('progress', exampleProgress({ runId: 3, step: ended }));
    }
  });
  assert.deepEqual(steps, [note('early'), note('late'), ended]);
});

test('an end whose event was lost is found by asking', async () => {
  let looks = 0;
  const { steps } = await follow(
    (request, peer) => {
      if (request.method === 'startProfile') {
        peer.answer(request.id, { result: running });
      } else if (request.method === 'getRun') {
        looks += 1;
        peer.answer(request.id, { result: { record: looks < 3 ? running : complete, samples: [] } });
      }
    },
    { lookMilliseconds: 20 },
  );
  assert.deepEqual(steps, []);
  assert.equal(looks, 3);
});

test('a run that is over already is not waited for', async () => {
  const { steps } = await follow((request, peer) => {
    peer.answer(request.id, { result: complete });
  });
  assert.deepEqual(steps, []);
});

test('a daemon that ends rejects with no-daemon', async () => {
  await assert.rejects(
    follow((request, peer) => {
      if (request.method === 'startProfile') {
        peer.answer(request.id, { result: running });
        setTimeout(() => peer.socket.destroy(), 20);
      }
    }),
    { code: 'no-daemon', message: /run #3/ },
  );
});

test('an aborted signal stops the following with its reason, and not the run', async () => {
  const controller = new AbortController();
  const asked: string[] = [];
  await assert.rejects(
    follow(
      (request, peer) => {
        asked.push(request.method);
        if (request.method === 'startProfile') {
          peer.answer(request.id, { result: running });
          setTimeout(() => controller.abort(new Error('the view is gone')), 20);
        }
      },
      { signal: controller.signal },
    ),
    /the view is gone/,
  );
  assert.ok(!asked.includes('cancel'));
});

test('a refusal to begin is passed on', async () => {
  await assert.rejects(
    follow(() => undefined, { begin: () => Promise.reject(new Error('busy')) }),
    /busy/,
  );
});
