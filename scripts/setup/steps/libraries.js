/** The libraries that the addon is built against, from their wheels: MLX and, on Linux, OpenBLAS. */

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchWheel } from '../download.js';
import { cudaHeaders, libmlx as mlxPins, openblas as openblasPin } from '../pins.js';
import { keyOf } from '../stamps.js';
import { newPartialFolder, replaceFolder, unpack } from '../unpack.js';

/** @type {Record<import('../backend.js').Backend, {bytes: number, files: readonly string[]}>} */
const mlxOutputs = {
  cpu: { bytes: 80_000_000, files: ['mlx/lib/libmlx.so', 'mlx_cpu.libs'] },
  cuda: {
    bytes: 450_000_000,
    files: ['mlx/lib/libmlx.so', 'mlx_cuda_13.libs', 'mlx/include/cccl', 'mlx/include/crt/mma.h'],
  },
  metal: {
    bytes: 260_000_000,
    files: ['mlx/lib/libmlx.dylib', 'mlx/lib/mlx.metallib', 'mlx/lib/libjaccl.dylib'],
  },
};

/**
 * MLX's library and headers, from its wheel for a backend.
 *
 * @param {import('../backend.js').Backend} backend
 * @returns {import('../context.js').Step}
 */
export function libmlx(backend) {
  const pin = mlxPins[backend];
  const { bytes, files } = mlxOutputs[backend];
  return {
    name: 'libmlx',
    label: `MLX ${pin.version} (${pin.project})`,
    done: 'fetched',
    bytes,
    needs: [],
    outputs: [...files, 'mlx/include/mlx/mlx.h', 'mlx/share/cmake/MLX/MLXConfig.cmake'].map((path) =>
      join('build', 'mlx', path),
    ),
    key: () => (backend === 'cuda' ? keyOf(pin, cudaHeaders) : keyOf(pin)),
    async work(context) {
      const unpacked = await unpack(context, await fetchWheel(context, pin), 'mlx');
      if (backend === 'cuda') {
        await addCudaHeaders(context, join(unpacked, 'mlx', 'include'));
      }
      await replaceFolder(unpacked, context.layout.mlx);
    },
  };
}

/**
 * Puts `crt` beside MLX's own headers, where the compiler of its kernels looks too.
 *
 * @param {import('../context.js').Context} context
 * @param {string} include
 */
async function addCudaHeaders(context, include) {
  const headers = await unpack(context, await fetchWheel(context, cudaHeaders), cudaHeaders.project);
  await cp(join(headers, 'nvidia', 'cu13', 'include', 'crt'), join(include, 'crt'), { recursive: true });
  await rm(headers, { recursive: true });
}

/**
 * OpenBLAS, which replaces the reference BLAS that MLX's Linux wheel links.
 *
 * @type {import('../context.js').Step}
 */
export const openblas = {
  name: 'openblas',
  label: `OpenBLAS ${openblasPin.version.split('.').slice(0, 3).join('.')}`,
  done: 'fetched',
  bytes: 70_000_000,
  needs: [],
  outputs: ['build/openblas/libscipy_openblas.so', 'build/openblas/include/cblas.h'],
  key: () => keyOf(openblasPin),
  async work(context) {
    const unpacked = await unpack(context, await fetchWheel(context, openblasPin), 'openblas-wheel');
    const whole = await newPartialFolder(context, 'openblas');
    const wheel = join(unpacked, 'scipy_openblas32');
    await cp(join(wheel, 'lib', 'libscipy_openblas.so'), join(whole, 'libscipy_openblas.so'));
    await cp(join(wheel, 'include'), join(whole, 'include'), { recursive: true });
    await cp(
      join(unpacked, `scipy_openblas32-${openblasPin.version}.dist-info`, 'licenses', 'LICENSE.txt'),
      join(whole, 'LICENSE.txt'),
    );
    await rm(unpacked, { recursive: true });
    await replaceFolder(whole, context.layout.openblas);
  },
};
