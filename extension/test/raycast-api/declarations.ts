/** What @raycast/api's own declarations name: components, enums, constants and functions, and the examples in their comments. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as TypeScript from 'typescript';

export type Enumeration = Readonly<Record<string, string | number>>;

interface Declarations {
  /** By the names that users write, such as `List.Item.Detail`. */
  readonly components: readonly string[];
  /** `Toast.Style`, with its members' values. */
  readonly enums: Readonly<Record<string, Enumeration>>;
  /** Every value that the package exports and that is not deprecated, with those below it: `Keyboard.Shortcut.Common.Copy`. */
  readonly names: readonly string[];
  /** The comments' examples that are components, as TSX, with what they import. */
  readonly examples: readonly { readonly about: string; readonly code: string }[];
}

const require = createRequire(import.meta.url);
const here = fileURLToPath(import.meta.url);
const declarationsPath = join(dirname(require.resolve('@raycast/api/package.json')), 'types/index.d.ts');

/** Read once: the compiler takes seconds, so its answer is kept until the declarations or this file change. */
export const declarations: Declarations = readOrMake();

function readOrMake(): Declarations {
  const hash = createHash('sha256');
  [declarationsPath, here].forEach((path) => hash.update(readFileSync(path)));
  const path = join(dirname(here), 'generated', `declarations-${hash.digest('hex').slice(0, 16)}.json`);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Declarations;
  } catch {
    const made = readDeclarations();
    mkdirSync(dirname(path), { recursive: true });
    // Several test processes may do this at once; whichever is last wins, and all write the same.
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(made));
    renameSync(`${path}.${process.pid}`, path);
    return made;
  }
}

function readDeclarations(): Declarations {
  const ts = require('typescript') as typeof TypeScript;
  const program = ts.createProgram([declarationsPath], { types: [], skipLibCheck: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(declarationsPath);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (source === undefined || module === undefined) {
    throw new Error(`${declarationsPath} cannot be read`);
  }
  const components: string[] = [];
  const enums: Record<string, Enumeration> = {};
  const names: string[] = [];

  const read = (symbol: TypeScript.Symbol, name: string): void => {
    if ((symbol.flags & ts.SymbolFlags.Value) === 0 || isDeprecated(symbol)) {
      return;
    }
    names.push(name);
    const type = checker.getTypeOfSymbolAtLocation(symbol, source);
    const declaration = type.symbol?.valueDeclaration;
    if (declaration !== undefined && ts.isEnumDeclaration(declaration)) {
      enums[name] = Object.fromEntries(
        declaration.members.map((member) => [
          ts.isStringLiteral(member.name) ? member.name.text : member.name.getText(),
          checker.getConstantValue(member) ?? '',
        ]),
      );
      return;
    }
    const isCapital = /(^|\.)[A-Z][^.]*$/.test(name);
    if (isCapital && type.getCallSignatures().length > 0) {
      components.push(name);
    }
    for (const property of isCapital ? type.getProperties() : []) {
      if (/^[A-Z]/.test(property.name)) {
        read(property, `${name}.${property.name}`);
      }
    }
  };

  for (const symbol of checker.getExportsOfModule(module)) {
    read(symbol, symbol.name);
  }
  return { components, enums, names, examples: examplesOf(source.text) };
}

function isDeprecated(symbol: TypeScript.Symbol): boolean {
  return symbol.getJsDocTags().some(({ name }) => name === 'deprecated');
}

function examplesOf(text: string): Declarations['examples'] {
  return [...text.replaceAll('\r\n', '\n').matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(([comment], place) => {
    const [, code] =
      /@example\s[\s\S]*?```[a-z]*\n([\s\S]*?)```/.exec(comment.replace(/^ *\* ?/gm, '')) ?? [];
    const imported = /import \{ ([^}]*) \}/.exec(code ?? '')?.[1] ?? '';
    return code?.includes('export default function') === true
      ? [{ about: `${place}: ${imported}`, code }]
      : [];
  });
}

/** An enum as commands have it. A member that it does not have throws, where TypeScript would refuse it. */
export function enumeration(name: string): Enumeration {
  const members = declarations.enums[name];
  if (members === undefined) {
    throw new Error(`@raycast/api declares no enum ${name}`);
  }
  return new Proxy(members, {
    get(target, key) {
      if (typeof key === 'symbol' || key in Object.prototype || key in target) {
        return Reflect.get(target, key) as string;
      }
      // Whoever looks whether something is a promise, an ES module or an element asks for these.
      if (
        ['then', 'toJSON', '__esModule', '$$typeof', 'asymmetricMatch', 'nodeType', 'tagName'].includes(key)
      ) {
        return undefined;
      }
      throw new Error(`@raycast/api has no ${name}.${key}`);
    },
  });
}
