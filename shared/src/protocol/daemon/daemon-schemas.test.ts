/** The schemas of what the daemon says: what they take, and that they take nothing that is wrong in any one place. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { mutationsOf } from '../../../test/mutations.ts';
import { alert, schedule } from './schedule.ts';
import {
  exampleAlert,
  exampleInterruptedRun,
  exampleProgress,
  exampleRun,
  exampleSchedule,
  exampleSettings,
  exampleStatus,
  exampleSteps,
} from '../../../test/example-messages.ts';
import { runProgress } from './run-progress.ts';
import { isOpen, runRecord, runStates } from './run-record.ts';
import { daemonSettings } from './settings.ts';
import { daemonStatus } from './status.ts';

/**
 * Checks that a document passes, also after a trip through JSON, and that no mutation of it does but those that remove what
 * is `optional` by its path, where a star stands for any place of an array.
 */
function checkSchema(schema: v.GenericSchema, document: unknown, optional: readonly string[]): void {
  assert.deepEqual(v.parse(schema, document), document);
  assert.deepEqual(v.parse(schema, JSON.parse(JSON.stringify(document))), document);
  const passed = [...mutationsOf(document)]
    .filter(({ document: mutated }) => v.safeParse(schema, mutated).success)
    .map(({ path, kind }) => `${path.replaceAll(/\.\d+(?=\.|$)/g, '.*')} ${kind}`);
  const expected = optional.map((path) => `${path} removed`);
  assert.deepEqual([...new Set(passed)].toSorted(), expected.toSorted());
}

const runOptional = ['text', 'voice', 'startedAt', 'endedAt', 'seconds', 'figures', 'leak', 'finding'];
const alertOptional = ['acknowledgedAt', 'resolvedAt', 'baseline', 'observed'];

const within = (place: string, paths: readonly string[]): string[] => paths.map((path) => `${place}.${path}`);

test('a run that is complete passes', () => checkSchema(runRecord, exampleRun(), runOptional));

test('a run that was interrupted passes with its reason, its signal and its error', () =>
  checkSchema(runRecord, exampleInterruptedRun(), [
    ...runOptional,
    'reason',
    'signal',
    'error',
    'error.hint',
  ]));

test('a run that was brought in passes without anything that only the daemon knows', () => {
  const { id, uid, kind, state, models, iterations, warmupIterations, samplesTaken, queuedAt } = exampleRun();
  const bare = { id, uid, kind, state, models, iterations, warmupIterations, samplesTaken, queuedAt };
  checkSchema(runRecord, { ...bare, trigger: { kind: 'import' } }, []);
});

test('only queued and running runs are open', () => {
  assert.deepEqual(runStates.filter(isOpen), ['queued', 'running']);
});

for (const step of exampleSteps) {
  test(`progress at the step "${step.kind}" passes`, () => {
    const optional = {
      queued: [],
      preparing: ['fraction'],
      model: [],
      loading: [],
      loaded: [],
      iteration: [],
      confirming: [],
      attributing: [],
      intervention: ['name'],
      trouble: ['error.hint'],
      ended: within('record', runOptional),
    }[step.kind];
    checkSchema(runProgress, exampleProgress({ step }), within('step', optional));
  });
}

test('an alert passes', () => checkSchema(alert, exampleAlert(), alertOptional));

test('a schedule passes by cron and by interval', () => {
  const optional = ['text', 'nextAt', 'lastRunId', 'lastRunAt', 'lastSkip'];
  checkSchema(schedule, exampleSchedule(), [...optional, 'timing.timeZone']);
  checkSchema(schedule, exampleSchedule({ timing: { kind: 'every', seconds: 3600 } }), optional);
});

test('the settings pass', () => checkSchema(daemonSettings, exampleSettings(), []));

test('a status passes with everything, and with nothing going on', () => {
  checkSchema(daemonStatus, exampleStatus(), [
    'daemon.logFile',
    ...within('host', ['pid', 'model', 'voice', 'loadedAt', 'unloadsAt', 'memory', 'lastDeath']),
    'host.lastDeath.signal',
    'current',
    'current.progress',
    ...within('current.record', runOptional),
    ...within('queued.*', runOptional),
    'schedules.next',
    'alerts.latest',
    ...within('alerts.latest', alertOptional),
    'lastCheck',
    'lastCheck.leak',
    'lastCheck.finding',
    'recentPeaksOf',
    'recentPeaksOf.text',
    'notices.*.hint',
  ]);
  const { current, lastCheck, recentPeaksOf, ...rest } = exampleStatus();
  assert.ok(current);
  assert.ok(lastCheck);
  assert.ok(recentPeaksOf);
  const idle = {
    ...rest,
    host: { state: 'none', deaths: 0 },
    queued: [],
    schedules: { count: 0, paused: true },
    alerts: { open: 0, acknowledged: 0 },
    recentPeaks: [],
    notices: [],
  };
  checkSchema(daemonStatus, idle, ['daemon.logFile']);
});

test('what a newer daemon says beside what is known is left out, and no error', () => {
  assert.deepEqual(v.parse(runRecord, { ...exampleRun(), colour: 'blue' }), exampleRun());
  const status = exampleStatus();
  assert.deepEqual(
    v.parse(daemonStatus, { ...status, host: { ...status.host, threads: 4 }, weather: {} }),
    status,
  );
});
