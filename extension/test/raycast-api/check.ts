/** Holds values against the shapes of @raycast/api's declarations: what the type checker says of source, for a value. */

import { isValidElement } from 'react';
import { semantics } from './semantics.ts';
import { loadTable } from './table.ts';
import type { Property, Shape } from './table.ts';

type ObjectShape = Shape & { kind: 'object' };

/** A value that @raycast/api's types do not allow. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}

/**
 * What is wrong with an object's properties, as one clause, or undefined. A property that is not declared is wrong, as in
 * an object literal in TypeScript: it is most likely misspelt.
 */
export function problemWithProperties(
  properties: Readonly<Record<string, Property>>,
  value: Readonly<Record<string, unknown>>,
  path: string,
): string | undefined {
  for (const name of Object.keys(value)) {
    if (!(name in properties) && value[name] !== undefined) {
      return `${path} has no ${name}; it has ${Object.keys(properties).join(', ') || 'no properties'}`;
    }
  }
  return missingOrWrong(properties, value, path);
}

/** What is wrong with a value, as one clause, or undefined. */
export function problemWith(shape: Shape, value: unknown, path: string): string | undefined {
  const alternatives = alternativesOf(shape);
  const problems: string[] = [];
  const objects: ObjectShape[] = [];
  for (const alternative of alternatives) {
    if (alternative.kind === 'object') {
      objects.push(alternative);
    } else {
      const problem = problemWithPart(alternative, value, path);
      if (problem === undefined) {
        return problemOfMeaning(shape, value, path);
      }
      problems.push(problem);
    }
  }
  if (isPlainObject(value) && objects.length > 0) {
    return problemWithObject(objects, value, path) ?? problemOfMeaning(shape, value, path);
  }
  return (
    problems.find((problem) => problem.startsWith(`${path}[`)) ??
    `${path} is ${shown(value)}, which is none of: ${nameOf(shape)}`
  );
}

/** As for TypeScript: it has to fit one of them, and each of its properties has to be declared by one of them. */
function problemWithObject(
  shapes: readonly ObjectShape[],
  value: Readonly<Record<string, unknown>>,
  path: string,
): string | undefined {
  const isOpen = shapes.some(({ index }) => index !== undefined);
  const known = new Set(shapes.flatMap(({ properties }) => Object.keys(properties)));
  const unknown = Object.keys(value).find((name) => !known.has(name) && value[name] !== undefined);
  if (!isOpen && unknown !== undefined) {
    return `${path} has no ${unknown}; it has ${[...known].join(', ')}`;
  }
  for (const [name, given] of Object.entries(value)) {
    const declared = shapes.flatMap(({ properties }) => properties[name]?.shape ?? []);
    if (given === undefined || declared.length === 0 || shapes.length === 1) {
      continue;
    }
    const problem = problemWith({ kind: 'union', of: declared }, given, `${path}.${name}`);
    if (problem !== undefined) {
      return problem;
    }
  }
  const problems = shapes.map(
    (shape) => missingOrWrong(shape.properties, value, path) ?? indexed(shape, value, path),
  );
  return problems.includes(undefined) ? undefined : deepest(problems);
}

/** Of what is wrong with each alternative the most telling one. */
const deepest = (problems: readonly (string | undefined)[]): string | undefined =>
  problems.toSorted((a, b) => depth(b) - depth(a))[0];

