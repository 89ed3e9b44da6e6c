/** Loads the Node-API addon over libmlx and hands out its functions to this folder. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { buildFolder, setupCommand } from '../paths.ts';

/** An element type, by MLX's own name. */
export type DType =
  | 'bool'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'float64'
  | 'complex64';

/** A handle on one `mlx::core::array`; opaque outside this folder. */
export interface NativeHandle {
  readonly __brand: 'mlx::core::array';
}

/** Where set-up leaves the addon. */
const addonPath = join(buildFolder, 'native', 'tidemark.node');

function loadAddon(): Readonly<Record<string, unknown>> {
  try {
    return createRequire(import.meta.url)(addonPath) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const missing = /(lib[\w.+-]+): cannot open shared object/.exec(String(cause))?.[1];
    const reason = missing === undefined ? '' : `: ${missing} is missing`;
    throw new TidemarkError('native-addon', `The native addon for libmlx could not be loaded${reason}.`, {
      hint:
        missing === 'libcuda.so.1'
          ? `MLX's CUDA backend is set up, which needs NVIDIA's driver: install it, or run \`TIDEMARK_BACKEND=cpu ${setupCommand}\`.`
          : `Run \`${setupCommand}\` to get whatever is missing.`,
      cause,
    });
  }
}

const addon = loadAddon();

/**
 * The addon's function of this name, with the signature that its C++ has. Throws a TidemarkError ('native-addon') where there
 * is none: the addon is then older or newer than this file.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- C++ defines the signature; the caller says it
export function native<Signature>(name: string): Signature {
  if (typeof addon[name] !== 'function') {
    throw new TidemarkError('native-addon', "The native addon does not match this version's sources.", {
      hint: `Run \`${setupCommand}\` to replace it.`,
    });
  }
  return addon[name] as Signature;
}
