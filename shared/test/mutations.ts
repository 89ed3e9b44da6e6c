/** Documents made wrong in every single place, for tests of schemas. */

import assert from 'node:assert/strict';
import * as v from 'valibot';

interface Mutation {
  /** Where, and what was done there. */
  readonly path: string;
  readonly kind: 'removed' | 'null' | 'of another type' | 'not a number' | 'negative' | 'infinite';
  readonly document: unknown;
}

type Path = readonly (string | number)[];

/** Every mutation of one place in a JSON document. */
export function* mutationsOf(document: unknown): Generator<Mutation> {
  for (const path of placesIn(document, [])) {
    const value = at(document, path);
    const mutate = (kind: Mutation['kind'], replacement: unknown): Mutation => ({
      path: path.join('.'),
      kind,
      document: replaced(document, path, replacement),
    });
    if (typeof path.at(-1) === 'string') {
      yield mutate('removed', undefined);
    }
    yield mutate('null', null);
    yield mutate('of another type', typeof value === 'string' ? 7 : 'seven');
    if (typeof value === 'number') {
      yield mutate('not a number', Number.NaN);
      yield mutate('infinite', Number.POSITIVE_INFINITY);
      yield mutate('negative', -1 - value);
    }
  }
}

/** Checks that a document passes, and that no mutation of it does but those that `allows` names. Returns how many were refused. */
export function assertSchema(
  schema: v.GenericSchema,
  document: unknown,
  allows: (path: string, kind: Mutation['kind']) => boolean = () => false,
): number {
  assert.deepEqual(v.parse(schema, document), document);
  const refused = [...mutationsOf(document)].filter(({ path, kind }) => !allows(path, kind));
  for (const { path, kind, document: mutated } of refused) {
    assert.ok(!v.safeParse(schema, mutated).success, `${path} ${kind}`);
  }
  return refused.length;
}

function* placesIn(value: unknown, path: Path): Generator<Path> {
  if (path.length > 0) {
    yield path;
  }
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) {
      yield* placesIn(each, [...path, index]);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      yield* placesIn(each, [...path, key]);
    }
  }
}

const at = (document: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], document);

/** A copy with another value at a place; without it where the value is undefined. */
function replaced(document: unknown, path: Path, value: unknown): unknown {
  const copy = structuredClone(document);
  const parent = at(copy, path.slice(0, -1)) as Record<string | number, unknown>;
  const key = path.at(-1) ?? '';
  if (value === undefined) {
    Reflect.deleteProperty(parent, key);
  } else {
    parent[key] = value;
  }
  return copy;
}
