/**
 * The addon for the Mac, compiled and linked here: a wrong header, a missing symbol or a slip in the C++ ABI shows
 * without a Mac. And the check itself, on addons that are unfit.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { addonFaults } from './addon-faults.ts';
import { buildMacAddon } from './build-addon.ts';
import { readMachO } from './mach-o.ts';
import { macToolchain, runTool, type MacToolchain } from './surroundings.ts';

const isLinux = process.platform === 'linux' && process.arch === 'x64';
// The first time, Zig and MLX's Metal wheel are fetched (146 MB) and Zig compiles what it needs for itself.
const options = { skip: isLinux ? false : 'on a Mac the addon itself is compiled', timeout: 1_200_000 };

describe('the addon for macOS on Apple silicon', options, () => {
  let toolchain: MacToolchain;
  before(async () => {
    toolchain = await macToolchain(new AbortController().signal);
  });

  test('compiles and links, and every symbol that it needs will be there', async () => {
    const addon = readMachO(readFileSync(await buildMacAddon(toolchain)));
    assert.deepEqual(addonFaults(addon, toolchain.surroundings), []);
    const ofMlx = addon.imports.filter(({ library }) => library === '@rpath/libmlx.dylib');
    const ofNode = addon.imports.filter(({ library }) => library === 'any');
    assert.ok(ofMlx.length > 50, `Only ${ofMlx.length} symbols of MLX were checked`);
    assert.ok(ofNode.length > 30, `Only ${ofNode.length} symbols of Node were checked`);
  });

  test('would be refused for a function that libmlx does not have', async () => {
    const addon = await linkSample(toolchain, 'missing', '-DCALL_MISSING');
    assert.deepEqual(addonFaults(addon, toolchain.surroundings), [
      'It requires __ZN3mlx4core17no_such_operationERKNS0_5arrayE, which libmlx does not export.',
    ]);
  });

  test('would be refused for an overload that libmlx does not have', async () => {
    // MLX's exp takes a stream as its second argument: the name is right and the signature is not.
    const addon = await linkSample(toolchain, 'overload', '-DCALL_OVERLOAD');
    assert.deepEqual(addonFaults(addon, toolchain.surroundings), [
      'It requires __ZN3mlx4core3expERKNS0_5arrayEd, which libmlx does not export.',
    ]);
  });

  test('would be refused for a symbol of a C++ library that is newer than macOS 14', async () => {
    const addon = await linkSample(toolchain, 'newer', '-DUSE_NEWER_LIBRARY');
    assert.deepEqual(addonFaults(addon, toolchain.surroundings), [
      'It requires __ZNSt3__113__hash_memoryEPKvm, which the C++ library of macOS 14 is not known to provide (see cxx-library.ts).',
    ]);
  });
});

const sample = `
#include <functional>
#include <node_api.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mlx::core {
class array;
void no_such_operation(const array& input);
void exp(const array& input, double exponent);
}

NAPI_MODULE_INIT() {
#ifdef CALL_MISSING
  mlx::core::no_such_operation(*reinterpret_cast<mlx::core::array*>(exports));
#endif
#ifdef CALL_OVERLOAD
  mlx::core::exp(*reinterpret_cast<mlx::core::array*>(exports), 2.0);
#endif
#ifdef USE_NEWER_LIBRARY
  if (std::hash<std::string_view>()(std::string_view(reinterpret_cast<char*>(env), 40)) == 1) return nullptr;
#endif
  if (exports == nullptr) throw std::runtime_error("No exports");
  return exports;
}
`;

/** Compiles the sample and links it as the addon is linked. */
async function linkSample(toolchain: MacToolchain, name: string, flag: string) {
  const folder = join(toolchain.folder, 'samples', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const at = (file: string) => join(folder, file);
  const target = '--target=aarch64-macos.14.0';
  const headers = join(import.meta.dirname, '..', '..', 'node_modules', 'node-api-headers', 'include');
  writeFileSync(at('sample.cc'), sample);
  await runTool(toolchain, toolchain.zig, [
    ...['c++', target, '-std=c++20', '-O1', '-fvisibility=hidden', '-fno-sized-deallocation', '-I', headers],
    ...[flag, '-c', at('sample.cc'), '-o', at('sample.o')],
  ]);
  const { TIDEMARK_LIBMLX = '', TIDEMARK_LIBCXX = '', TIDEMARK_RPATH = '' } = toolchain.env;
  await runTool(toolchain, toolchain.zig, [
    ...['cc', target, '-shared', '-undefined', 'dynamic_lookup', '-install_name', '@rpath/tidemark.node'],
    ...[
      `-Wl,-rpath,${TIDEMARK_RPATH}`,
      '-o',
      at('sample.node'),
      at('sample.o'),
      TIDEMARK_LIBMLX,
      TIDEMARK_LIBCXX,
    ],
  ]);
  return readMachO(readFileSync(at('sample.node')));
}
