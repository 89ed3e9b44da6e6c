/** Which backend is set up, and where NVIDIA's libraries are found. */

import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { backendOf, driverVersion } from './backend.js';
import { missingIn, neededLibraries, nvidia } from './steps/nvidia.js';
import { temporaryContext, writeProgram } from './test-context.ts';

test('the driver decides on Linux, and TIDEMARK_BACKEND before it', () => {
  assert.equal(backendOf('linux-x64', {}, undefined), 'cpu');
  assert.equal(backendOf('linux-x64', {}, '580.159.04'), 'cuda');
  assert.equal(backendOf('linux-x64', {}, '1000.1'), 'cuda');
  assert.equal(backendOf('linux-x64', {}, '550.90.07'), 'cpu');
  assert.equal(backendOf('darwin-arm64', {}, undefined), 'metal');
  assert.equal(backendOf('linux-x64', { TIDEMARK_BACKEND: 'cpu' }, '580.1'), 'cpu');
  assert.equal(backendOf('linux-x64', { TIDEMARK_BACKEND: ' cuda ' }, undefined), 'cuda');
  assert.equal(backendOf('linux-x64', { TIDEMARK_BACKEND: '' }, undefined), 'cpu');
  for (const [platform, asked, message] of [
    ['linux-x64', 'metal', /is metal, but on linux-x64 it can be cpu or cuda/],
    ['darwin-arm64', 'cuda', /is cuda, but on darwin-arm64 it can be metal/],
    ['linux-x64', 'GPU', /is GPU/],
  ] as const) {
    assert.throws(() => backendOf(platform, { TIDEMARK_BACKEND: asked }, undefined), { message });
  }
});

test("the driver's version is read as its kernel module writes it", (t) => {
  const file = join(temporaryFolder(t), 'version');
  assert.equal(driverVersion(file), undefined);
  for (const [text, version] of [
    [
      'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build  (x@y)\n',
      '580.159.04',
    ],
    [
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n',
      '535.183.01',
    ],
    ['NVRM version: unknown\n', undefined],
  ] as const) {
    writeFileSync(file, `${text}GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n`);
    assert.equal(driverVersion(file), version);
  }
});

/** A folder as Python packages leave it, with all libraries but `without`. */
function nvidiaFolder(folder: string, without = ''): string {
  for (const name of neededLibraries.filter((library) => library !== without)) {
    const part = name.includes('cudnn') ? 'cudnn' : name.includes('nccl') ? 'nccl' : 'cu13';
    mkdirSync(join(folder, 'nvidia', part, 'lib'), { recursive: true });
    writeFileSync(join(folder, 'nvidia', part, 'lib', name), '');
  }
  return folder;
}

test("NVIDIA's libraries are those of a Python installation that has all of them", async (t) => {
  const context = temporaryContext(t, { backend: 'cuda' });
  const [partial, whole] = [
    nvidiaFolder(temporaryFolder(t), 'libcudnn.so.9'),
    nvidiaFolder(temporaryFolder(t)),
  ];
  assert.deepEqual(missingIn(join(partial, 'nvidia')), ['libcudnn.so.9']);
  assert.deepEqual(missingIn(join(whole, 'absent')), neededLibraries);
  const programs = join(context.layout.root, 'bin');
  writeProgram(join(programs, 'python3'), `printf '%s\\n' '' '${partial}' '${whole}'`);
  mkdirSync(context.layout.mlx, { recursive: true });
  await nvidia.work({ ...context, env: { ...process.env, PATH: `${programs}:${process.env['PATH']}` } });
  assert.equal(readlinkSync(join(context.layout.mlx, 'nvidia')), join(whole, 'nvidia'));
});

test('or of the system, where its loader knows all of them', async (t) => {
  const context = temporaryContext(t, { backend: 'cuda' });
  const programs = join(context.layout.root, 'bin');
  const known = neededLibraries.map((name) => `\t${name} (libc6,x86-64) => /usr/local/cuda/lib64/${name}`);
  writeProgram(join(programs, 'ldconfig'), `cat <<'END'`, ...known, 'END');
  writeProgram(join(programs, 'python3'), 'exit 0');
  mkdirSync(context.layout.mlx, { recursive: true });
  const env = { ...process.env, PATH: `${programs}:${process.env['PATH']}` };
  await nvidia.work({ ...context, env });
  assert.deepEqual(missingIn(join(context.layout.mlx, 'nvidia')), neededLibraries);
});
