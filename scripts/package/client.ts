/**
 * `@tidemark/client`, what the Raycast extension needs of this repository, as an npm package: the folder `shared` compiled, with
 * declarations, and without tests. Its bytes depend on its sources alone, so that a lock file may have its hash.
 */

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { layoutOf } from '../setup/layout.js';
import { readJson } from '../setup/package-files.js';
import { compile, withCompiledAddresses } from './compile.ts';
import { npmPack } from './npm-pack.ts';

interface PackageFile {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const { root, build } = layoutOf();
const house = join(root, 'shared');

/** What is packed, by its folder in the package; the examples are for tests of whoever talks to a daemon. */
const parts = { src: 'src', test: 'testing' } as const;

/** The text of each file of the package, declarations aside, by its path in it; and the sources that those are made of. */
export function compiledFiles(): {
  readonly files: Map<string, string>;
  readonly sources: readonly string[];
} {
  const files = new Map<string, string>();
  const sources: string[] = [];
  for (const [from, to] of Object.entries(parts)) {
    for (const name of readdirSync(join(house, from), { recursive: true, encoding: 'utf8' }).sort()) {
      const path = join(from, name);
      const target = join(to, name);
      if (/(?<!\.test|\.d)\.ts$/.test(name)) {
        sources.push(join(house, path));
        const source = readFileSync(join(house, path), 'utf8');
        files.set(target.replace(/\.ts$/, '.js'), compile(source, target));
      } else if (/\.js$|\.d\.ts$/.test(name)) {
        files.set(target, withCompiledAddresses(readFileSync(join(house, path), 'utf8'), target));
      }
    }
  }
  const { version, license, dependencies } = readJson(join(house, 'package.json')) as PackageFile;
  const { repository } = readJson(join(root, 'package.json')) as { readonly repository: object };
  const manifest = {
    name: '@tidemark/client',
    version,
    description: 'The client of the Tidemark daemon: its protocol, its socket, and what its figures mean',
    license,
    repository,
    type: 'module',
    engines: { node: '>=22.13' },
    exports: {
      './testing/*': { types: './testing/*.d.ts', default: './testing/*.js' },
      './*': { types: './src/*.d.ts', default: './src/*.js' },
    },
    dependencies,
  };
  files.set('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  files.set('README.md', readFileSync(join(house, 'README.md'), 'utf8'));
  files.set('LICENSE', readFileSync(join(root, 'LICENSE'), 'utf8'));
  return { files, sources };
}

/** All files of the package. Throws an Error where a declaration cannot be made. */
function clientFiles(): ReadonlyMap<string, string> {
  const { files, sources } = compiledFiles();
  for (const [path, text] of declarations(sources)) {
    const [part = '', ...rest] = path.split('/');
    const target = [parts[part as keyof typeof parts], ...rest].join('/');
    files.set(target, withCompiledAddresses(text, target));
  }
  return files;
}

/** By path from `shared`. */
function declarations(sources: readonly string[]): ReadonlyMap<string, string> {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      checkJs: false,
    },
    root,
  );
  const program = ts.createProgram(sources, options);
  const texts = new Map<string, string>();
  const { emitSkipped, diagnostics } = program.emit(undefined, (path, text) => {
    texts.set(relative(house, path).replaceAll('\\', '/'), text);
  });
  const [fault] = diagnostics;
  if (emitSkipped || fault !== undefined) {
    throw new Error(`No declarations: ${ts.flattenDiagnosticMessageText(fault?.messageText, '\n')}`);
  }
  return texts;
}

/** Writes the package into the folder `out`. Resolves to its path. */
export async function packClient(out: string, signal: AbortSignal): Promise<string> {
  const folder = join(build, 'package', 'client');
  rmSync(folder, { recursive: true, force: true });
  const files = clientFiles();
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  mkdirSync(out, { recursive: true });
  const { filename } = await npmPack(folder, files.size, out, signal);
  return join(out, filename);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort());
  }
  console.log(await packClient(resolve(values.out), interruption.signal));
}
