/** Passes the steps of a run on to subscribers, with how far it is. */

import type { RunProgress, RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';

export interface TrackerOptions {
  readonly record: RunRecord;
  readonly onProgress: (progress: RunProgress) => void;
  /** Each iteration, once. */
  readonly onIteration: (step: Extract<RunStep, { kind: 'iteration' }>) => void;
}

export class RunTracker {
  readonly #options: TrackerOptions;
  #done = 0;
  #total: number;
  #latest: RunProgress | undefined;

  constructor(options: TrackerOptions) {
    const { models, iterations, warmupIterations } = options.record;
    this.#options = options;
    this.#total = (iterations + warmupIterations) * models.length;
  }

  get latest(): RunProgress | undefined {
    return this.#latest;
  }

  step(step: RunStep): void {
    if (step.kind === 'iteration') {
      this.#done += 1;
      this.#options.onIteration(step);
    }
    if (step.kind === 'confirming') {
      this.#total += step.iterations;
    }
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
}
