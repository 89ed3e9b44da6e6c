/** Runs a network as a list of named stages, of which some are built and evaluated together as one graph. */

import { evaluate, scope } from '../mlx/scope.ts';
import type { Tensor } from '../mlx/tensor.ts';

/** What stages read and give, by name. */
type Values<Name extends string> = Readonly<Record<Name, Tensor>>;

export interface Stage<Name extends string> {
  readonly name: string;
  /** Values that `run` needs. */
  readonly reads: readonly Name[];
  /** Builds the stage's graph, inside a scope of the caller's. */
  run(values: Readonly<Partial<Record<Name, Tensor>>>): Partial<Record<Name, Tensor>>;
}

/** A stage whose `run` is typed by what it reads. */
export function defineStage<Name extends string, Read extends Name>(
  name: string,
  reads: readonly Read[],
  run: (values: Values<Read>) => Partial<Record<Name, Tensor>>,
): Stage<Name> {
  return {
    name,
    reads,
    run: (values) => {
      for (const read of reads) {
        if (values[read] === undefined) {
          throw new Error(`stage ${name}: no earlier stage produced "${read}"`);
        }
      }
      return run(values as Values<Read>);
    },
  };
}

interface StageRunOptions<Name extends string, Output extends Name> {
  readonly inputs: Partial<Record<Name, Tensor>>;
  /** What to return. The rest is freed as soon as no later group reads it. */
  readonly outputs: readonly Output[];
  /** Called when the graph of a stage has been built, with all that it gives. */
  readonly onBuilt?: ((stage: string, values: Readonly<Partial<Record<Name, Tensor>>>) => void) | undefined;
  /** Evaluates what a group gives, once its scope is closed; MLX's own evaluation unless given. */
  readonly evaluateGroup?: ((values: Readonly<Partial<Record<Name, Tensor>>>) => void) | undefined;
  /** Called when a group has been evaluated, with the values that are kept of it. */
  readonly onEvaluated?: (
    group: readonly Stage<Name>[],
    values: Readonly<Partial<Record<Name, Tensor>>>,
  ) => void;
}

/**
 * Runs groups of stages in order. A group is built in one scope, which is closed before the group is evaluated, so that no
 * handle keeps an intermediate alive. Of what it gives, only values that are still read are kept. One group for each
 * stage evaluates at every stage's border.
 *
 * The outputs belong to the enclosing scope, or to the caller outside of any; the inputs stay the caller's.
 */
export function runStages<Name extends string, Output extends Name>(
  groups: readonly (readonly Stage<Name>[])[],
  { inputs, outputs, onBuilt, evaluateGroup = evaluate, onEvaluated }: StageRunOptions<Name, Output>,
): Values<Output> {
  const values: Partial<Record<Name, Tensor>> = { ...inputs };
  const made = new Set<Name>();
  const free = (names: Iterable<Name>): void => {
    for (const name of names) {
      values[name]?.dispose();
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a freed value must not be found again
      delete values[name];
      made.delete(name);
    }
  };
  try {
    groups.forEach((group, index) => {
      const laterReads = groups.slice(index + 1).flatMap((later) => later.flatMap((stage) => stage.reads));
      const needed = new Set<Name>([...outputs, ...laterReads]);
      const results = scope(() => buildGroup(group, values, { needed, onBuilt }));
      for (const [name, tensor] of entries(results)) {
        values[name] = tensor;
        made.add(name);
      }
      free([...made].filter((name) => !needed.has(name)));
      evaluateGroup(results);
      onEvaluated?.(group, results);
    });
    return pick(values, outputs);
  } catch (error) {
    free([...made]);
    throw error;
  }
}

function pick<Name extends string, Output extends Name>(
  values: Readonly<Partial<Record<Name, Tensor>>>,
  outputs: readonly Output[],
): Values<Output> {
  return Object.fromEntries(
    outputs.map((name) => {
      const tensor = values[name];
      if (tensor === undefined) {
        throw new Error(`no stage produced "${name}"`);
      }
      return [name, tensor];
    }),
  ) as Values<Output>;
}

/** Builds one group's graph; of what its stages give, returns what is needed after it. */
function buildGroup<Name extends string>(
  group: readonly Stage<Name>[],
  values: Readonly<Partial<Record<Name, Tensor>>>,
  { needed, onBuilt }: Pick<StageRunOptions<Name, Name>, 'onBuilt'> & { readonly needed: ReadonlySet<Name> },
): Partial<Record<Name, Tensor>> {
  const built: Partial<Record<Name, Tensor>> = {};
  for (const stage of group) {
    const given = stage.run({ ...values, ...built });
    onBuilt?.(stage.name, given);
    Object.assign(built, given);
  }
  return Object.fromEntries(entries(built).filter(([name]) => needed.has(name))) as Partial<
    Record<Name, Tensor>
  >;
}

const entries = <Name extends string>(values: Partial<Record<Name, Tensor>>): [Name, Tensor][] =>
  Object.entries<Tensor | undefined>(values).filter(
    (entry): entry is [Name, Tensor] => entry[1] !== undefined,
  );
