/** Quick Profile and the AI tools: commands without a view, in the foreground and in the background. */

import { beforeEach, describe, expect, test } from 'vitest';
import {
  exampleAlert,
  exampleInterruptedRun,
  exampleProgress,
  exampleRun,
  exampleStatus,
} from '@tidemark/client/testing/example-messages';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import quickProfile from '../../src/quick-profile.ts';
import lastLeakCheck from '../../src/tools/last-leak-check.ts';
import memoryNow from '../../src/tools/memory-now.ts';
import recentRuns from '../../src/tools/recent-runs.ts';
import { runCommand } from '../harness/launch.ts';
import { Refusal, ScriptedDaemon } from '../harness/surroundings.ts';
import { raycast } from '../raycast-api/raycast.ts';

let daemon: ScriptedDaemon;

beforeEach(async () => {
  daemon = await ScriptedDaemon.start();
});

/** A daemon whose run goes through an iteration and ends as said. */
function running(end: RunRecord): void {
  daemon.script = {
    startProfile: () => {
      setTimeout(() => daemon.publish('progress', exampleProgress()), 20);
      setTimeout(
        () => daemon.publish('progress', exampleProgress({ step: { kind: 'ended', record: end } })),
        40,
      );
      return exampleRun(8, { state: 'queued' });
    },
    getRun: () => ({ record: end, samples: [] }),
  };
}

const quickly = (options: object = {}): Promise<void> =>
  runCommand('quick-profile', quickProfile, { preferences: { dataFolder: daemon.dataFolder }, ...options });

describe('Quick Profile', () => {
  test('has its progress in a toast and its result in a HUD', async () => {
    running(exampleRun(8));
    await quickly();
    expect(raycast.toasts).toHaveLength(1);
    expect(raycast.toasts[0]).toMatchObject({ isShown: false });
    expect(raycast.toasts[0]?.message).toMatch(/active 161 MB · peak 600 MB/);
    expect(raycast.huds).toEqual([expect.stringMatching(/bf16: active 160\.5 MB, peak 600\.0 MB\./)]);
    await expect.poll(() => daemon.connections).toBe(0);
  });

  test('in the background it shows neither toast nor HUD, and measures all the same', async () => {
    running(exampleRun(8));
    await quickly({ launchType: 'background' });
    expect([raycast.toasts, raycast.huds]).toEqual([[], []]);
    expect(daemon.methodsAsked()).toContain('startProfile');
  });

  test('asks for what the preferences say', async () => {
    running(exampleRun(8));
    await quickly({
      preferences: {
        dataFolder: daemon.dataFolder,
        defaultModel: '4bit-bf16',
        voice: 'bf_emma',
        iterations: '30',
      },
    });
    const { parameters } = daemon.asked.find(({ method }) => method === 'startProfile') ?? {};
    expect(parameters).toEqual({ model: '4bit-bf16', voice: 'bf_emma', iterations: 30 });
  });

  test('of another engine asks for it, and names it in the result', async () => {
    running(exampleRun(8, { workload: { engine: 'mlx-audio' } }));
    await quickly({ preferences: { dataFolder: daemon.dataFolder, engine: 'mlx-audio' } });
    expect(daemon.parametersOf('startProfile')).toMatchObject({ engine: 'mlx-audio' });
    expect(raycast.huds).toEqual([expect.stringMatching(/bf16 · mlx-audio: active/)]);
  });

  test('a run can be cancelled from its toast', async () => {
    running(exampleRun(8));
    let cancelled: unknown;
    daemon.script = { ...daemon.script, cancel: (parameters) => ((cancelled = parameters), exampleRun(8)) };
    await quickly();
    const action = raycast.toasts[0]?.primaryAction;
    expect(action?.title).toBe('Cancel Run');
    action?.onAction(undefined);
    await expect.poll(() => cancelled).toEqual({ runId: 8 });
  });

  test('a host that crashed is told in the toast, with the way to the run', async () => {
    running(exampleInterruptedRun(8));
    await quickly();
    expect(raycast.toasts[0]).toMatchObject({
      style: 'FAILURE',
      title: 'The Model Host Crashed',
      isShown: true,
    });
    raycast.toasts[0]?.primaryAction?.onAction(undefined);
    await expect.poll(() => raycast.launches.map(({ name }) => name)).toContain('runs');
    expect(raycast.huds).toEqual([]);
  });

  test.each([
    [
      'a busy daemon',
      new Refusal('busy', 'The queue is full.', 'Wait for a run to end.'),
      'The Daemon Is Busy',
    ],
    [
      'a model that cannot be fetched',
      new Refusal('network', 'The hub is not reached.'),
      'The Model Could Not Be Downloaded',
    ],
  ])('%s is told in the toast', async (_name, refusal, title) => {
    daemon.script = {
      startProfile: () => {
        throw refusal;
      },
    };
    await quickly();
    expect(raycast.toasts[0]).toMatchObject({ style: 'FAILURE', title });
    expect(raycast.toasts[0]?.message).toContain(refusal.message);
  });

  test('no daemon is told in the toast, and in silence in the background', async () => {
    await daemon.stop();
    await quickly();
    expect(raycast.toasts[0]).toMatchObject({ style: 'FAILURE', title: 'Tidemark Is Not Set Up' });
    await quickly({ launchType: 'background' });
    expect(raycast.toasts).toEqual([]);
  });
});

describe('the AI tools', () => {
  beforeEach(() => raycast.restart({ preferences: { dataFolder: daemon.dataFolder } }));

  test('tell what the last leak check found, and which alerts are open', async () => {
    daemon.script = {
      status: () => exampleStatus(),
      listAlerts: () => ({ alerts: [exampleAlert({ state: 'open' })] }),
      getRun: () => ({ record: exampleRun(7), samples: [] }),
    };
    expect(await lastLeakCheck()).toMatch(/bf16[\s\S]*no leak[\s\S]*above its baseline/i);
  });

  test('tell the memory of now, with its moment', async () => {
    daemon.script = { status: () => exampleStatus() };
    expect(await memoryNow()).toMatch(/160\.5 MB[\s\S]*600\.0 MB/);
  });

  test('list recent runs', async () => {
    daemon.script = { listRuns: () => ({ runs: [exampleRun(7), exampleInterruptedRun(6)], total: 2 }) };
    expect(await (recentRuns as (input: object) => Promise<string>)({})).toMatch(/bf16[\s\S]*interrupted/i);
  });

  test('say in a sentence that no daemon runs', async () => {
    await daemon.stop();
    for (const tool of [lastLeakCheck, memoryNow, recentRuns as (input: object) => Promise<string>]) {
      expect(await tool({})).toMatch(/Not Set Up/);
    }
  });
});
