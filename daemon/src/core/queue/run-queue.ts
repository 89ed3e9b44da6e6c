/** Runs one thing at a time, in the order of the requests, and records it in the history. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { askedWhere } from '@tidemark/shared/format/client-words.ts';
import type { DaemonStatus, HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { RunProgress, RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { RunRecord, RunState, Trigger } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { runRequest } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { RunRequest } from '@tidemark/shared/protocol/daemon/methods.ts';
import { letGo, soon } from '../../background.ts';
import type { History } from '../../history/history.ts';
import type { KnownRun, RunEnd } from '../../history/runs.ts';
import { defined } from '../../history/rows.ts';
import { checked, clauseOf, isOfRow, Refusal } from '../../history/unreadable.ts';
import type { Interruption } from '../../interruption.ts';
import type { Log } from '../../logging/log.ts';
import { checkNames } from '../../models/voices.ts';
import type { Notices } from '../notices.ts';
import { engineRequestsOf } from '../../profiler/settings.ts';
import { workloadOf } from '../../profiler/workload.ts';
import { loopOf, measureRun, modelsOf } from './measure-run.ts';
import { RequestedLoad } from './requested-load.ts';
import type { LoadOptions } from './requested-load.ts';
import { Cancellation, endOfDocument, endOfError } from './run-outcome.ts';
import { RunRecorder } from './run-recorder.ts';

export interface RunQueueOptions extends LoadOptions {
  readonly history: History;
  readonly notices: Notices;
  readonly log: Log;
  readonly onProgress: (progress: RunProgress) => void;
  /** A run has ended and is in the history. */
  readonly onEnded: (record: RunRecord) => void;
}

export interface Waiting extends KnownRun {
  readonly request: RunRequest;
}

interface Running {
  record: RunRecord;
  progress?: RunProgress;
  /** Iterations of confirmation runs, which come on top of those that were requested. */
  confirming: number;
  readonly controller: AbortController;
  /** How it ended, once it did; then it stays the running one until that is saved. */
  end?: RunEnd;
  /** Its record, marked where its end is not saved yet. */
  readonly ended: PromiseWithResolvers<RunRecord>;
  /** When it is saved, or the daemon has stopped. */
  readonly settled: PromiseWithResolvers<undefined>;
}

/** More than a person queues; a client that misbehaves is refused. */
const longestQueue = 100;

/** Notices about runs that cannot be started; the log names all of them. */
const mostTold = 10;

export class RunQueue {
  readonly #options: RunQueueOptions;
  #waiting: Waiting[] = [];
  #running: Running | undefined;
  /** A model that is being loaded on request uses the host like a run. */
  readonly #requested: RequestedLoad;
  #isStopping = false;
  readonly #recorder: RunRecorder;

  constructor(options: RunQueueOptions) {
    this.#options = options;
    this.#recorder = new RunRecorder(options);
    this.#requested = new RequestedLoad(options);
  }

  get isBusy(): boolean {
    return this.#running !== undefined || this.#waiting.length > 0 || this.#requested.isUnderWay;
  }

  current(): DaemonStatus['current'] {
    return this.#running && { record: this.#running.record, progress: this.#running.progress };
  }

  queued(): RunRecord[] {
    return this.#waiting.map(({ record }) => record);
  }

