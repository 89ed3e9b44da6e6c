/** What clients have a daemon do, drawn at random, and what they note of its answers in the ledger. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { DaemonError } from '@tidemark/shared/client/daemon-error.ts';
import type { Method, Parameters, Result } from '@tidemark/shared/protocol/daemon/methods.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import { command } from '../bench/daemon-under-test.ts';
import { checkOf, writeExport } from './day.ts';
import type { Models } from './day.ts';
import { scheduleKey, settingKey, settingsOf } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import type { Draws } from './random.ts';

export interface Surroundings {
  readonly home: string;
  readonly models: Models;
  readonly ledger: Ledger;
  readonly draws: Draws;
}

type Look = () => Promise<unknown>;

/** Requests that wait at the same time. No two are about the same schedule, setting or run. */
const workers = 3;

/** The codes of errors that say something of the history's state, and not of what was asked. */
const troubles: ReadonlySet<string> = new Set(['history', 'not-writable', 'internal']);

/** More would only wait longer. */
const mostOpenRuns = 5;

/** Work for one daemon over one connection. */
export class Work {
  readonly #client: DaemonClient;
  readonly #around: Surroundings;
  /** What the history's state kept from being done, as the daemon said it. */
  readonly refusals: string[] = [];
  readonly #imports = new Set<Promise<void>>();
  #isOver = false;

  private constructor(client: DaemonClient, around: Surroundings) {
    this.#client = client;
    this.#around = around;
  }

  /** Listens to everything from now on. */
  static async begin(client: DaemonClient, around: Surroundings): Promise<Work> {
    const work = new Work(client, around);
    const { ledger } = around;
    await client.subscribe('progress', ({ runId, done, step }) => {
      if (step.kind === 'ended') {
        work.#noteEnd(step.record);
      } else if (step.kind === 'iteration') {
        ledger.note({ kind: 'samples', id: runId, count: done });
      }
    });
    await client.subscribe('alerts', (alert) => ledger.note({ kind: 'alert', alert }));
    await client.subscribe('status', () => undefined);
    return work;
  }

  /** Goes on until the connection ends, for so long at most. */
  async go(milliseconds: number): Promise<void> {
    this.#isOver = false;
    const over = wait(milliseconds).then(() => (this.#isOver = true));
    void this.#client.closed.then(() => (this.#isOver = true));
    const all = Promise.all(Array.from({ length: workers }, (_, worker) => this.#worker(worker)));
    // Where a request is never answered, its time-out ends its worker.
    await Promise.race([all, this.#client.closed, Promise.all([over, all])]);
    this.#isOver = true;
    await all;
  }

  /** Has the command line import an export; `before` are words before the command. */
  import(before: readonly string[] = []): Promise<void> {
    const importing = this.#import(before);
    this.#imports.add(importing);
    return importing.finally(() => this.#imports.delete(importing));
  }

  /** Resolves when no process of an import is left. */
  async settled(): Promise<void> {
    await Promise.all(this.#imports);
  }

  async #worker(worker: number): Promise<void> {
    const { draws } = this.#around;
    const jobs = [
      () => this.#start(),
      () => this.#start(),
      () => this.#schedule(worker),
      () => this.#schedule(worker),
      () => this.#set(worker),
      () => this.#set(worker),
      () => this.#remove(worker),
      () => this.#acknowledge(worker),
      () => this.#look(),
      () => this.#check(worker),
      () => this.#cancel(worker),
    ] as const;
    while (!this.#isOver) {
      try {
        await draws.of(jobs)();
      } catch (error) {
        if (!(error instanceof DaemonError)) {
          throw error;
        }
        if (troubles.has(error.code)) {
          this.refusals.push(`${error.code}: ${error.message}`);
        }
        await wait(5);
      }
    }
  }

  #ask<M extends Method>(method: M, parameters: Parameters<M>): Promise<Result<M>> {
    return this.#client.call(method, parameters, { timeoutMilliseconds: 15_000 });
  }

  #noteRun({ id, uid }: RunRecord): void {
    this.#around.ledger.note({ kind: 'run', id, uid });
  }

  /** One that says of itself that it is not saved yet acknowledges nothing. */
  #noteEnd(record: RunRecord): void {
    if (!isOpen(record.state) && record.unsaved !== true) {
      this.#around.ledger.note({ kind: 'ended', record });
    }
  }

  async #start(): Promise<void> {
    const { ledger, draws, models } = this.#around;
    if (ledger.openRuns().length >= mostOpenRuns) {
      await wait(20);
      return;
    }
    const loop = { voice: 'af_tiny', phonemes: 'abc.', warmupIterations: draws.whole(0, 1) };
    const iterations = draws.whole(1, 3);
    this.#noteRun(
      draws.share() < 0.15
        ? await this.#ask('startStudy', { ...loop, models: [models.sound], iterations: 1, explain: false })
        : await this.#ask('startProfile', {
            ...loop,
            model: draws.share() < 0.9 ? models.sound : models.missing,
            iterations,
          }),
    );
  }

