/** What `tidemark` is without its commands. */

import { Command } from 'commander';
import { tidemarkVersion } from '../version.ts';

/** A program that throws a CommanderError rather than exit, and prints no complaint of its own. */
export const emptyProgram = (): Command =>
  new Command('tidemark')
    .description('Measures and explains the memory of Kokoro-82M text-to-speech on MLX.')
    .version(tidemarkVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; of a command after its name')
    .configureHelp({ helpWidth: Math.min(100, process.stdout.columns || 100) })
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