  /**
   * Puts a run into the history and the queue. Throws 'unknown-model' and 'unknown-voice' for names that cannot be right, 'busy'
   * for a full queue, 'shutting-down', and what the history throws: then there is no run.
   */
  add(request: RunRequest, trigger: Trigger): RunRecord {
    this.#refuseWhileStopping();
    if (this.#waiting.length >= longestQueue) {
      throw new TidemarkError('busy', `The queue is full: ${longestQueue} runs are queued.`, {
        hint: 'Cancel some of them, or wait until some have ended.',
      });
    }
    const models = modelsOf(request);
    const loop = loopOf(request.parameters);
    const { voice, text, iterations, warmupIterations } = loop;
    const engines = engineRequestsOf(request.parameters).map(({ engine = 'tidemark' }) => engine);
    const workload = workloadOf({ ...loop, engines });
    checkNames(models, voice);
    const record = this.#options.history.runs.add({
      kind: request.kind,
      trigger,
      models: [...models],
      voice,
      text,
      workload,
      iterations,
      warmupIterations,
      request,
    });
    this.#options.notices.clear('history');
    this.#enqueue({ record, request });
    return record;
  }

  /** Of runs that were queued when the previous daemon ended. One whose request cannot be read has failed. */
  requestsOf(records: readonly RunRecord[]): Waiting[] {
    const { log, notices } = this.#options;
    let told = 0;
    return records.flatMap((record) => {
      try {
        return [{ record, request: this.#storedRequest(record.id) }];
      } catch (error) {
        if (!isOfRow(error)) {
          throw error;
        }
        const { id } = record;
        const what = error instanceof Error ? error.message : String(error);
        const reason = `What was requested cannot be read: ${clauseOf(what)}.`;
        log.error({ run: id, error }, `Run #${id} was queued and cannot be started.`);
        const hint = `Request it again; delete this one with \`tidemark runs delete ${id}\`.`;
        this.#recorder.keep(() => this.#options.history.runs.finish(id, { state: 'failed', reason }));
        told += 1;
        if (told <= mostTold) {
          notices.set(`request-${id}`, `Run #${id} was queued and cannot be started. ${reason}`, hint);
        }
        return [];
      }
    });
  }

  /** Queues them. */
  resume(waiting: readonly Waiting[]): void {
    for (const each of waiting) {
      this.#enqueue(each);
    }
  }

  #storedRequest(id: number): RunRequest {
    const request = this.#options.history.runs.request(id);
    if (request === undefined) {
      throw new Refusal('It is not in the history.');
    }
    return checked(runRequest, request);
  }

  /**
   * Cancels a queued or running run, and returns it as it ended. Throws 'not-found', 'busy' for one that has ended, and for a
   * queued one what the history throws: then it is still queued.
   */
  async cancel(id: number, by: string): Promise<RunRecord> {
    const reason = `Canceled ${askedWhere(by)}.`;
    if (this.#running?.record.id === id) {
      const { controller, ended, end } = this.#running;
      if (end !== undefined) {
        throw alreadyEnded(id, end.state);
      }
      controller.abort(new Cancellation(reason));
      return await ended.promise;
    }
    const waiting = this.#waiting.find(({ record }) => record.id === id);
    if (waiting === undefined) {
      throw alreadyEnded(id, this.#options.history.runs.need(id).state);
    }
    const record = this.#recorder.finish(waiting, { state: 'cancelled', reason });
    this.#waiting = this.#waiting.filter((each) => each !== waiting);
    this.#tellEnd(record);
    return record;
  }

  /**
   * Loads a model into the held host, outside of any run. Throws 'busy' while anything is running or queued, and 'interrupted'
   * where {@link unload} cancels it.
   */
  async load(model: string, voice: string): Promise<HostStatus> {
    this.#refuseWhileStopping();
    if (this.isBusy) {
      throw new TidemarkError('busy', 'A run is in progress, so another model cannot be loaded.', {
        hint: 'Wait until it has ended, or cancel it.',
      });
    }
    checkNames([model], voice);
    return await this.#requested.load(model, voice, () => this.#next());
  }

  /** As {@link RequestedLoad.unload}. */
  unload(by: string): Promise<HostStatus> {
    return this.#requested.unload(by);
  }

  /** Starts nothing more and stops what is running; the next daemon takes over what is queued. */
  async stop(interruption: Interruption): Promise<void> {
    this.#isStopping = true;
    this.#waiting = [];
    this.#recorder.stop();
    this.#requested.stop(interruption);
    this.#running?.controller.abort(interruption);
    await this.#running?.settled.promise;
  }

  #refuseWhileStopping(): void {
    if (this.#isStopping) {
      throw new TidemarkError('shutting-down', 'The daemon is shutting down and accepts no more work.', {
        hint: 'Try again when it is running again.',
      });
    }
  }

  #enqueue(waiting: Waiting): void {
    const ahead = this.#waiting.length + (this.#running === undefined ? 0 : 1);
    this.#waiting.push(waiting);
    if (ahead > 0) {
      this.#options.onProgress(progressOf(waiting.record, { kind: 'queued', ahead }));
    }
    this.#options.onChange();
    // Not at once: whoever asked is to have the run's number before its first event.
    soon('starting the next run', () => this.#next());
  }

  #next(): void {
    if (this.#running !== undefined || this.#requested.isUnderWay || this.#isStopping) {
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#begin(next);
    }
  }

  #begin({ record, request }: Waiting): void {
    const at = new Date();
    const begun = this.#recorder.keep(() => this.#options.history.runs.begin(record.id, at)) ?? {
      ...record,
      state: 'running' as const,
      startedAt: at.toISOString(),
    };
    const from = performance.now();
    const running: Running = {
      record: begun,
      confirming: 0,
      controller: new AbortController(),
      ended: Promise.withResolvers(),
      settled: Promise.withResolvers(),
    };
    this.#running = running;
    this.#options.log.info({ run: record.id, models: record.models }, `Run #${record.id} started.`);
    const settled = this.#work(request, running)
      .then((end) => this.#settle(running, request, { ...end, seconds: (performance.now() - from) / 1000 }))
      .finally(() => {
        this.#running = undefined;
        running.settled.resolve(undefined);
        this.#next();
      });
    letGo('ending a run', settled);
  }

  /**
   * Tells a run's end when it is on the disk. Until then nothing else begins, since its end could not be kept either; where
   * the daemon stops first, the next one finds a run that was interrupted.
   */
  async #settle(running: Running, request: RunRequest, end: RunEnd): Promise<void> {
    const { log } = this.#options;
    const { state, reason, signal, error } = end;
    const { id } = running.record;
    const ended = {
      ...running.record,
      ...defined({ state, reason, signal, error }),
      endedAt: new Date().toISOString(),
      unsaved: true as const,
    };
    running.end = end;
    const saved = await this.#recorder.end({ record: running.record, request }, end, (why) => {
      this.#onStep(running, {
        kind: 'trouble',
        what: `Run #${id} has ended, but it cannot be saved yet.`,
        error: why,
      });
      running.ended.resolve(ended);
    });
    this.#running = undefined;
    if (saved === undefined) {
      log.error(
        { run: id, state, reason },
        `Run #${id} ended: ${state}, but the daemon stopped before that could be saved.`,
      );
      const lost = {
        ...ended,
        state: 'interrupted' as const,
        reason: 'The daemon was stopped before the end of the run could be saved.',
      };
      this.#options.onProgress(progressOf(lost, { kind: 'ended', record: lost }));
      running.ended.resolve(lost);
      return;
    }
    log.info({ run: id, state, reason }, `Run #${id} ended: ${state}.`);
    // Whatever becomes of the news, whoever waits for the end has it.
    running.ended.resolve(saved);
    this.#tellEnd(saved, id);
  }

  /** Never throws: whatever happens is how the run ended. */
  async #work(request: RunRequest, running: Running): Promise<RunEnd> {
    const { dataFolder, held, settings, history, silenceSeconds } = this.#options;
    const { signal } = running.controller;
    try {
      const document = await measureRun(request, {
        dataFolder,
        held,
        settings,
        signal,
        silenceSeconds,
        onStep: (step) => this.#onStep(running, step),
        onHead: (head) => {
          const at = new Date();
          this.#recorder.keep(() => history.runs.noteHead(running.record.id, head, at));
        },
      });
      return endOfDocument(document, signal);
    } catch (error) {
      return endOfError(error, signal);
    }
  }

  #onStep(running: Running, step: RunStep): void {
    const { record } = running;
    if (step.kind === 'iteration') {
      const { sample, phase, model } = step;
      running.record = { ...record, samplesTaken: record.samplesTaken + 1 };
      const at = new Date();
      this.#recorder.keep(() => this.#options.history.runs.addSample(record.id, sample, phase, model, at));
    }
    if (step.kind === 'confirming') {
      running.confirming += step.iterations;
    }
    running.progress = progressOf(running.record, step, running.confirming);
    this.#options.onProgress(running.progress);
    this.#options.onChange();
  }

  /** `runId` is the number that it was followed by; it has another where another history is in the place of its own. */
  #tellEnd(record: RunRecord, runId = record.id): void {
    this.#options.onProgress({ ...progressOf(record, { kind: 'ended', record }), runId });
    this.#options.onEnded(record);
    this.#options.onChange();
  }
}

const alreadyEnded = (id: number, state: RunState): TidemarkError =>
  new TidemarkError('busy', `Run #${id} has already ended (${state === 'cancelled' ? 'canceled' : state}).`);

/** A step of a run with how far the run is; `confirming` iterations come on top of those that were requested. */
function progressOf(record: RunRecord, step: RunStep, confirming = 0): RunProgress {
  const { id, kind, samplesTaken, iterations, warmupIterations, models, workload } = record;
  const loops = models.length * (workload?.engines?.length ?? 1);
  const planned = (iterations + warmupIterations) * loops + confirming;
  return {
    runId: id,
    runKind: kind,
    at: new Date().toISOString(),
    done: samplesTaken,
    total: Math.max(samplesTaken, planned),
    step,
  };
}
