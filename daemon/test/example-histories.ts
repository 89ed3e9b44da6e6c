/** Histories for tests, and runs that go into them as the daemon would put them there. */

import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { ImportResult } from '@tidemark/shared/protocol/daemon/methods.ts';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import type { ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openHistory } from '../src/history/history.ts';
import type { NewAlert } from '../src/history/alerts.ts';
import type { History } from '../src/history/history.ts';
import type { RunHead } from '../src/history/rebuild.ts';
import type { NewRun, RunEnd } from '../src/history/runs.ts';

/** A clock that goes on by a second whenever it is asked. */
export function steppingClock(start = '2026-03-01T10:00:00.000Z'): () => Date {
  let now = Date.parse(start);
  return () => {
    now += 1000;
    return new Date(now);
  };
}

/** Runs `body` with a new history in a folder of its own. */
export function withHistory<Result>(
  body: (history: History, folder: string) => Result,
  now: () => Date = steppingClock(),
): Result {
  const folder = temporaryFolder();
  using history = openHistory(folder, { now }).history;
  return body(history, folder);
}

/** Brings a whole export in. */
export function importLines(history: History, lines: Iterable<string>): ImportResult {
  const taking = history.beginImport();
  for (const line of lines) {
    taking.take(line);
  }
  return taking.end();
}

export const exampleRun = (changes: Partial<NewRun> = {}): NewRun => ({
  kind: 'profile',
  trigger: { kind: 'request', client: 'cli' },
  models: ['bf16'],
  voice: 'af_heart',
  text: 'Hello.',
  iterations: 5,
  warmupIterations: 1,
  request: { kind: 'profile', parameters: { model: 'bf16', iterations: 5 } },
  ...changes,
});

/** Of {@link exampleProfile}, with its five iterations. */
export function exampleHead(changes: Partial<RunHead> = {}): RunHead {
  const { model, device, versions, settings, load } = exampleProfile();
  return { model, device, versions, settings, load, hostInstance: 'host-1', ...changes };
}

/** A running run, with the warm-up and this many measured samples. */
export function runAtWork(history: History, measured = 3, changes: Partial<NewRun> = {}): RunRecord {
  const { id } = history.runs.add(exampleRun(changes));
  history.runs.begin(id);
  history.runs.noteHead(id, exampleHead());
  for (let index = 0; index <= measured; index += 1) {
    history.runs.addSample(id, exampleSample(index), index === 0 ? 'warm-up' : 'measured', 'bf16');
  }
  return history.runs.get(id) ?? never();
}

export interface FinishedRun {
  readonly run?: Partial<NewRun>;
  readonly document?: ProfileDocument;
  readonly hostInstance?: string;
  readonly end?: Partial<RunEnd>;
}

/** A run that came to its end. */
export function finishedRun(
  history: History,
  { run = {}, document = exampleProfile(), hostInstance = 'host-1', end = {} }: FinishedRun = {},
): RunRecord {
  const { model, device, versions, settings, load, iterations } = document;
  const { id } = history.runs.add(exampleRun(run));
  history.runs.begin(id);
  history.runs.noteHead(id, { model, device, versions, settings, load, hostInstance });
  for (const sample of iterations) {
    history.runs.addSample(id, sample, sample.warmup ? 'warm-up' : 'measured', model.name);
  }
  return history.runs.finish(id, { state: 'complete', document, ...end });
}

export const scheduleTrigger = (scheduleId: number) => ({
  kind: 'schedule' as const,
  scheduleId,
  scheduleName: 'Nightly',
});

export const exampleSchedule = (changes: Partial<ScheduleSettings> = {}): ScheduleSettings => ({
  name: 'Nightly',
  timing: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Europe/Berlin' },
  model: 'bf16',
  voice: 'af_heart',
  iterations: 15,
  warmupIterations: 1,
  jitterSeconds: 60,
  skipOnBattery: true,
  skipInLowPowerMode: true,
  paused: false,
  ...changes,
});

export const exampleAlert = (changes: Partial<NewAlert> = {}): NewAlert => ({
  kind: 'peak',
  scheduleId: 1,
  scheduleName: 'Nightly',
  model: 'bf16',
  state: 'open',
  raisedAt: '2026-03-01T03:10:00.000Z',
  reason: 'The peak is 10% above its level.',
  hint: 'Compare the runs.',
  baseline: 600_000_000,
  observed: 660_000_000,
  runIds: [],
  ...changes,
});

function never(): never {
  throw new Error('what was just written is not there');
}
