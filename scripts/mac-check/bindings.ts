/**
 * Reads the opcode streams that tell dyld which symbol goes where, and from which library (LC_DYLD_INFO). Opcodes as in
 * Apple's <mach-o/loader.h>.
 */

export interface Binding {
  readonly name: string;
  /** The library's index, from 1; 0 and below are dyld's special places. */
  readonly ordinal: number;
}

/** Every image that is loaded, in order: how an addon finds Node's own symbols. */
export const flatLookupOrdinal = -2;

const opcodeMask = 0xf0;
const immediateMask = 0x0f;

const opcode = {
  done: 0x00,
  setOrdinalImmediate: 0x10,
  setOrdinalUleb: 0x20,
  setSpecialOrdinal: 0x30,
  setSymbol: 0x40,
  setType: 0x50,
  setAddend: 0x60,
  setSegmentAndOffset: 0x70,
  addAddress: 0x80,
  bind: 0x90,
  bindAddAddress: 0xa0,
  bindAddScaled: 0xb0,
  bindTimesSkipping: 0xc0,
} as const;

/** @throws Error on an opcode that is not one of the above */
export function readBindings(stream: Buffer): Binding[] {
  const bindings: Binding[] = [];
  let name = '';
  let ordinal = 0;
  let at = 0;
  const skipNumber = () => {
    [, at] = uleb128(stream, at);
  };
  const bind = () => bindings.push({ name, ordinal });
  while (at < stream.length) {
    const byte = stream.readUInt8(at);
    const immediate = byte & immediateMask;
    at += 1;
    switch (byte & opcodeMask) {
      // In the lazy stream each entry ends with this; elsewhere it is padding.
      case opcode.done:
      case opcode.setType:
        break;
      case opcode.setOrdinalImmediate:
        ordinal = immediate;
        break;
      case opcode.setOrdinalUleb:
        [ordinal, at] = uleb128(stream, at);
        break;
      case opcode.setSpecialOrdinal:
        // A negative number in four bits.
        ordinal = immediate === 0 ? 0 : immediate - 16;
        break;
      case opcode.setSymbol:
        name = cString(stream, at);
        at += name.length + 1;
        break;
      case opcode.setAddend:
      case opcode.setSegmentAndOffset:
      case opcode.addAddress:
        skipNumber();
        break;
      case opcode.bind:
      case opcode.bindAddScaled:
        bind();
        break;
      case opcode.bindAddAddress:
        bind();
        skipNumber();
        break;
      case opcode.bindTimesSkipping:
        bind();
        skipNumber();
        skipNumber();
        break;
      default:
        throw new Error(`Unknown bind opcode 0x${byte.toString(16)}`);
    }
  }
  return bindings;
}

/** A string that ends with a zero, one character a byte: symbol names are ASCII. */
export function cString(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start);
  if (end === -1) {
    throw new Error(`The string at ${start} has no end`);
  }
  return bytes.toString('latin1', start, end);
}

/** An unsigned LEB128 number, and where it ends. */
export function uleb128(bytes: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  let at = start;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes.readUInt8(at);
    at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      return [value, at];
    }
  }
}
