/** Faults of work that nobody awaits: who hears of them. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { every, guarded, later, letGo, listenForFaults, soon, whenAborted } from './background.ts';

interface Heard {
  readonly faults: string[];
  readonly recovered: string[];
}

function hear(): Heard & Disposable {
  const faults: string[] = [];
  const recovered: string[] = [];
  const listening = listenForFaults({
    failed: (what, error) =>
      faults.push(`${what}: ${error instanceof Error ? error.message : String(error)}`),
    recovered: (what) => recovered.push(what),
  });
  return { faults, recovered, [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

const fail = (): never => {
  throw new Error('broken');
};

test('a fault of every kind of work in the background is heard, and ends nothing', async () => {
  using heard = hear();
  const emitter = new EventEmitter();
  const aborting = new AbortController();
  const beat = every('beating', 1, fail);
  later('waiting', 1, () => Promise.reject(new Error('broken')));
  soon('going on', fail);
  letGo('hoping', Promise.reject(new Error('broken')));
  emitter.on('news', guarded('listening', fail));
  emitter.emit('news');
  whenAborted(aborting.signal, 'leaving', fail);
  aborting.abort();
  whenAborted(aborting.signal, 'coming late', fail);
  await delay(50);
  clearInterval(beat);
  assert.deepEqual(
    [...new Set(heard.faults)].sort(),
    ['beating', 'coming late', 'going on', 'hoping', 'leaving', 'listening', 'waiting'].map(
      (what) => `${what}: broken`,
    ),
  );
  assert.ok(heard.faults.filter((fault) => fault.startsWith('beating')).length > 1, 'a timer goes on');
});

test('what succeeds after it has failed is told, once', () => {
  using heard = hear();
  let isBroken = true;
  const work = guarded('working', () => (isBroken ? fail() : undefined));
  work();
  isBroken = false;
  work();
  work();
  assert.deepEqual(heard.recovered, ['working']);
});

test('where nobody hears of it, a fault comes out as it is', () => {
  assert.throws(guarded('working', fail), /broken/);
});
