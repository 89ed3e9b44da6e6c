/** Says why macOS would refuse to load an addon, or would load it and run it wrongly. */

import { cxxLibrary, cxxSymbols } from './cxx-library.ts';
import type { Import, MachO } from './mach-o.ts';

const systemLibrary = '/usr/lib/libSystem.B.dylib';
const mlxLibrary = '@rpath/libmlx.dylib';
/** Where libmlx lies, seen from build/native and from build/mac alike. */
export const mlxRpath = '@loader_path/../mlx/mlx/lib';
/** The latest macOS that the addon may require: MLX's own minimum. */
const oldestMacOS = 14;

export interface Surroundings {
  /** The libmlx that the addon will be loaded with. */
  readonly libmlx: MachO;
  /** The functions of the Node-API version that the addon asks for, without underscore. */
  readonly nodeApi: ReadonlySet<string>;
}

/** @returns a sentence for each fault; none when the addon is fit */
export function addonFaults(addon: MachO, surroundings: Surroundings): string[] {
  return [...imageFaults(addon), ...libraryFaults(addon), ...importFaults(addon, surroundings)];
}

function imageFaults({ cpu, kind, minimumMacOS, signed, exports }: MachO): string[] {
  const faults: string[] = [];
  if (cpu !== 'arm64') {
    faults.push('It is not built for arm64.');
  }
  // dlopen takes both, and Node's process.dlopen is dlopen.
  if (kind === 'other') {
    faults.push('It is neither a bundle nor a dynamic library.');
  }
  if (minimumMacOS === undefined) {
    faults.push('It is not built for macOS.');
  } else if (Number(minimumMacOS) > oldestMacOS) {
    faults.push(`It requires macOS ${minimumMacOS}.`);
  }
  if (!signed) {
    faults.push('It is not signed, not even ad hoc.');
  }
  if (!exports.has('_napi_register_module_v1')) {
    faults.push('It does not export napi_register_module_v1.');
  }
  return faults;
}

function libraryFaults({ libraries, rpaths }: MachO): string[] {
  const faults: string[] = [];
  const known = [systemLibrary, cxxLibrary, mlxLibrary];
  for (const library of libraries) {
    if (!known.includes(library)) {
      faults.push(`It links ${library}.`);
    }
  }
  if (!libraries.includes(mlxLibrary)) {
    faults.push('It does not link libmlx.');
  }
  // A second C++ runtime has type information of its own, and MLX's exceptions would slip past its catch clauses.
  if (!libraries.includes(cxxLibrary)) {
    faults.push("It does not link the system's C++ library.");
  }
  if (!rpaths.includes(mlxRpath)) {
    faults.push(`It does not look for libmlx in ${mlxRpath}.`);
  }
  return faults;
}

function importFaults({ imports }: MachO, { libmlx, nodeApi }: Surroundings): string[] {
  const known = cxxSymbols(libmlx);
  const fault = ({ name, library }: Import): string | undefined => {
    switch (library) {
      case systemLibrary:
        return undefined;
      case cxxLibrary:
        return known.has(name)
          ? undefined
          : `It requires ${name}, which the C++ library of macOS ${oldestMacOS} is not known to provide (see cxx-library.ts).`;
      case mlxLibrary:
        return libmlx.exports.has(name) ? undefined : `It requires ${name}, which libmlx does not export.`;
      case 'any':
        if (nodeApi.has(name.slice(1))) {
          return undefined;
        }
        if (name.includes('3mlx4core')) {
          return `It requires ${name}, which libmlx does not export.`;
        }
        return name.includes('St3__1')
          ? `It requires ${name}, which the C++ library of macOS ${oldestMacOS} is not known to provide (see cxx-library.ts).`
          : `It requires ${name}, which no library provides.`;
      default:
        return `It requires ${name} from ${library}.`;
    }
  };
  return imports.map(fault).filter((sentence) => sentence !== undefined);
}
