/**
 * Reads what dyld would read of a 64-bit Mach-O file: its kind, the libraries and symbols that it needs, those that it
 * exports. Structures and constants as in Apple's <mach-o/loader.h> and <mach-o/nlist.h>.
 */

import { cString, flatLookupOrdinal, readBindings, uleb128 } from './bindings.ts';

export interface MachO {
  readonly cpu: 'arm64' | 'other';
  readonly kind: 'bundle' | 'dylib' | 'other';
  /** The oldest macOS that it loads on, as "14.0"; undefined when it is for another system. */
  readonly minimumMacOS: string | undefined;
  /** The install names of the libraries that it links, in their order. */
  readonly libraries: readonly string[];
  readonly rpaths: readonly string[];
  readonly imports: readonly Import[];
  readonly exports: ReadonlySet<string>;
  /** The kernel of an Apple silicon Mac runs no unsigned code; an ad-hoc signature will do. */
  readonly signed: boolean;
}

export interface Import {
  /** As in the symbol table, with the leading underscore. */
  readonly name: string;
  /** An install name, or `any` when dyld looks in every image that is loaded. */
  readonly library: string;
}

const magic64 = 0xfeedfacf;
const cpuArm64 = 0x0100000c;
const kinds: Readonly<Record<number, MachO['kind']>> = { 6: 'dylib', 8: 'bundle' };
const platformMacOS = 1;

/** Load commands; those that dyld must understand carry the high bit. */
const command = {
  symtab: 0x2,
  loadDylib: 0xc,
  loadWeakDylib: 0x80000018,
  reexportDylib: 0x8000001f,
  rpath: 0x8000001c,
  codeSignature: 0x1d,
  dyldInfo: 0x22,
  dyldInfoOnly: 0x80000022,
  buildVersion: 0x32,
  exportsTrie: 0x80000033,
} as const;

/** nlist's n_type: an undefined external symbol has its last bit alone, bar the private-external bit. */
const undefinedExternal = 0x01;
const privateExternal = 0x10;

/** @throws Error when the bytes are no 64-bit little-endian Mach-O file */
export function readMachO(file: Buffer): MachO {
  if (file.length < 32 || file.readUInt32LE(0) !== magic64) {
    throw new Error('Not a 64-bit Mach-O file');
  }
  const libraries: string[] = [];
  const rpaths: string[] = [];
  let symtab: number | undefined;
  let bindStreams: Buffer[] | undefined;
  let trie: Buffer = Buffer.alloc(0);
  let minimumMacOS: string | undefined;
  let signed = false;

  let at = 32;
  for (let remaining = file.readUInt32LE(16); remaining > 0; remaining -= 1) {
    const size = file.readUInt32LE(at + 4);
    const stringAt = (field: number) => cString(file, at + file.readUInt32LE(at + field));
    const slice = (field: number) => {
      const start = file.readUInt32LE(at + field);
      return file.subarray(start, start + file.readUInt32LE(at + field + 4));
    };
    switch (file.readUInt32LE(at)) {
      case command.loadDylib:
      case command.loadWeakDylib:
      case command.reexportDylib:
        libraries.push(stringAt(8));
        break;
      case command.rpath:
        rpaths.push(stringAt(8));
        break;
      case command.symtab:
        symtab = at;
        break;
      case command.dyldInfo:
      case command.dyldInfoOnly:
        // The weak stream between these two only unites what the image itself defines with other images' copies.
        bindStreams = [slice(16), slice(32)];
        trie = slice(40);
        break;
      case command.exportsTrie:
        trie = slice(8);
        break;
      case command.buildVersion:
        if (file.readUInt32LE(at + 8) === platformMacOS) {
          minimumMacOS = version(file.readUInt32LE(at + 12));
        }
        break;
      case command.codeSignature:
        signed = file.readUInt32LE(at + 12) > 0;
        break;
      default:
    }
    at += size;
  }
  return {
    cpu: file.readUInt32LE(4) === cpuArm64 ? 'arm64' : 'other',
    kind: kinds[file.readUInt32LE(12)] ?? 'other',
    minimumMacOS,
    libraries,
    rpaths,
    imports:
      bindStreams === undefined
        ? importsOfTable(file, symtab, libraries)
        : importsOfStreams(bindStreams, libraries),
    exports: readExports(trie),
    signed,
  };
}

/** What dyld is told to bind. */
function importsOfStreams(streams: readonly Buffer[], libraries: readonly string[]): Import[] {
  const imports = new Map<string, Import>();
  for (const { name, ordinal } of streams.flatMap(readBindings)) {
    imports.set(`${ordinal} ${name}`, { name, library: libraryAt(ordinal, libraries) });
  }
  return [...imports.values()];
}

/** The same from the symbol table, for images whose bindings are chained through their data (LC_DYLD_CHAINED_FIXUPS). */
function importsOfTable(file: Buffer, symtab: number | undefined, libraries: readonly string[]): Import[] {
  if (symtab === undefined) {
    return [];
  }
  const symbols = file.readUInt32LE(symtab + 8);
  const count = file.readUInt32LE(symtab + 12);
  const strings = file.readUInt32LE(symtab + 16);
  const imports: Import[] = [];
  for (let entry = symbols; entry < symbols + count * 16; entry += 16) {
    if ((file.readUInt8(entry + 4) & ~privateExternal) !== undefinedExternal) {
      continue;
    }
    // A signed byte here too: the linker's 254 for "any image" is the streams' -2.
    imports.push({
      name: cString(file, strings + file.readUInt32LE(entry)),
      library: libraryAt(file.readInt8(entry + 7), libraries),
    });
  }
  return imports;
}

function libraryAt(ordinal: number, libraries: readonly string[]): string {
  if (ordinal === flatLookupOrdinal) {
    return 'any';
  }
  return libraries[ordinal - 1] ?? `special place ${ordinal}`;
}

/** Walks the prefix tree in which dyld looks exported names up. */
function readExports(trie: Buffer): Set<string> {
  const names = new Set<string>();
  const visit = (node: number, prefix: string) => {
    const [terminalSize, afterSize] = uleb128(trie, node);
    if (terminalSize > 0) {
      names.add(prefix);
    }
    let at = afterSize + terminalSize;
    const children = trie.readUInt8(at);
    at += 1;
    for (let index = 0; index < children; index += 1) {
      const label = cString(trie, at);
      const [child, next] = uleb128(trie, at + Buffer.byteLength(label, 'latin1') + 1);
      visit(child, prefix + label);
      at = next;
    }
  };
  if (trie.length > 0) {
    visit(0, '');
  }
  return names;
}

/** xxxx.yy.zz in nibbles. */
function version(packed: number): string {
  return `${packed >>> 16}.${(packed >>> 8) & 0xff}`;
}
