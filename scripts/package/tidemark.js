#!/usr/bin/env node
/** The installed command `tidemark`, on the Node that the person has. */

import process from 'node:process';

// node:sqlite says whether it is in a transaction since these.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 16) || major === 23) {
  process.stderr.write(
    `tidemark: Tidemark needs Node 22.16 or newer, or Node 24 or newer, and this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}

// Those versions warn whenever SQLite is loaded, which tells a person nothing that they could act on.
const emit = process.emitWarning.bind(process);
process.emitWarning = (/** @type {unknown[]} */ ...given) => {
  if (!String(given[0]).startsWith('SQLite is an experimental feature')) {
    Reflect.apply(emit, process, given);
  }
};

await import('../../daemon/src/cli/main.js');
