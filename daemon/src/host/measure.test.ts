/** One measured piece of work: its peak, what it leaves, and what the collector has to find. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { memorySnapshot, setCacheLimit } from '../mlx/memory.ts';
import { add, contiguous, full } from '../mlx/ops.ts';
import { evaluate, scope } from '../mlx/scope.ts';
import { liveTensors, undisposedTensors } from '../mlx/tensor.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { measure, processFigures, settle, settledFootprint } from './measure.ts';
import { findPython } from './python-environment.ts';
import { pythonEntry } from './transport.ts';

// What `--expose-gc` does for a host.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;

const mebibyte = 2 ** 20;

/** A tensor of so many MiB, in memory. */
function allocate(mebibytes: number): Tensor {
  const tensor = scope(() => contiguous(full([(mebibytes * mebibyte) / 4], 1)));
  evaluate(tensor);
  return tensor;
}

test('the peak is what was active at once, and nothing is left of work that frees what it makes', async () => {
  using held = allocate(1);
  const measured = await measure(() => {
    using first = allocate(2);
    using second = allocate(3);
    return first.nbytes + second.nbytes;
  });
  assert.equal(measured.result, 5 * mebibyte);
  assert.equal(measured.activeBytes, measured.activeBeforeBytes);
  assert.equal(measured.activeBeforeBytes, held.nbytes);
  const transient = measured.peakBytes - measured.activeBeforeBytes;
  // Making ones takes a scalar or so beside them.
  assert.ok(transient >= 5 * mebibyte && transient < 5.1 * mebibyte, `${transient} bytes`);
});

test('a peak of earlier work does not count', async () => {
  allocate(64).dispose();
  const { peakBytes } = await measure(() => allocate(1).dispose());
  assert.ok(peakBytes < 2 * mebibyte, `${peakBytes} bytes`);
});

test('the peak of work that allocates nothing is what was active', async () => {
  using held = allocate(4);
  const { peakBytes, activeBeforeBytes } = await measure(() => undefined);
  assert.equal(peakBytes, activeBeforeBytes);
  assert.equal(activeBeforeBytes, held.nbytes);
});

test('a tensor that work keeps shows as growth, to the byte', async () => {
  const kept: Tensor[] = [];
  const { activeBytes, activeBeforeBytes } = await measure(() => {
    kept.push(allocate(1));
  });
  assert.equal(activeBytes - activeBeforeBytes, mebibyte);
  kept.forEach((tensor) => tensor.dispose());
});

test('a tensor that is dropped without being disposed of is freed by the collector, and counted', async () => {
  const [liveBefore, undisposedBefore] = [liveTensors(), undisposedTensors()];
  const { activeBytes, activeBeforeBytes } = await measure(() => {
    allocate(1);
  });
  assert.equal(activeBytes, activeBeforeBytes);
  assert.equal(liveTensors(), liveBefore);
  assert.equal(undisposedTensors() - undisposedBefore, 1);
});

test('the cache is read before it is cleared, and clear when the work begins', async () => {
  const previous = setCacheLimit(64 * mebibyte);
  const { cacheBytes } = await measure(() => allocate(8).dispose());
  assert.ok(cacheBytes >= 8 * mebibyte, `${cacheBytes} bytes`);
  assert.equal(memorySnapshot().cacheBytes, 0);
  setCacheLimit(previous);
});

test('work that throws is not hidden', async () => {
  const failing = measure(() => {
    throw new Error('no such layer');
  });
  await assert.rejects(failing, /no such layer/);
});

test('a process without a collector to call is refused', async () => {
  const { gc } = globalThis;
  globalThis.gc = undefined;
  await assert.rejects(settle(), /--expose-gc/);
  globalThis.gc = gc;
});

test('the figures of the process are whole numbers, and count descriptors as they are opened', async () => {
  const before = await processFigures();
  for (const [name, value] of Object.entries(before)) {
    assert.ok(Number.isSafeInteger(value) && value >= 0, `${name}: ${value as number}`);
  }
  const { open } = await import('node:fs/promises');
  const file = await open(import.meta.filename);
  assert.equal((await processFigures()).openFileDescriptors, before.openFileDescriptors + 1);
  await file.close();
  assert.equal((await processFigures()).openFileDescriptors, before.openFileDescriptors);
});

test('settling takes what is only reachable from a finalized tensor too', async () => {
  const before = memorySnapshot().activeBytes;
  for (let round = 0; round < 20; round += 1) {
    scope(() => {
      const tensor = add(full([1000], 1), round);
      evaluate(tensor);
    });
    // Dropped, never disposed of.
    allocate(1);
  }
  await settle();
  assert.equal(memorySnapshot().activeBytes, before);
});

