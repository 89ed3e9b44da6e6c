/** The form of a profile: which models it offers, and what its values ask of the daemon. */

import { Icon } from '@raycast/api';
import { formatBytes } from '../../../shared/src/format/bytes.ts';
import type { ProfileParameters } from '../../../shared/src/protocol/daemon/methods.ts';
import type { ModelsDocument } from '../../../shared/src/protocol/models-document.ts';
import { expandHome, wholeNumber } from './preferences.ts';

export interface ProfileFormValues {
  model: string;
  /** Takes its place, where it is given. */
  otherModel: string;
  voice: string;
  text: string;
  iterations: string;
  attribute: string;
  isFresh: boolean;
}

export interface ModelChoice {
  readonly value: string;
  readonly title: string;
  readonly icon: Icon;
}

/** Those of the catalogue, and first the one that is chosen already where it is none of them. */
export function modelChoices(models: ModelsDocument['models'], chosen: string): readonly ModelChoice[] {
  const known = models.map(({ name, tensorBytes, state }) => ({
    value: name,
    title: `${name} (${formatBytes(tensorBytes, { unit: 'MB', fractionDigits: 0 })}${state === 'built' ? '' : ', built when first used'})`,
    icon: state === 'built' ? Icon.CheckCircle : Icon.Circle,
  }));
  return known.some(({ value }) => value === chosen)
    ? known
    : [{ value: chosen, title: chosen, icon: Icon.Circle }, ...known];
}

export function profileParametersOf({
  model,
  otherModel,
  voice,
  text,
  iterations,
  attribute,
  isFresh,
}: ProfileFormValues): ProfileParameters {
  const count = wholeNumber(iterations.trim());
  return {
    model: modelName(otherModel.trim() === '' ? model : otherModel),
    ...(voice.trim() === '' ? {} : { voice: voice.trim() }),
    ...(text.trim() === '' ? {} : { text }),
    ...(count === undefined ? {} : { iterations: count }),
    ...(attribute === 'stages' || attribute === 'layers' ? { attribute } : {}),
    ...(isFresh ? { host: 'fresh' } : {}),
  };
}

/** The daemon has no working folder of a person's, so a folder has to be absolute. */
export function modelName(typed: string): string {
  const name = typed.trim();
  return name.startsWith('~') ? expandHome(name) : name;
}
