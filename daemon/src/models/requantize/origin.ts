/** What a made checkpoint says of where it came from, to people and to programs. */

import { tidemarkVersion } from '../../version.ts';
import type { ResolvedModel } from '../resolve.ts';
import { changesOf } from './plan.ts';
import type { RequantizePlan } from './plan.ts';

export interface Origin {
  readonly source: ResolvedModel;
  readonly plan: RequantizePlan;
  readonly mlxVersion: string;
  readonly weights: { readonly file: string; readonly sha256: string; readonly tensorBytes: number };
  readonly warnings: readonly string[];
}

/** The `README.md` of the folder. */
export function originText({ source, plan, mlxVersion, warnings }: Origin): string {
  const { name, source: from } = source;
  const described = from.description === name ? name : `${name} (${from.description})`;
  const changes = changesOf(plan);
  return `# Kokoro-82M, requantized

Made by Tidemark ${tidemarkVersion} with MLX ${mlxVersion} from ${described},
${from.weightsFile} with the SHA-256 ${from.sha256}.

${(changes.length === 0 ? ['nothing changed'] : changes).map((change) => `- ${change}`).join('\n')}
${warnings.map((warning) => `\n${warning}\n`).join('')}
${from.license === undefined ? 'The license is that of the source.' : `The weights are under ${from.license}.`}
`;
}

/** The `tidemark.json` of the folder. */
export function originRecord({ source, plan, mlxVersion, weights }: Origin): Record<string, unknown> {
  const { packing, rest, fuseWeightNorm, kept, packed, repacked, castTensors } = plan;
  return {
    kind: 'requantized',
    tidemark: tidemarkVersion,
    mlx: mlxVersion,
    created: new Date().toISOString(),
    source: { name: source.name, ...source.source },
    options: { ...packing, rest, fuseWeightNorm },
    modules: { kept: kept.length, packed: packed.length, repacked: repacked.length },
    castTensors,
    weights,
  };
}
