/** The two encodings that Mach-O files use throughout: zero-ended strings and variable-length numbers. */

/** One character a byte: symbol names are ASCII. */
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
