/** The form of a study, and what its values ask of the daemon. */

import type { StudyParameters } from '../../../shared/src/protocol/daemon/methods.ts';
import { wholeNumber } from './preferences.ts';

export interface StudyFormValues {
  /** None for the default study. */
  models: string[];
  text: string;
  voice: string;
  iterations: string;
  explain: boolean;
}

export function studyParametersOf({
  models,
  text,
  voice,
  iterations,
  explain,
}: StudyFormValues): StudyParameters {
  const count = wholeNumber(iterations.trim());
  return {
    ...(models.length === 0 ? {} : { models: [...models] }),
    ...(text.trim() === '' ? {} : { text }),
    ...(voice.trim() === '' ? {} : { voice: voice.trim() }),
    ...(count === undefined ? {} : { iterations: count }),
    explain,
  };
}
