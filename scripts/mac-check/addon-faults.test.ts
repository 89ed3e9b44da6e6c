/** Each fault that would keep an addon from loading on a Mac is found. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addonFaults, mlxRpath } from './addon-faults.ts';
import type { MachO } from './mach-o.ts';

const libmlx: MachO = {
  cpu: 'arm64',
  kind: 'dylib',
  minimumMacOS: '14.0',
  libraries: ['/usr/lib/libc++.1.dylib'],
  rpaths: [],
  imports: [{ name: '__Znwm', library: '/usr/lib/libc++.1.dylib' }],
  exports: new Set(['__ZN3mlx4core3expEv']),
  signed: true,
};
const surroundings = { libmlx, nodeApi: new Set(['napi_throw']) };
const fit: MachO = {
  cpu: 'arm64',
  kind: 'dylib',
  minimumMacOS: '14.0',
  libraries: ['/usr/lib/libSystem.B.dylib', '/usr/lib/libc++.1.dylib', '@rpath/libmlx.dylib'],
  rpaths: [mlxRpath],
  imports: [
    { name: '__ZN3mlx4core3expEv', library: '@rpath/libmlx.dylib' },
    { name: '__Znwm', library: '/usr/lib/libc++.1.dylib' },
    { name: '_memcpy', library: '/usr/lib/libSystem.B.dylib' },
    { name: '_napi_throw', library: 'any' },
  ],
  exports: new Set(['_napi_register_module_v1']),
  signed: true,
};

test('a fit addon has no fault, be it a bundle or a dynamic library', () => {
  assert.deepEqual(addonFaults(fit, surroundings), []);
  assert.deepEqual(addonFaults({ ...fit, kind: 'bundle' }, surroundings), []);
});

/** The fit addon, with one symbol more. */
const needing = (name: string, library: string): Partial<MachO> => ({
  imports: [...fit.imports, { name, library }],
});

const unfit: readonly [string, Partial<MachO>, string][] = [
  ['another processor', { cpu: 'other' }, 'It is not built for arm64.'],
  ['an executable', { kind: 'other' }, 'It is neither a bundle nor a dynamic library.'],
  ['another system', { minimumMacOS: undefined }, 'It is not built for macOS.'],
  ['a newer macOS', { minimumMacOS: '15.0' }, 'It requires macOS 15.0.'],
  ['no signature', { signed: false }, 'It is not signed, not even ad hoc.'],
  ['no entry point', { exports: new Set() }, 'It does not export napi_register_module_v1.'],
  ['a further library', { libraries: [...fit.libraries, '/opt/x.dylib'] }, 'It links /opt/x.dylib.'],
  [
    'a C++ library of its own',
    { libraries: ['/usr/lib/libSystem.B.dylib', '@rpath/libmlx.dylib'], imports: [] },
    "It does not link the system's C++ library.",
  ],
  [
    'a path to libmlx of the building machine',
    { rpaths: ['/elsewhere'] },
    `It does not look for libmlx in ${mlxRpath}.`,
  ],
  [
    'a symbol that libmlx lacks',
    needing('__ZN3mlx4core3logEv', '@rpath/libmlx.dylib'),
    'It requires __ZN3mlx4core3logEv, which libmlx does not export.',
  ],
  [
    'a symbol of MLX that the linker left open',
    needing('__ZN3mlx4core3logEv', 'any'),
    'It requires __ZN3mlx4core3logEv, which libmlx does not export.',
  ],
  [
    'a function of a later Node-API',
    needing('_node_api_create_buffer_from_arraybuffer', 'any'),
    'It requires _node_api_create_buffer_from_arraybuffer, which no library provides.',
  ],
  [
    'a symbol of a later C++ library',
    needing('__ZNSt3__17to_jsonEv', '/usr/lib/libc++.1.dylib'),
    'It requires __ZNSt3__17to_jsonEv, which the C++ library of macOS 14 is not known to provide (see cxx-library.ts).',
  ],
  [
    'a symbol that nothing provides',
    needing('_cblas_sgemm', 'any'),
    'It requires _cblas_sgemm, which no library provides.',
  ],
  [
    'a symbol that the addon would look for in itself',
    needing('_napi_throw', 'special place 0'),
    'It requires _napi_throw from special place 0.',
  ],
];
for (const [name, change, sentence] of unfit) {
  test(`${name} is a fault`, () =>
    assert.deepEqual(addonFaults({ ...fit, ...change }, surroundings), [sentence]));
}