/** A clock whose footprint is a course over milliseconds, which pass only while it is waited for. */
function scriptedClock(platform: NodeJS.Platform, course: (milliseconds: number) => number) {
  let now = 5000;
  let reads = 0;
  const clock = {
    platform,
    readBytes: () => {
      reads += 1;
      return course(now - 5000);
    },
    milliseconds: () => now,
    wait: (milliseconds: number) => Promise.resolve((now += milliseconds)),
  };
  return { clock, reads: () => reads };
}

test('on a Mac the footprint is read once it stands still, and how long that took is told', async () => {
  const falling = (until: number) => (at: number) => 300e6 + 1e5 * Math.max(0, until - at);
  const steps = (at: number): number =>
    300e6 + (at < 200 ? 3e7 : 0) + (at < 350 ? 2e7 : 0) + (at < 550 ? 1e7 : 0);
  const cases = [
    { course: () => 3e8, bytes: 300e6, seconds: 0.3 },
    { course: (at: number) => 3e8 + (at % 200 === 0 ? 0 : 12_000), bytes: 300_012_000, seconds: 0.3 },
    { course: falling(900), bytes: 300e6, seconds: 1.2 },
    { course: falling(4000), bytes: 300e6, seconds: 4.3 },
    { course: steps, bytes: 300e6, seconds: 0.9 },
  ];
  for (const { course, bytes, seconds } of cases) {
    const { clock } = scriptedClock('darwin', course);
    const { footprintBytes, footprintSeconds = NaN } = await settledFootprint(clock);
    assert.equal(footprintBytes, bytes);
    assert.ok(Math.abs(footprintSeconds - seconds) < 0.001, `${footprintSeconds}`);
  }
});

test('a footprint that never stands still is read after 6 s', async () => {
  const { clock, reads } = scriptedClock('darwin', (at) => 1e9 + 1e6 * at);
  assert.deepEqual(await settledFootprint(clock), { footprintBytes: 7e9, footprintSeconds: 6 });
  assert.equal(reads(), 61);
});

test('elsewhere the footprint is read once, without a wait', async () => {
  for (const platform of ['linux', 'freebsd'] as const) {
    const { clock, reads } = scriptedClock(platform, (at) => 1e9 - at);
    assert.deepEqual(await settledFootprint(clock), { footprintBytes: 1e9 });
    assert.equal(reads(), 1);
  }
});

const compiler = spawnSync('cc', ['--version']).status === 0;

test(
  'a host in Python asks NVIDIA’s library for this process’s bytes on all GPUs',
  { skip: process.platform !== 'linux' || !compiler },
  async () => {
    const folder = temporaryFolder();
    const source = join(folder, 'nvml.c');
    // Two GPUs with this process on both, another one on the first, and on the second an entry that the driver keeps to itself.
    writeFileSync(
      source,
      `#include <unistd.h>
       struct process { unsigned pid; unsigned long long used; unsigned gpu, compute; };
       int nvmlInit_v2(void) { return 0; }
       int nvmlDeviceGetCount_v2(unsigned* count) { *count = 2; return 0; }
       int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) { *device = (void*)(unsigned long)(index + 1); return 0; }
       int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, struct process* each) {
         const int second = device == (void*)2;
         each[0] = (struct process){getpid(), second ? 1000 : 5000000000, 0, 0};
         each[1] = (struct process){second ? getpid() : 1, second ? ~0ULL : 77, 0, 0};
         *count = 2;
         return 0;
       }`,
    );
    const made = spawnSync('cc', ['-shared', '-fPIC', '-o', join(folder, 'libnvidia-ml.so.1'), source]);
    assert.equal(made.status, 0, String(made.stderr));
    const bytes = (libraries: string): string =>
      spawnSync(
        python,
        ['-c', 'from tidemark_host.device_memory import driver_bytes; print(driver_bytes())'],
        {
          env: { ...process.env, PYTHONPATH: dirname(pythonEntry), LD_LIBRARY_PATH: libraries },
          encoding: 'utf8',
        },
      ).stdout.trim();
    const python = await findPython();
    assert.equal(bytes(folder), '5000001000');
    writeFileSync(source, 'int nvmlInit_v2(void) { return 9; }');
    spawnSync('cc', ['-shared', '-fPIC', '-o', join(folder, 'libnvidia-ml.so.1'), source]);
    assert.equal(bytes(folder), 'None');
  },
);
