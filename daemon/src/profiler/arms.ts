/** The arms of a study: which interventions each model gets, and what each one changes. */

import { mlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { MlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { Intervention, ModelFacts, Queue } from '@tidemark/shared/protocol/study-document.ts';
import { ownInterventions } from '@tidemark/shared/protocol/study-document.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import type { HostParameters } from '../host/model-host.ts';

type LoadChange = Pick<HostParameters<'load'>, 'alterations' | 'cacheLimitBytes'>;
type SpeechChange = Pick<HostParameters<'iterate'>, 'graphs' | 'activations'>;

/** What an intervention changes against the model as given. */
export interface Change {
  readonly load: LoadChange;
  readonly speech: SpeechChange;
  /** How the host is started. */
  readonly environment: MlxEnvironment;
  /** Whose predicted durations are replayed. */
  readonly durationsOf: 'model' | 'baseline';
}

/** More than any machine has: nothing is returned to the system until it is asked for. */
const unlimited = Number.MAX_SAFE_INTEGER;

export function changeOf(intervention: Intervention): Change {
  const change = (partial: Partial<Change>): Change => ({
    load: {},
    speech: {},
    environment: {},
    durationsOf: 'model',
    ...partial,
  });
  switch (intervention) {
    case 'as-given':
      return change({});
    case 'rest-bfloat16':
      return change({ load: { alterations: { restDType: 'bfloat16' } } });
    case 'rest-float32':
      return change({ load: { alterations: { restDType: 'float32' } } });
    case 'mlx-product':
      return change({ load: { alterations: { quantizedProduct: 'mlx' } } });
    case 'dense':
      return change({ load: { alterations: { dense: true } } });
    case 'frozen-durations':
      return change({ durationsOf: 'baseline' });
    case 'bfloat16-activations':
      return change({ speech: { activations: 'bfloat16' } });
    case 'fused-weight-norm':
      return change({ load: { alterations: { fuseWeightNorm: true } } });
    case 'no-cache':
      return change({ load: { cacheLimitBytes: 0 } });
    case 'unlimited-cache':
      return change({ load: { cacheLimitBytes: unlimited } });
    case 'stage-wise':
      return change({ speech: { graphs: 'stage' } });
    case 'all-float32':
      return change({ load: { alterations: { restDType: 'float32', dense: true } } });
    case 'dense-bfloat16':
      return change({ load: { alterations: { restDType: 'bfloat16', dense: true } } });
    case 'narrow-evaluation':
      return change({ environment: mlxEnvironment({ bfsWidth: 1 }) });
  }
}

/** How a host is started for a state of the queue. */
export const environmentOf = (queue: Queue): MlxEnvironment =>
  mlxEnvironment(queue === 'drained' ? { opsPerBuffer: 1 } : {});

/** What every model does alike, so that the baseline needs the same arm as its control. */
const sharedByAll: readonly Intervention[] = [
  'bfloat16-activations',
  'fused-weight-norm',
  'no-cache',
  'stage-wise',
];

/**
 * What the verdicts rest on, for one model; the model as given is measured before. The order of evaluation is a part of every
 * peak. What else every model does alike is taken away only where there is an anomaly that it might be a part of: `needsControls`.
 */
export function armsFor(
  facts: ModelFacts,
  {
    baseline,
    needsControls,
    engine = 'tidemark',
  }: {
    readonly baseline: string;
    readonly needsControls: boolean;
    readonly engine?: EngineName | undefined;
  },
): Intervention[] {
  const shared = sharedByAll.filter((each) => engine === 'tidemark' || !ownInterventions.includes(each));
  const common: Intervention[] = ['narrow-evaluation', ...(needsControls ? shared : [])];
  if (facts.model === baseline) {
    return common;
  }
  if (facts.bits === undefined) {
    return ['narrow-evaluation'];
  }
  const rest: Intervention[] =
    (facts.restBytesByDtype['float32'] ?? 0) > 0 ? ['rest-bfloat16', 'dense-bfloat16'] : ['rest-float32'];
  return [...rest, 'mlx-product', 'dense', 'frozen-durations', ...common];
}
