/** What is said of a schedule whose checks are further apart than a host idles. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schedule, ScheduleTiming } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { idleWords } from './schedule-report.ts';

const now = new Date('2026-11-24T12:00:00Z');

const scheduleOf = (timing: ScheduleTiming): Schedule => ({
  id: 1,
  name: 'nightly',
  timing,
  model: 'bf16',
  voice: 'af_heart',
  iterations: 15,
  warmupIterations: 1,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
  paused: false,
  createdAt: now.toISOString(),
});

const nightly = scheduleOf({ kind: 'cron', expression: '0 3 * * *', timeZone: 'Europe/Berlin' });

test('checks that are further apart than a host idles each have a fresh one, which is said', () => {
  assert.match(
    idleWords(nightly, 900, now) ?? '',
    /unloaded after 15m\. .* `tidemark settings set idle-unload never`/,
  );
  assert.ok(idleWords(scheduleOf({ kind: 'every', seconds: 3600 }), 3599, now) !== undefined);
});

test('nothing is said where the host lives on between checks', () => {
  assert.equal(idleWords(nightly, 0, now), undefined);
  assert.equal(idleWords(nightly, 86_400, now), undefined);
  assert.equal(idleWords(scheduleOf({ kind: 'every', seconds: 600 }), 900, now), undefined);
});

test('nothing is said of a schedule that is never due', () => {
  assert.equal(idleWords(scheduleOf({ kind: 'cron', expression: '0 0 30 2 *' }), 900, now), undefined);
});
