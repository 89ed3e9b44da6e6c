/** Fetches what the addon for the Mac is compiled with: Zig, MLX's Metal wheel; and describes what it will meet there. */

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { run } from '../setup/children.js';
import { fetchWheel } from '../setup/download.js';
import { layoutOf } from '../setup/layout.js';
import { libmlx, zig } from '../setup/pins.js';
import { platformOf, thisMachine } from '../setup/platform.js';
import { checkRequirements } from '../setup/requirements.js';
import { replaceFolder, unpack } from '../setup/unpack.js';
import { mlxRpath, type Surroundings } from './addon-faults.ts';
import { cxxLibrary, cxxSymbols } from './cxx-library.ts';
import { readMachO } from './mach-o.ts';

type Context = Parameters<typeof fetchWheel>[0];

/** As daemon/native/CMakeLists.txt defines it. */
const nodeApiVersion = 'v9';

export interface MacToolchain {
  readonly context: Context;
  /** The folder of all of it, the addon included. */
  readonly folder: string;
  readonly mlxRoot: string;
  /** What Zig, CMake and the toolchain file need. */
  readonly env: NodeJS.ProcessEnv;
  readonly zig: string;
  readonly surroundings: Surroundings;
}

/** Once on a machine this takes a download of 146 MB; afterwards milliseconds. */
export async function macToolchain(signal: AbortSignal): Promise<MacToolchain> {
  const layout = layoutOf();
  const machine = thisMachine();
  const folder = layout.prebuilt;
  const context: Context = {
    // Apart from set-up's own folders, which another set-up may be clearing.
    layout: { ...layout, downloads: join(folder, 'downloads'), partial: join(folder, 'partial') },
    machine,
    platform: platformOf(machine),
    backend: 'metal',
    env: process.env,
    tools: {},
    signal,
  };
  const zigFolder = join(folder, `zig-${zig.version}`);
  const mlxFolder = join(folder, `mlx-${libmlx.metal.version}`);
  const missing = [zigFolder, mlxFolder].filter((path) => !existsSync(path));
  if (missing.length > 0) {
    await checkRequirements(context, [], missing.length * 600_000_000);
  }
  await mkdir(folder, { recursive: true });
  if (missing.includes(zigFolder)) {
    const unpacked = await unpack(context, await fetchWheel(context, zig), 'zig');
    chmodSync(join(unpacked, 'ziglang', 'zig'), 0o755);
    await replaceFolder(unpacked, zigFolder);
  }
  if (missing.includes(mlxFolder)) {
    const unpacked = await unpack(context, await fetchWheel(context, libmlx.metal), 'mlx');
    // Nothing here reads the Metal kernels, and they are most of it.
    await rm(join(unpacked, 'mlx', 'lib', 'mlx.metallib'));
    await replaceFolder(unpacked, mlxFolder);
  }
  await rm(context.layout.downloads, { recursive: true, force: true });

  const mlxRoot = join(mlxFolder, 'mlx');
  const library = join(mlxRoot, 'lib', 'libmlx.dylib');
  const surroundings = { libmlx: readMachO(readFileSync(library)), nodeApi: nodeApiFunctions() };
  const stub = join(folder, 'libc++.tbd');
  writeFileSync(stub, cxxStub(surroundings));
  const zigProgram = join(zigFolder, 'ziglang', 'zig');
  return {
    context,
    folder,
    mlxRoot,
    zig: zigProgram,
    surroundings,
    env: {
      ...process.env,
      ZIG_GLOBAL_CACHE_DIR: join(folder, 'zig-cache'),
      ZIG_LOCAL_CACHE_DIR: join(folder, 'zig-cache'),
      TIDEMARK_ZIG: zigProgram,
      TIDEMARK_LIBMLX: library,
      TIDEMARK_LIBCXX: stub,
      TIDEMARK_RPATH: mlxRpath,
    },
  };
}

/** Runs a program of the toolchain. @throws Error with its last words when it fails */
export async function runTool(
  toolchain: MacToolchain,
  command: string,
  args: readonly string[],
): Promise<void> {
  const { env, context } = toolchain;
  const { status, output } = await run(command, args, { env, signal: context.signal });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed:\n${output.slice(-8000)}`);
  }
}

function nodeApiFunctions(): Set<string> {
  const { symbols } = createRequire(import.meta.url)('node-api-headers') as {
    symbols: Record<string, { js_native_api_symbols: string[]; node_api_symbols: string[] } | undefined>;
  };
  const listed = symbols[nodeApiVersion];
  if (listed === undefined) {
    throw new Error(`node-api-headers lists no Node-API ${nodeApiVersion}`);
  }
  return new Set([...listed.js_native_api_symbols, ...listed.node_api_symbols]);
}

/** The system's C++ library, as far as it is known, in the linker's text format. */
function cxxStub({ libmlx }: Surroundings): string {
  const names = [...cxxSymbols(libmlx)].map((name) => `'${name}'`);
  return [
    '--- !tapi-tbd',
    'tbd-version: 4',
    'targets: [ arm64-macos ]',
    `install-name: '${cxxLibrary}'`,
    'exports:',
    '  - targets: [ arm64-macos ]',
    `    symbols: [ ${names.join(', ')} ]`,
    '...',
    '',
  ].join('\n');
}
