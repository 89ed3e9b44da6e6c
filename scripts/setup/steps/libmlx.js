/** MLX's library and headers, from its wheel for this platform. */

import { join } from 'node:path';
import { fetchWheel } from '../download.js';
import { libmlx as pins } from '../pins.js';
import { keyOf } from '../stamps.js';
import { replaceFolder, unpack } from '../unpack.js';

/**
 * @param {import('../platform.js').Platform} platform
 * @returns {import('../context.js').Step}
 */
export function libmlx(platform) {
  const pin = pins[platform];
  const library =
    platform === 'darwin-arm64'
      ? ['mlx/lib/libmlx.dylib', 'mlx/lib/mlx.metallib', 'mlx/lib/libjaccl.dylib']
      : ['mlx/lib/libmlx.so', 'mlx_cpu.libs'];
  return {
    name: 'libmlx',
    label: `MLX ${pin.version} (${pin.project})`,
    done: 'fetched',
    bytes: platform === 'darwin-arm64' ? 260_000_000 : 80_000_000,
    needs: ['python'],
    outputs: [...library, 'mlx/include/mlx/mlx.h', 'mlx/share/cmake/MLX/MLXConfig.cmake'].map((path) =>
      join('build', 'mlx', path),
    ),
    key: () => keyOf(pin),
    async work(context) {
      const unpacked = await unpack(context, await fetchWheel(context, pin), 'mlx');
      await replaceFolder(unpacked, context.layout.mlx);
    },
  };
}
