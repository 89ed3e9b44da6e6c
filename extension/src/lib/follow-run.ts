/** A run from its start to its end, as a screen or a toast follows it: over a lost connection too, since the run continues. */

import type { DaemonClient } from '@tidemark/client/client/daemon-client';
import { followRun } from '@tidemark/client/client/follow-run';
import { TidemarkError } from '@tidemark/client/errors';
import type { ProfileParameters, RunDetail, StudyParameters } from '@tidemark/client/protocol/daemon/methods';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { RunProgress, RunStep } from '@tidemark/client/protocol/daemon/run-progress';
import type { IterationSample } from '@tidemark/client/protocol/profile-document';
import { widths } from './charts.ts';
import { withClient } from './connection.ts';
import { shownRun } from './shown-run.ts';

/** What is to be followed: a run that is to be started, or one that is there. */
export type Wanted =
  | { readonly kind: 'profile'; readonly parameters: ProfileParameters }
  | { readonly kind: 'study'; readonly parameters: StudyParameters }
  | { readonly kind: 'run'; readonly runId: number };

export interface RunView {
  readonly record: RunRecord | undefined;
  /** What it does at the moment, as a phrase. */
  readonly phrase: string;
  readonly done: number;
  readonly total: number;
  /** The model whose iterations `samples` are: a study's present one. */
  readonly model: string | undefined;
  readonly samples: readonly IterationSample[];
  /** What went wrong on the way without ending it. */
  readonly troubles: readonly string[];
}

export const initialView: RunView = {
  record: undefined,
  phrase: 'Asking the daemon',
  done: 0,
  total: 0,
  model: undefined,
  samples: [],
  troubles: [],
};

/** The view after one more event. Iterations that were seen already are not counted twice. */
export function advance(view: RunView, { step, done, total }: RunProgress): RunView {
  const counted = { ...view, done, total, record: begun(view.record, step) };
  switch (step.kind) {
    case 'queued':
      return { ...counted, phrase: step.ahead === 0 ? 'Next in the queue' : `Queued, ${step.ahead} ahead` };
    case 'preparing':
      return {
        ...counted,
        phrase:
          step.fraction === undefined ? step.message : `${step.message} ${Math.round(step.fraction * 100)}%`,
      };
    case 'model':
      return {
        ...counted,
        phrase: `${engineWords(step)}Model ${step.place} of ${step.of}: ${step.model}`,
        model: step.model,
        samples: [],
      };
    case 'loading':
      return { ...counted, phrase: `Loading ${step.model}`, model: step.model };
    case 'loaded':
      return { ...counted, phrase: `Loaded ${step.model}`, model: step.model };
    case 'iteration': {
      const isNew = view.model !== undefined && view.model !== step.model;
      const before = isNew ? [] : view.samples;
      const known = before.some(({ index }) => index === step.sample.index);
      return {
        ...counted,
        phrase: `${phaseWords[step.phase]} ${step.place} of ${step.of}`,
        model: step.model,
        samples: known ? before : [...before, step.sample],
      };
    }
    case 'confirming':
      return {
        ...counted,
        phrase: `Memory rises: ${step.iterations} more iterations will show whether it continues`,
      };
    case 'attributing':
      return { ...counted, phrase: 'Measuring by stage' };
    case 'intervention':
      return {
        ...counted,
        phrase: `${engineWords(step)}Intervention ${step.place} of ${step.of}${step.name === undefined ? '' : `: ${step.name}`}`,
      };
    case 'trouble':
      return { ...counted, troubles: [...view.troubles, `${step.what} ${step.error.message}`] };
    case 'ended':
      return { ...counted, phrase: 'Done', record: step.record };
  }
}

/** The record is the history's of when it was asked for; what the events tell is newer. */
const begun = (record: RunRecord | undefined, { kind }: RunStep): RunRecord | undefined =>
  record?.state === 'queued' && kind !== 'queued' ? { ...record, state: 'running' } : record;

const phaseWords = { 'warm-up': 'Warm-up', measured: 'Iteration', confirmation: 'Confirmation' } as const;

export interface FollowOptions {
  readonly onView: (view: RunView) => void;
  readonly signal?: AbortSignal | undefined;
  /** Points of the chart at most. */
  readonly samples?: number;
  /** How long to wait before the next attempt after the connection broke; for tests. */
  readonly pauseMilliseconds?: number;
}

/** A daemon that restarts is back within seconds. */
const attempts = 10;

/**
 * Starts what is to be started, tells of every step, and gives the run as the history has it at the end. When `signal` aborts,
 * it only stops following. Throws a TidemarkError, 'interrupted' for an aborted signal.
 */
export async function followWanted(
  wanted: Wanted,
  { onView, signal, samples = 500, pauseMilliseconds = 1000 }: FollowOptions,
): Promise<RunDetail> {
  let view = initialView;
  const show = (next: RunView): void => {
    view = next;
    onView(view);
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const runId = view.record?.id ?? (wanted.kind === 'run' ? wanted.runId : undefined);
      return await withClient(
        (client) => once(client, wanted, runId, { show, now: () => view, signal, samples }),
        { signal },
      );
    } catch (error) {
      if (signal?.aborted === true) {
        throw new TidemarkError('interrupted', 'The run is no longer followed.');
      }
      const isLost =
        error instanceof TidemarkError && error.code === 'no-daemon' && view.record !== undefined;
      if (!isLost || attempt > attempts) {
        throw error;
      }
      show({ ...view, phrase: 'Reconnecting to the daemon' });
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
    }
  }
}

interface Following {
  readonly show: (view: RunView) => void;
  readonly now: () => RunView;
  readonly signal: AbortSignal | undefined;
  readonly samples: number;
}

/** Over one connection. */
async function once(
  client: DaemonClient,
  wanted: Wanted,
  knownId: number | undefined,
  { show, now, signal, samples }: Following,
): Promise<RunDetail> {
  const { id: runId } = await followRun(client, {
    begin: async () => {
      if (knownId === undefined) {
        const record = await start(client, wanted, signal);
        show({ ...now(), record, phrase: 'Queued' });
        return record;
      }
      const asked = { runId: knownId, document: false, samples };
      const { record, samples: taken } = await client.call('getRun', asked, { signal });
      show({
        ...now(),
        record,
        phrase: record.state === 'queued' ? 'Queued' : 'Running',
        samples: record.kind === 'profile' ? taken : now().samples,
        model: now().model ?? (record.kind === 'profile' ? record.models[0] : undefined),
      });
      return record;
    },
    onProgress: (progress) => show(advance(now(), progress)),
    signal,
  });
  return await shownRun(client, { runId, samples, traceColumns: widths.detail }, { signal });
}

async function start(
  client: DaemonClient,
  wanted: Wanted,
  signal: AbortSignal | undefined,
): Promise<RunRecord> {
  switch (wanted.kind) {
    case 'profile':
      return await client.call('startProfile', wanted.parameters, { signal });
    case 'study':
      return await client.call('startStudy', wanted.parameters, { signal });
    case 'run':
      throw new Error('a run that is there is not started');
  }
}

/** In a study by several engines, which one is at work. */
const engineWords = ({ engine }: { readonly engine?: string }): string =>
  engine === undefined ? '' : `${engine}: `;
