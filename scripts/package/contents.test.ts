/** What is in a package: the kinds of its files, what it says of itself, and that nothing it imports was left out. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import ts from 'typescript';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { repositoryRoot } from '../../daemon/src/paths.ts';
import { tidemarkVersion } from '../../daemon/src/version.ts';
import type { Platform } from '../setup/platform.js';
import { addonOfPackage } from '../setup/steps/addon.js';
import { linuxFaults } from './addons.ts';
import { layOut } from './contents.ts';
import { engines, packageFiles } from './manifest.ts';
import { requirementsFor } from './requirements-for.ts';

const folder = join(temporaryFolder(), 'package');
const json = (path: string) =>
  JSON.parse(readFileSync(join(folder, path), 'utf8')) as Record<string, unknown>;

describe('a package', { timeout: 300_000 }, () => {
  let files: string[] = [];

  before(async () => {
    const path = join(temporaryFolder(), 'tidemark.node');
    writeFileSync(path, 'an addon');
    const addons = new Map([['darwin-arm64', { path, sha256: 'its hash' }] as const]);
    const written = await layOut(folder, addons, { signal: new AbortController().signal });
    files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    assert.equal(files.length, written.files);
  });

  test('has these kinds of files and no others: no test, no source map, no TypeScript', () => {
    const kinds = new Set(files.map((path) => `${path.split('/')[0] ?? ''} ${extname(path)}`));
    assert.deepEqual([...kinds].sort(), [
      'CHANGELOG.md .md',
      'LICENSE ',
      'README.md .md',
      'bin .js',
      'daemon .js',
      'daemon .json',
      'daemon .py',
      'daemon .txt',
      'docs .md',
      'npm-shrinkwrap.json .json',
      'package.json .json',
      'prebuilt .json',
      'prebuilt .node',
      'scripts .js',
      'shared .js',
    ]);
    assert.deepEqual(
      files.filter((path) => /\.test\.|_test\.|(?:^|\/)(?:test|fixtures|node_modules)\//.test(path)),
      [],
    );
    assert.deepEqual(
      files.filter((path) => path.startsWith('scripts/') && !path.startsWith('scripts/setup/')),
      [],
    );
    const mapped = files.filter(
      (path) => extname(path) === '.js' && /sourceMappingURL/.test(readFileSync(join(folder, path), 'utf8')),
    );
    assert.deepEqual(mapped, []);
  });

  test('names one version everywhere, its license, its command, and where it runs; and installs by hashes, without a script', () => {
    const { packages, ...shrinkwrap } = json('npm-shrinkwrap.json') as {
      version: string;
      packages: Record<string, { integrity?: string; version: string }>;
    };
    const manifest = json('package.json');
    for (const { version } of [manifest, json('daemon/package.json'), shrinkwrap, packages[''] ?? {}]) {
      assert.equal(version, tidemarkVersion);
    }
    assert.deepEqual(
      [manifest['name'], manifest['license'], manifest['engines'], manifest['os'], manifest['cpu']],
      ['tidemark', 'MIT', { node: engines }, ['darwin'], ['arm64']],
    );
    assert.deepEqual(manifest['bin'], { tidemark: 'bin/tidemark.js' });
    assert.equal(manifest['scripts'], undefined);
    assert.equal(
      readFileSync(join(folder, 'LICENSE'), 'utf8'),
      readFileSync(join(repositoryRoot, 'LICENSE'), 'utf8'),
    );
    const { '': own, ...others } = packages;
    assert.ok(own);
    assert.ok(Object.keys(others).length > 30);
    for (const [name, { integrity }] of Object.entries(others)) {
      assert.match(integrity ?? '', /^sha512-/, name);
    }
  });

  test('imports only files that it has, and packages that it installs', () => {
    const { packages } = json('npm-shrinkwrap.json') as { packages: Record<string, unknown> };
    let seen = 0;
    const missing = files
      .filter((path) => extname(path) === '.js')
      .flatMap((path) => {
        const text = readFileSync(join(folder, path), 'utf8');
        const addresses = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
        seen += addresses.length;
        return addresses
          .filter((address) => {
            if (address.startsWith('.')) {
              return !existsSync(join(folder, dirname(path), address));
            }
            const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(address) ?? [];
            return !address.startsWith('node:') && packages[`node_modules/${name ?? ''}`] === undefined;
          })
          .map((address) => `${path} imports ${address}`);
      });
    assert.deepEqual(missing, []);
    assert.ok(seen > 1000, `only ${seen} imports were looked at`);
  });

  test('knows the package index without a Python, and asks the one that the person names before it', async (t) => {
    const file = join(folder, 'prebuilt', 'package-index.json');
    if (!existsSync(file)) {
      t.skip('no Python here has told it');
      return;
    }
    const { address } = json('prebuilt/package-index.json') as { address: string };
    assert.match(address, /^https:\/\/.+\/simple$/);
    const { packageIndex } = (await import(
      join(folder, 'scripts', 'setup', 'package-index.js')
    )) as typeof import('../setup/package-index.js');
    const nothing = { HOME: folder, PATH: '', PIP_CONFIG_FILE: '/dev/null' };
    assert.deepEqual(packageIndex(nothing).indexes, [address]);
    const own = 'https://127.0.0.1/simple';
    assert.deepEqual(packageIndex({ ...nothing, PIP_INDEX_URL: own }).indexes, [own]);
  });

  test('has no addon for another platform, and set-up says so', () => {
    assert.equal(addonOfPackage(folder, 'darwin-arm64', 'metal').done, 'installed');
    assert.throws(() => addonOfPackage(folder, 'linux-x64', 'cpu'), {
      name: 'SetupFailure',
      message: 'This package of Tidemark is for darwin-arm64, and this machine is linux-x64.',
    });
  });
});

test('npm installs a package where its addons run: that of one platform there alone, and that of both on either', () => {
  const placesOf = (...platforms: readonly Platform[]) => {
    const { os, cpu, libc } = packageFiles(repositoryRoot, platforms).manifest;
    return { os, cpu, libc };
  };
  assert.deepEqual(placesOf('darwin-arm64'), { os: ['darwin'], cpu: ['arm64'], libc: undefined });
  assert.deepEqual(placesOf('linux-x64'), { os: ['linux'], cpu: ['x64'], libc: ['glibc'] });
  // npm would refuse one with a C library on a Mac.
  assert.deepEqual(placesOf('linux-x64', 'darwin-arm64'), {
    os: ['linux', 'darwin'],
    cpu: ['x64', 'arm64'],
    libc: undefined,
  });
});

test('an addon that needs newer libraries than Ubuntu 22.04 has is refused with their names', () => {
  const symbols = ['GLIBC_2.35', 'GLIBC_2.2.5', 'GLIBCXX_3.4.30', 'CXXABI_1.3.13'];
  const addon = (...names: readonly string[]) => Buffer.from(names.map((name) => `${name}\0`).join(''));
  assert.deepEqual(linuxFaults(addon(...symbols)), []);
  assert.deepEqual(linuxFaults(addon(...symbols, 'GLIBC_2.36', 'GLIBCXX_3.4.31')), [
    'It requires GLIBC_2.36, and Ubuntu 22.04 has GLIBC_2.35.',
    'It requires GLIBCXX_3.4.31, and Ubuntu 22.04 has GLIBCXX_3.4.30.',
  ]);
});

test("a list of Python's packages for another system has that system's, without their conditions", () => {
  const pins = [
    '# A comment; of two parts',
    'mlx==1 \\',
    '    --hash=sha256:aa',
    "mlx-cpu==1 ; sys_platform == 'linux' \\",
    '    --hash=sha256:bb',
    "mlx-metal==1 ; sys_platform == 'darwin' \\",
    '    --hash=sha256:cc \\',
    '    --hash=sha256:dd',
    '',
  ].join('\n');
  const mac = requirementsFor('darwin-arm64', pins);
  assert.match(
    mac,
    /^mlx==1 \\\n {4}--hash=sha256:aa\nmlx-metal==1 *\\\n {4}--hash=sha256:cc \\\n {4}--hash=sha256:dd\n$/m,
  );
  assert.doesNotMatch(mac, /linux|darwin|bb/);
  assert.match(requirementsFor('linux-x64', pins), /^mlx-cpu==1 *\\\n {4}--hash=sha256:bb$/m);
  assert.throws(
    () => requirementsFor('linux-x64', "a==1 ; python_version < '3.12' \\\n    --hash=sha256:aa"),
    {
      message: /is not of the system alone/,
    },
  );
});
