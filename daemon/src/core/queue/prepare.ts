/** Prepares a run in a child process: its text and its models. */

import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { runTask } from '../../child-task.ts';
import type { TaskOptions } from '../../child-task.ts';
import type { EngineRequest } from '../../host/python-environment.ts';
import type { Engine } from '../../host/transport.ts';
import type { ModelProgress } from '../../models/progress.ts';
import type { Subject } from '../../profiler/profile.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';

interface PreparationJob {
  readonly dataFolder: string;
  /** As they are asked for. */
  readonly models: readonly string[];
  readonly voice: string;
  /** The text and settings of the run; absent where only models are prepared. */
  readonly request?: ProfileRequest;
  /** What is asked of each engine of the run; several of a study are checked before anything else is done. */
  readonly engines?: readonly EngineRequest[];
  /** Whether the checkpoints' headers are read too, which a study's verdicts need. */
  readonly examine: boolean;
}

/** A model that is on this machine now, or why it is not. */
export type PreparedModel =
  | {
      readonly model: string;
      readonly subject: Subject;
      readonly xray?: XrayDocument | undefined;
    }
  | { readonly model: string; readonly error: ErrorRecord };

interface Preparation {
  /** Absent where the job had no request. */
  readonly settings?: ProfileSettings | undefined;
  readonly models: readonly PreparedModel[];
  /** What runs each engine that was asked for, in order; without `engine` for Tidemark's own host. */
  readonly engines: readonly { readonly engine?: Engine | undefined }[];
}

export interface PreparationTask {
  readonly job: PreparationJob;
  readonly progress: ModelProgress;
  readonly result: Preparation;
}

/**
 * What the job asks for. A model that cannot be found or built is reported in its place. Throws a TidemarkError for a text
 * that cannot be spoken, 'build-failed' for a process that died or hung, and the reason of an aborted signal.
 */
export const prepare = (
  job: PreparationJob,
  options: Pick<TaskOptions<PreparationTask>, 'signal' | 'onProgress' | 'silenceSeconds'> = {},
): Promise<Preparation> =>
  runTask<PreparationTask>(new URL('prepare-process.ts', import.meta.url), job, {
    name: 'The process that prepares the run',
    failure: 'build-failed',
    ...options,
  });

/** What the making and fetching of models says, as a step of the run that waits for it. */
export function preparingStep(progress: ModelProgress): RunStep {
  switch (progress.kind) {
    case 'note':
      return { kind: 'preparing', message: progress.message };
    case 'installing':
      return {
        kind: 'preparing',
        message: progress.message,
        fraction: fractionOf(progress.done, progress.of),
      };
    case 'building':
      return {
        kind: 'preparing',
        message: `Building ${progress.model}`,
        fraction: fractionOf(progress.writtenBytes, progress.totalBytes),
      };
    case 'downloading':
      return {
        kind: 'preparing',
        message: `Downloading ${progress.repository} ${progress.file}`,
        fraction: fractionOf(progress.receivedBytes, progress.totalBytes),
      };
  }
}

const fractionOf = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
