/** Turns what a run's engine tells into steps for subscribers, and counts how far it is. */

import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import type { RunProgress, RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ModelProgress } from '../../models/progress.ts';
import type { StudyEvent } from '../../profiler/study.ts';

type Phase = Extract<RunStep, { kind: 'iteration' }>['phase'];

export interface TrackerOptions {
  readonly record: RunRecord;
  readonly onProgress: (progress: RunProgress) => void;
  /** Each sample, once. */
  readonly onSample: (sample: IterationSample, phase: Phase, model: string) => void;
}

export class RunTracker {
  readonly #options: TrackerOptions;
  readonly #ofEachModel: number;
  #model: string;
  #done = 0;
  #total: number;
  #confirmations = 0;
  #interventions = 0;
  #latest: RunProgress | undefined;

  constructor(options: TrackerOptions) {
    const { models, iterations, warmupIterations } = options.record;
    this.#options = options;
    this.#model = models[0] ?? '';
    this.#ofEachModel = iterations + warmupIterations;
    this.#total = this.#ofEachModel * models.length;
  }

  get latest(): RunProgress | undefined {
    return this.#latest;
  }

  step(step: RunStep): void {
    const { id, kind } = this.#options.record;
    this.#latest = {
      runId: id,
      runKind: kind,
      at: new Date().toISOString(),
      done: this.#done,
      total: this.#total,
      step,
    };
    this.#options.onProgress(this.#latest);
  }

  preparing(progress: ModelProgress): void {
    switch (progress.kind) {
      case 'note':
        this.step({ kind: 'preparing', message: progress.message });
        break;
      case 'building':
        this.step({
          kind: 'preparing',
          message: `Building ${progress.model}`,
          fraction: fractionOf(progress.writtenBytes, progress.totalBytes),
        });
        break;
      case 'downloading':
        this.step({
          kind: 'preparing',
          message: `Downloading ${progress.repository} ${progress.file}`,
          fraction: fractionOf(progress.receivedBytes, progress.totalBytes),
        });
        break;
    }
  }

  /** Of a profile, and of a study, whose events include a profile's. */
  readonly event = (event: StudyEvent): void => {
    switch (event.kind) {
      case 'model-began':
        this.#model = event.model;
        this.step({ kind: 'model', model: event.model, place: event.place, of: event.of });
        break;
      case 'loaded':
        this.step({ kind: 'loaded', model: this.#model, load: event.load });
        break;
      case 'iteration':
        this.#iteration(event.sample);
        break;
      case 'confirming':
        this.#confirmations = event.iterations;
        this.#total += event.iterations;
        this.step({
          kind: 'confirming',
          channels: event.channels.map((channel) => channelNames[channel]),
          iterations: event.iterations,
        });
        break;
      case 'confirmation':
        this.#sample(event.sample, 'confirmation', event.place, this.#confirmations);
        break;
      case 'attributing':
        this.step({ kind: 'attributing' });
        break;
      case 'arms-began':
        this.#interventions = event.of;
        this.step({ kind: 'intervention', place: 0, of: event.of });
        break;
      case 'arm-ended':
        this.step({
          kind: 'intervention',
          name: event.name,
          place: event.place,
          of: this.#interventions,
        });
        break;
      case 'arm-failed':
        this.#trouble(`The arm ${event.name} could not be measured.`, event.error);
        break;
      case 'model-failed':
        this.#trouble(`${event.model} could not be measured.`, event.error);
        break;
      case 'ended-early':
        this.#trouble(`${this.#model} ended early.`, event.error);
        break;
      case 'model-ended':
        break;
    }
  };

  #iteration(sample: IterationSample): void {
    const { iterations, warmupIterations } = this.#options.record;
    if (sample.warmup) {
      this.#sample(sample, 'warm-up', sample.index + 1, warmupIterations);
    } else {
      this.#sample(sample, 'measured', sample.index + 1 - warmupIterations, iterations);
    }
  }

  #sample(sample: IterationSample, phase: Phase, place: number, of: number): void {
    this.#done += 1;
    this.#options.onSample(sample, phase, this.#model);
    this.step({ kind: 'iteration', phase, place, of, model: this.#model, sample });
  }

  #trouble(what: string, error: unknown): void {
    this.step({ kind: 'trouble', what, error: toErrorRecord(error) });
  }
}

const fractionOf = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
