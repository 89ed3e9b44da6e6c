/** What @raycast/api's own declarations say, as data: its components with their props, its enums, its functions. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDeclarations } from './declarations.ts';

/** A type, as far as a value can be held against it at run time. */
export type Shape =
  | { kind: 'any' | 'string' | 'number' | 'boolean' | 'undefined' | 'null' | 'function' | 'date' | 'node' }
  /** A React element; of which component, where that is said. */
  | { kind: 'element'; component?: string }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'enum'; name: string }
  | { kind: 'array'; of: Shape }
  | { kind: 'union'; of: Shape[] }
  | { kind: 'all'; of: Shape[] }
  | { kind: 'object'; properties: Record<string, Property>; index?: Shape }
  /** A named type: its shape is in {@link Table.types}, once. */
  | { kind: 'named'; name: string };

export interface Property {
  shape: Shape;
  optional: boolean;
}

export interface ComponentSpec {
  props: Record<string, Property>;
}

export interface Parameter extends Property {
  name: string;
}

export interface Table {
  components: Record<string, ComponentSpec>;
  enums: Record<string, Record<string, string | number>>;
  types: Record<string, Shape>;
  /** For each function its overloads. */
  functions: Record<string, Parameter[][]>;
  /** Names of constants below a namespace: `Keyboard.Shortcut.Common`. */
  constants: Record<string, string[]>;
  /** Every value that the package exports, but the deprecated ones. */
  exports: string[];
  /** The declarations' examples that are components, as TSX, with what they are about. */
  examples: { about: string; code: string }[];
}

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));

/** The declarations of the package that is installed. */
export const declarationsPath = join(
  dirname(require.resolve('@raycast/api/package.json')),
  'types/index.d.ts',
);

let table: Table | undefined;

/** Reads the table, after making it anew where the declarations or the way of reading them have changed. */
export function loadTable(): Table {
  return (table ??= readOrMake());
}

function readOrMake(): Table {
  const sources = [declarationsPath, join(here, 'declarations.ts')].map((path) => readFileSync(path));
  const hash = createHash('sha256');
  sources.forEach((source) => hash.update(source));
  const path = join(here, 'generated', `table-${hash.digest('hex').slice(0, 16)}.json`);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Table;
  } catch {
    const made = readDeclarations(declarationsPath);
    mkdirSync(dirname(path), { recursive: true });
    // Several test processes may do this at once; whichever is last wins, and all write the same.
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(made));
    renameSync(`${path}.${process.pid}`, path);
    return made;
  }
}
