/** What `watch` knows of the daemon: the last status, kept current by events, and the peaks of the run at work. */

import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import type { WatchOptions, WatchState as WatchConnection } from '@tidemark/shared/client/watch-daemon.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { WatchModel, WatchedRun } from '../reports/watch-view.ts';

/** More than any terminal is wide. */
const mostPeaks = 1000;

interface Seen {
  /** Its place among the run's iterations, from 1. */
  readonly place: number;
  readonly peakBytes: number;
}

export class WatchState {
  #status: DaemonStatus | undefined;
  #trouble: WatchModel['trouble'] = { message: 'Connecting …', hint: undefined };
  #runId: number | undefined;
  /** Iterations that were over before anyone watched, from the history, and the place of the last of them. */
  #before: readonly number[] = [];
  #lastBefore = 0;
  #seen: readonly Seen[] = [];

  get model(): WatchModel {
    return { status: this.#status, trouble: this.#trouble, run: this.#run };
  }

  /** For a watch of the daemon; `onChange` after each change. */
  listener(onChange: () => void): Pick<WatchOptions, 'onState' | 'on'> {
    return {
      onState: (state) => {
        this.#onState(state, onChange);
        onChange();
      },
      on: {
        status: (status) => {
          this.#status = status;
          if (status.current?.progress !== undefined) {
            this.#note(status.current.progress);
          }
          onChange();
        },
        progress: (progress) => {
          this.#note(progress);
          const { current } = this.#status ?? {};
          // Between two statuses a run may go on by several steps.
          if (this.#status !== undefined && current?.record.id === progress.runId) {
            this.#status = { ...this.#status, current: { ...current, progress } };
          }
          onChange();
        },
        alerts: onChange,
      },
    };
  }

  get #run(): WatchedRun | undefined {
    return this.#runId === undefined
      ? undefined
      : {
          runId: this.#runId,
          peaks: [...this.#before, ...this.#seen.map(({ peakBytes }) => peakBytes)],
        };
  }

  #onState(state: WatchConnection, onChange: () => void): void {
    switch (state.kind) {
      case 'connecting':
        if (this.#status !== undefined) {
          this.#trouble = { message: 'The connection was lost, and is made again.', hint: undefined };
        }
        break;
      case 'connected':
        this.#trouble = undefined;
        void this.#fetchPeaks(state.client, onChange);
        break;
      case 'no-daemon':
      case 'other-version':
        this.#trouble = { message: state.error.message, hint: state.error.hint };
        break;
    }
  }

  /** What the run at work had done before anyone watched. */
  async #fetchPeaks(client: DaemonClient, onChange: () => void): Promise<void> {
    try {
      const { current } = await client.call('status', {});
      if (current === undefined) {
        return;
      }
      const runId = current.record.id;
      const { record, samples } = await client.call('getRun', { runId, document: false, samples: mostPeaks });
      this.#enter(runId);
      this.#before = samples.map(({ peakBytes }) => peakBytes);
      this.#lastBefore = record.samplesTaken;
      this.#seen = this.#seen.filter(({ place }) => place > this.#lastBefore);
      onChange();
    } catch {
      // The connection ended again, which is told by itself.
    }
  }

  #enter(runId: number): void {
    if (this.#runId !== runId) {
      this.#runId = runId;
      this.#before = [];
      this.#lastBefore = 0;
      this.#seen = [];
    }
  }

  /** A step is told as an event and again in a status; it is one iteration all the same. */
  #note({ runId, step, done }: RunProgress): void {
    this.#enter(runId);
    const last = this.#seen.at(-1)?.place ?? this.#lastBefore;
    if (step.kind === 'iteration' && done > last) {
      this.#seen = [...this.#seen, { place: done, peakBytes: step.sample.peakBytes }].slice(-mostPeaks);
    }
  }
}
