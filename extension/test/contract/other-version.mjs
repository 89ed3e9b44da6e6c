/** Preloaded into a daemon: makes it one that speaks the version TIDEMARK_TEST_PROTOCOL_VERSION of the protocol. */

import { registerHooks } from 'node:module';
import process from 'node:process';

const version = process.env['TIDEMARK_TEST_PROTOCOL_VERSION'];

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith('/protocol/daemon/wire.ts')) {
      return loaded;
    }
    const source = String(loaded.source);
    const changed = source.replace(
      /export const protocolVersion = \d+;/,
      `export const protocolVersion = ${version};`,
    );
    if (changed === source) {
      throw new Error('wire.ts no longer declares its version as it did');
    }
    return { ...loaded, source: changed };
  },
});
