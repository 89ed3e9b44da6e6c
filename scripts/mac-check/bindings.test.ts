/** The bind opcodes of a small stream, written by hand from Apple's description. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatLookupOrdinal, readBindings } from './bindings.ts';
import { readMachO } from './mach-o.ts';

const symbol = (name: string) => [0x40, ...Buffer.from(`${name}\0`)];

test('each bind gives the symbol and the library that were last set', () => {
  const stream = Buffer.from([
    ...[0x11, ...symbol('_first'), 0x51, 0x72, 0x80, 0x01, 0x90],
    // The same library, another symbol, bound twice.
    ...[...symbol('_second'), 0xa0, 0x10, 0x90],
    // An ordinal above 15, in two bytes.
    ...[0x20, 0x80, 0x01, ...symbol('_third'), 0xc0, 0x02, 0x08],
    // Flat lookup, and the end.
    ...[0x3e, ...symbol('_napi_throw'), 0xb1, 0x00],
  ]);
  assert.deepEqual(readBindings(stream), [
    { name: '_first', ordinal: 1 },
    { name: '_second', ordinal: 1 },
    { name: '_second', ordinal: 1 },
    { name: '_third', ordinal: 128 },
    { name: '_napi_throw', ordinal: flatLookupOrdinal },
  ]);
});

test('an unknown opcode and a name without an end are refused', () => {
  assert.throws(() => readBindings(Buffer.from([0xd0])), /Unknown bind opcode 0xd0/);
  assert.throws(() => readBindings(Buffer.from([0x40, 0x61])), /has no end/);
});

test('what is not Mach-O is refused', () => {
  assert.throws(
    () => readMachO(Buffer.from('\x7fELF, and some more bytes to fill a header')),
    /Not a 64-bit Mach-O/,
  );
  assert.throws(() => readMachO(Buffer.alloc(0)), /Not a 64-bit Mach-O/);
});