  /** A schedule's check: of a model that is not there it raises an alert, and the next one of a sound model resolves it. */
  async #check(worker: number): Promise<void> {
    const id = await this.#ownSchedule(worker);
    if (id !== undefined && this.#around.ledger.openRuns().length < mostOpenRuns) {
      this.#noteRun(await this.#ask('checkNow', { id }));
    }
  }

  async #ownSchedule(worker: number): Promise<number | undefined> {
    const { schedules } = await this.#ask('listSchedules', {});
    return this.#around.draws.maybeOf(schedules.flatMap(({ id }) => (id % workers === worker ? [id] : [])));
  }

  async #schedule(worker: number): Promise<void> {
    const { ledger, draws, models } = this.#around;
    const id = await this.#ownSchedule(worker);
    const model = draws.share() < 0.5 ? models.sound : models.missing;
    const settings = checkOf(model, `Check ${draws.whole(1, 1e6)}`, { paused: draws.share() < 0.3 });
    const act = draws.share();
    if (id === undefined || act < 0.3) {
      const schedule = await this.#ask('setSchedule', { settings });
      ledger.note({ kind: 'set', key: scheduleKey(schedule.id), value: settingsOf(schedule) });
      return;
    }
    const key = scheduleKey(id);
    if (act < 0.6) {
      ledger.note({ kind: 'asked', key, value: settingsOf(settings) });
      const schedule = await this.#ask('setSchedule', { id, settings });
      ledger.note({ kind: 'set', key, value: settingsOf(schedule) });
    } else if (act < 0.8) {
      const paused = draws.share() < 0.5;
      const before = (await this.#ask('listSchedules', {})).schedules.find((each) => each.id === id);
      if (before !== undefined) {
        const value = settingsOf({ ...before, paused });
        ledger.note({ kind: 'asked', key, value });
        await this.#ask('pauseSchedules', { id, paused });
        ledger.note({ kind: 'set', key, value });
      }
    } else {
      ledger.note({ kind: 'asked', key, value: undefined });
      await this.#ask('removeSchedule', { id });
      ledger.note({ kind: 'set', key, value: undefined });
    }
  }

  async #set(worker: number): Promise<void> {
    const { ledger, draws } = this.#around;
    const change = [
      { idleUnloadSeconds: draws.whole(60, 900) },
      { hostTimeoutSeconds: draws.whole(60, 900) },
      draws.of([{ retentionRuns: draws.whole(320, 640) }, { retentionDays: draws.whole(2, 400) }]),
    ][worker] as DaemonSettingsChange;
    const [[name, value] = ['', 0]] = Object.entries(change);
    const key = settingKey(name as keyof DaemonSettingsChange);
    ledger.note({ kind: 'asked', key, value });
    await this.#ask('setSettings', change);
    ledger.note({ kind: 'set', key, value });
  }

  async #remove(worker: number): Promise<void> {
    const { ledger, draws } = this.#around;
    const id = draws.maybeOf(ledger.endedRuns().filter((each) => each % workers === worker));
    if (id !== undefined) {
      ledger.note({ kind: 'removing', id });
      await this.#ask('deleteRun', { runId: id });
      ledger.note({ kind: 'removed', id });
    }
  }

  async #acknowledge(worker: number): Promise<void> {
    const { alerts } = await this.#ask('listAlerts', {});
    const alert = this.#around.draws.maybeOf(alerts.filter(({ id }) => id % workers === worker));
    if (alert !== undefined) {
      const { alerts: now } = await this.#ask('acknowledgeAlerts', { id: alert.id });
      now.forEach((each) => this.#around.ledger.note({ kind: 'alert', alert: each }));
    }
  }

  async #cancel(worker: number): Promise<void> {
    const { ledger, draws } = this.#around;
    const id = draws.maybeOf(ledger.openRuns().filter((each) => each % workers === worker));
    if (id !== undefined && draws.share() < 0.3) {
      this.#noteEnd(await this.#ask('cancel', { runId: id }));
    } else {
      await wait(30);
    }
  }

  async #look(): Promise<void> {
    const { ledger, draws } = this.#around;
    const [baselineId, runId] = [draws.maybeOf(ledger.endedRuns()), draws.maybeOf(ledger.endedRuns())];
    const looks: readonly [Look, ...Look[]] = [
      () => this.#ask('listRuns', { limit: 50, search: 'tiny complete' }),
      () => this.#ask('getRun', { runId: runId ?? 1 }),
      () => this.#ask('compareRuns', { baselineId: baselineId ?? 1, runId: runId ?? 1 }),
      () => this.#ask('status', {}),
      () => this.#ask('unload', {}),
    ];
    await draws.of(looks)();
  }

  async #import(before: readonly string[]): Promise<void> {
    const { home, ledger, draws } = this.#around;
    const file = join(home, `import-${draws.whole(0, 1e9)}.jsonl`);
    const uids = writeExport(file, draws.whole(3, 25));
    const words: string[] = [...before, command, 'runs', 'import', file, '--json'];
    const [first = command, ...rest] = words;
    const child = spawn(first, rest, {
      env: { ...process.env, TIDEMARK_HOME: home },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) {
      ledger.note({ kind: 'imported', uids });
    } else {
      this.refusals.push(`import: ${said.trim()}`);
    }
    rmSync(file, { force: true });
  }
}