const depth = (problem: string | undefined): number => (problem?.split(' ')[0] ?? '').split(/[.[]/).length;

function missingOrWrong(
  properties: Readonly<Record<string, Property>>,
  value: Readonly<Record<string, unknown>>,
  path: string,
): string | undefined {
  for (const [name, { shape, optional }] of Object.entries(properties)) {
    const given = value[name];
    if (given === undefined) {
      if (!optional && !allows(shape, undefined)) {
        return `${path} needs ${name}`;
      }
    } else {
      const problem = problemWith(shape, given, `${path}.${name}`);
      if (problem !== undefined) {
        return problem;
      }
    }
  }
  return undefined;
}

function indexed({ index, properties }: ObjectShape, value: Readonly<Record<string, unknown>>, path: string) {
  if (index === undefined) {
    return undefined;
  }
  for (const [name, each] of Object.entries(value)) {
    const problem = name in properties ? undefined : problemWith(index, each, `${path}.${name}`);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

const allows = (shape: Shape, value: unknown): boolean => problemWith(shape, value, '') === undefined;

/** Of what has no alternatives and is no object. */
function problemWithPart(shape: Shape, value: unknown, path: string): string | undefined {
  const wrong = (): string => `${path} is ${shown(value)}, not ${nameOf(shape)}`;
  const unless = (fits: boolean): string | undefined => (fits ? undefined : wrong());
  switch (shape.kind) {
    case 'any':
      return undefined;
    case 'string':
    case 'boolean':
    case 'undefined':
    case 'function':
      return unless(typeof value === shape.kind);
    case 'number':
      return unless(typeof value === 'number' && !Number.isNaN(value));
    case 'null':
      return unless(value === null);
    case 'date':
      return unless(value instanceof Date && !Number.isNaN(value.getTime()));
    case 'literal':
      return unless(value === shape.value);
    case 'enum':
      return unless(Object.values(loadTable().enums[shape.name] ?? {}).includes(value as string));
    case 'element':
      return unless(isValidElement(value));
    case 'node':
      return unless(isNode(value));
    case 'array':
      if (!Array.isArray(value)) {
        return wrong();
      }
      for (const [place, each] of value.entries()) {
        const problem = problemWith(shape.of, each, `${path}[${place}]`);
        if (problem !== undefined) {
          return problem;
        }
      }
      return undefined;
    default:
      return `${path}: a ${shape.kind} is no simple shape`;
  }
}

/** What a string, a colour or a picture stands for is more than its type. */
function problemOfMeaning(shape: Shape, value: unknown, path: string): string | undefined {
  if (shape.kind === 'named') {
    const check = semantics[shape.name];
    const problem = check?.(value);
    if (problem !== undefined) {
      return `${path} is ${shown(value)}: ${problem}`;
    }
    const inner = loadTable().types[shape.name];
    return inner === undefined ? undefined : problemOfMeaning(inner, value, path);
  }
  if (shape.kind === 'union') {
    // Whichever alternative the value fits has to find a meaning in it; one is enough.
    const fitting = shape.of.filter((each) => each.kind === 'named' && fits(each, value));
    const problems = fitting.map((each) => problemOfMeaning(each, value, path));
    return problems.length === 0 || problems.includes(undefined) ? undefined : problems[0];
  }
  return undefined;
}

function fits(shape: Shape, value: unknown): boolean {
  return alternativesOf(shape).some((each) =>
    each.kind === 'object' ? isPlainObject(value) : problemWithPart(each, value, '') === undefined,
  );
}

/** A union's members, through names; an intersection of objects as one object for each combination. */
function alternativesOf(shape: Shape): Shape[] {
  switch (shape.kind) {
    case 'named':
      return alternativesOf(loadTable().types[shape.name] ?? { kind: 'any' });
    case 'union':
      return shape.of.flatMap(alternativesOf);
    case 'all':
      return shape.of
        .map(alternativesOf)
        .reduce((merged, part) => merged.flatMap((left) => part.map((right) => bothOf(left, right))));
    default:
      return [shape];
  }
}

function bothOf(left: Shape, right: Shape): Shape {
  if (left.kind === 'object' && right.kind === 'object') {
    return { ...left, ...right, properties: { ...left.properties, ...right.properties } };
  }
  return left.kind === 'any' ? right : left;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !isValidElement(value)
  );
}

function isNode(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.every(isNode);
  }
  return (
    value === null ||
    ['undefined', 'string', 'number', 'boolean'].includes(typeof value) ||
    isValidElement(value)
  );
}

function shown(value: unknown): string {
  if (isValidElement(value)) {
    return 'a React element';
  }
  if (typeof value === 'function') {
    return 'a function';
  }
  if (Array.isArray(value)) {
    return `[${value.map(shown).join(', ')}]`;
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function nameOf(shape: Shape): string {
  switch (shape.kind) {
    case 'named':
    case 'enum':
      return shape.name;
    case 'literal':
      return JSON.stringify(shape.value);
    case 'union':
      return shape.of.map(nameOf).join(' | ');
    case 'all':
      return shape.of.map(nameOf).join(' & ');
    case 'array':
      return `${nameOf(shape.of)}[]`;
    case 'object':
      return `{ ${Object.keys(shape.properties).join(', ')} }`;
    default:
      return shape.kind;
  }
}
