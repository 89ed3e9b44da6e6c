/** The commands of `tidemark`, put together. */

import { Command } from 'commander';
import { tidemarkVersion } from '../version.ts';
import { addProfileCommand } from './profile.ts';
import { addStudyCommand } from './study.ts';

/** A program that throws a CommanderError rather than exit, and prints no complaint of its own. */
export function createProgram(): Command {
  const program = new Command('tidemark')
    .description('Measures and explains the memory of Kokoro-82M text-to-speech on MLX.')
    .version(tidemarkVersion)
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  addProfileCommand(program);
  addStudyCommand(program);
  return program;
}
