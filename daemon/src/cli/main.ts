/** The command line's entry: `tidemark COMMAND …`. */

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { buildFolder } from '../paths.ts';

// Node keeps what it made of each source file, its types left out, so that the next start takes half the time and the
// compiler, some 40 MB of it, is not loaded: the daemon is one that stays. Where it cannot be kept, nothing is lost.
enableCompileCache(join(buildFolder, 'compile-cache'));
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine();
