/** What the system's C++ library is known to export on every macOS that MLX supports; the library itself is not available here. */

import type { MachO } from './mach-o.ts';

export const cxxLibrary = '/usr/lib/libc++.1.dylib';

/**
 * Members of `<thread>`, `<mutex>`, `<condition_variable>`, `<system_error>` and `<chrono>` that are in libc++ since it
 * first came with macOS, in 10.7. Add a symbol here only when the availability table of its headers
 * (`__configuration/availability.h`) does not name it as introduced later.
 */
const longStanding = [
  '__ZNSt3__112system_errorC1EiRKNS_14error_categoryE',
  '__ZNSt3__112system_errorC1EiRKNS_14error_categoryEPKc',
  '__ZNSt3__112system_errorC1ENS_10error_codeEPKc',
  '__ZNSt3__112system_errorD1Ev',
  '__ZTINSt3__112system_errorE',
  '__ZTVNSt3__112system_errorE',
  '__ZNSt3__115system_categoryEv',
  '__ZNSt3__116generic_categoryEv',
  '__ZNSt3__120__throw_system_errorEiPKc',
  '__ZNSt3__16thread20hardware_concurrencyEv',
  '__ZNSt3__16thread4joinEv',
  '__ZNSt3__16thread6detachEv',
  '__ZNSt3__16threadD1Ev',
  '__ZNSt3__115__thread_structC1Ev',
  '__ZNSt3__115__thread_structD1Ev',
  '__ZNSt3__119__thread_local_dataEv',
  '__ZNSt3__15mutex4lockEv',
  '__ZNSt3__15mutex6unlockEv',
  '__ZNSt3__15mutex8try_lockEv',
  '__ZNSt3__15mutexD1Ev',
  '__ZNSt3__118condition_variable10notify_allEv',
  '__ZNSt3__118condition_variable10notify_oneEv',
  '__ZNSt3__118condition_variable4waitERNS_11unique_lockINS_5mutexEEE',
  '__ZNSt3__118condition_variableD1Ev',
  '__ZNSt3__16chrono12steady_clock3nowEv',
];

/** The symbols that MLX's own library takes from it, which must be there for MLX to load at all, and the oldest ones. */
export function cxxSymbols(libmlx: MachO): Set<string> {
  const ofMlx = libmlx.imports.filter(({ library }) => library === cxxLibrary).map(({ name }) => name);
  return new Set([...ofMlx, ...longStanding]);
}
