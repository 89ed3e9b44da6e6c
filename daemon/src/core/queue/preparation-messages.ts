/** What passes between the daemon and the child that prepares a run. */

import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import type { ModelProgress } from '../../models/progress.ts';
import type { Subject } from '../../profiler/profile.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';

export interface PreparationJob {
  readonly dataFolder: string;
  /** As they are asked for. */
  readonly models: readonly string[];
  readonly voice: string;
  /** What is to be said; absent where only models are wanted. */
  readonly request?: ProfileRequest;
  /** Whether the checkpoints' headers are read too, which a study's verdicts need. */
  readonly examine: boolean;
}

/** A model that is on this machine now, or why it is not. */
export type PreparedModel =
  | {
      readonly model: string;
      readonly subject: Subject;
      readonly xray?: XrayDocument;
    }
  | { readonly model: string; readonly error: ErrorRecord };

export interface Preparation {
  /** Absent where nothing was to be said. */
  readonly settings?: ProfileSettings;
  readonly models: readonly PreparedModel[];
}

/** Child to daemon. */
export type PreparationMessage =
  | { readonly type: 'progress'; readonly progress: ModelProgress }
  | { readonly type: 'prepared'; readonly preparation: Preparation }
  | { readonly type: 'failed'; readonly error: ErrorRecord };
