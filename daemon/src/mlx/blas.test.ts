/** OpenBLAS in the place of the reference BLAS: the dynamic linker itself is asked. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { blasLibrary } from './device.ts';

test(
  "libmlx's matrix products are bound to the addon, which forwards to OpenBLAS",
  { skip: process.platform === 'linux' ? false : 'Linux only: elsewhere libmlx has a fast BLAS of its own' },
  () => {
    assert.match(blasLibrary(), /^OpenBLAS /);
    const folder = temporaryFolder();
    const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const script = `
        const { array, matmul } = await import(${here('./ops.ts')});
        const { scope } = await import(${here('./scope.ts')});
        scope(() => matmul(array([1, 2, 3, 4], [2, 2]), array([1, 2, 3, 4], [2, 2])).toTypedArray());
      `;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, LD_DEBUG: 'bindings', LD_DEBUG_OUTPUT: join(folder, 'bindings') },
    });
    assert.equal(status, 0);
    const bindings = readdirSync(folder)
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
      .filter((line) => line.includes('cblas_sgemm'));
    assert.ok(
      bindings.some((line) => /libmlx\.so \[0\] to \S*tidemark\.node \[0\]/.test(line)),
      bindings.join('\n'),
    );
    assert.ok(
      bindings.some((line) => /tidemark\.node \[0\] to \S*libscipy_openblas/.test(line)),
      bindings.join('\n'),
    );
  },
);
