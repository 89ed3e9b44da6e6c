/** The package `@tidemark/client` as set-up vendored it for the extension: it is whole, of these sources, and loads by itself. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { readReferences } from '../architecture/imports.ts';
import { layoutOf } from '../setup/layout.js';
import { readJson } from '../setup/package-files.js';
import { compiledFiles } from './client.ts';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const { root } = layoutOf();
const extension = join(root, 'extension');
const { dependencies: ofExtension } = readJson(join(extension, 'package.json')) as Manifest;
const { version, dependencies } = readJson(join(root, 'shared', 'package.json')) as Manifest;
const vendored = join(extension, 'vendor', `tidemark-client-${version}.tgz`);
const folder = join(temporaryFolder(), 'node_modules', '@tidemark', 'client');
let names: readonly string[];

const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

before(() => {
  mkdirSync(folder, { recursive: true });
  const unpacked = spawnSync('tar', ['-xzf', vendored, '-C', folder, '--strip-components=1'], {
    encoding: 'utf8',
  });
  assert.equal(unpacked.status, 0, `${unpacked.stderr}Run \`npm run setup -- --with-extension\` first.`);
  names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[jt]s$/.test(name));
});

test('it is what the sources make', () => {
  for (const [name, text] of compiledFiles().files) {
    assert.equal(textOf(name), text, `${name} is old: run \`npm run setup -- --with-extension\``);
  }
});

test('it has declarations of every module, and neither tests nor TypeScript', () => {
  const modules = names.filter((name) => name.endsWith('.js'));
  assert.ok(modules.length > 100);
  for (const name of names) {
    assert.doesNotMatch(name, /\.test\.|(?<!\.d)\.ts$/);
    const isFault = /^(?! \*).*(?:from|import\() ?['"]\.[^'"]*(?<!\.d)\.ts['"]/m.test(textOf(name));
    assert.equal(isFault, false, `${name} imports TypeScript`);
  }
  const undeclared = modules.filter((name) => !existsSync(join(folder, name.replace(/\.js$/, '.d.ts'))));
  assert.deepEqual(
    undeclared.filter((name) => !name.startsWith(join('src', 'report', 'explorer'))),
    [],
  );
});

test('the extension depends on it by its version, and its lock file has no hash of what changes with every source', () => {
  assert.equal(ofExtension['@tidemark/client'], `file:vendor/tidemark-client-${version}.tgz`);
  const { packages } = readJson(join(extension, 'package-lock.json')) as {
    packages: Record<string, { version?: string; integrity?: string; dependencies?: object } | undefined>;
  };
  const locked = packages['node_modules/@tidemark/client'];
  assert.ok(locked !== undefined);
  assert.equal(locked.version, version);
  assert.equal(locked.integrity, undefined);
  assert.deepEqual(locked.dependencies, dependencies);
});

test('everything that the extension imports is in it', async () => {
  const { imports } = await readReferences(root, [
    'extension/src',
    'extension/test',
    'shared/src',
    'shared/test',
  ]);
  const wanted = [...imports]
    .filter(([file]) => file.startsWith('extension/'))
    .flatMap(([, targets]) => targets.filter((target) => target.startsWith('shared/')));
  assert.ok(wanted.length > 100);
  for (const target of new Set(wanted)) {
    const name = target.replace('shared/test/', 'testing/').replace('shared/', '').replace(/\.ts$/, '.js');
    assert.ok(existsSync(join(folder, name)), target);
  }
});

test('no file of the extension names a path outside it, but for the scripts and tests that ask first whether it is there', () => {
  const asking = [
    'scripts/assets.mjs',
    'scripts/prepare.mjs',
    'scripts/test.mjs',
    'test/harness/repository.ts',
  ];
  const files = ['src', 'test', 'scripts']
    .flatMap((part) =>
      readdirSync(join(extension, part), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${part}/${name}`,
      ),
    )
    .filter((name) => /\.(?:tsx?|mjs)$/.test(name) && !name.includes('/generated/'));
  const stray = [...files, 'tsconfig.json', 'vitest.config.mts', 'package.json'].filter((name) => {
    const depth = name.split('/').length - 1;
    const outside = new RegExp(`['"](?:\\.\\./){${depth + 1}}`);
    return !asking.includes(name) && outside.test(readFileSync(join(extension, name), 'utf8'));
  });
  assert.deepEqual(stray, []);
});

test('every module loads with nothing but its dependencies', () => {
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(root, 'node_modules', name), join(folder, '..', '..', name));
  }
  const modules = names.filter((name) => name.endsWith('.js')).map((name) => `import './${name}';`);
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', modules.join('\n')], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
