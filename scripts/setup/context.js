/** What every step of set-up is given, and what a step is. */

/**
 * @typedef {object} Tools the programs that the requirement checks found
 * @property {string} [compiler] a C++20 compiler
 * @property {{command: string, args: string[]}} [npm]
 */

/**
 * @typedef {object} Context
 * @property {import('./layout.js').Layout} layout
 * @property {import('./platform.js').Machine} machine
 * @property {import('./platform.js').Platform} platform
 * @property {import('./backend.js').Backend} backend
 * @property {NodeJS.ProcessEnv} env
 * @property {Tools} tools
 * @property {AbortSignal} signal
 * @property {(text: string) => void} [report] says how far the step is, to whoever watches
 * @property {(archive: string) => void} [fetched] told of each archive, by its path, once its hash is found right
 */

/** @typedef {'npm' | 'compiler' | 'driver'} Requirement */

/**
 * @typedef {object} Step
 * @property {string} name its stamp's name
 * @property {string} label what the person reads
 * @property {string} done what became of it: "installed", "fetched", "built"
 * @property {number} bytes the disk space that it takes at most, while it works
 * @property {readonly Requirement[]} needs
 * @property {(context: Context) => string} key hashes all that its result depends on
 * @property {readonly string[]} outputs paths relative to the repository; if one is gone the step runs again
 * @property {(context: Context) => Promise<void>} work
 */

export {};
