/** OpenBLAS, which stands in for the reference BLAS that MLX's Linux wheel links. */

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchWheel } from '../download.js';
import { openblas as pin } from '../pins.js';
import { keyOf } from '../stamps.js';
import { newPartialFolder, replaceFolder, unpack } from '../unpack.js';

/** @type {import('../context.js').Step} */
export const openblas = {
  name: 'openblas',
  label: `OpenBLAS ${pin.version.split('.').slice(0, 3).join('.')}`,
  done: 'fetched',
  bytes: 70_000_000,
  needs: ['python'],
  outputs: ['build/openblas/libscipy_openblas.so', 'build/openblas/include/cblas.h'],
  key: () => keyOf(pin),
  async work(context) {
    const unpacked = await unpack(context, await fetchWheel(context, pin), 'openblas-wheel');
    const whole = await newPartialFolder(context, 'openblas');
    const wheel = join(unpacked, 'scipy_openblas32');
    await cp(join(wheel, 'lib', 'libscipy_openblas.so'), join(whole, 'libscipy_openblas.so'));
    await cp(join(wheel, 'include'), join(whole, 'include'), { recursive: true });
    await cp(
      join(unpacked, `scipy_openblas32-${pin.version}.dist-info`, 'licenses', 'LICENSE.txt'),
      join(whole, 'LICENSE.txt'),
    );
    await rm(unpacked, { recursive: true });
    await replaceFolder(whole, context.layout.openblas);
  },
};
