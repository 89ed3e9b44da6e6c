/** The commands of `tidemark`, put together. */

import { Command } from 'commander';
import { dataFolder } from '../paths.ts';
import { tidemarkVersion } from '../version.ts';
import { addCompareCommand } from './compare.ts';
import { addDoctorCommand } from './doctor.ts';
import { addModelsCommand } from './models.ts';
import { addProfileCommand } from './profile.ts';
import { addReportCommand } from './report.ts';
import { addRequantizeCommand } from './requantize.ts';
import { addSayCommand } from './say.ts';
import { addSelftestCommand } from './selftest.ts';
import { addStudyCommand } from './study.ts';
import { addXrayCommand } from './xray.ts';

/** A program that throws a CommanderError rather than exit, and prints no complaint of its own. */
export function createProgram(): Command {
  const program = new Command('tidemark')
    .description('Measures and explains the memory of Kokoro-82M text-to-speech on MLX.')
    .version(tidemarkVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; of a command after its name')
    .configureHelp({ helpWidth: Math.min(100, process.stdout.columns || 100) })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark study                       the peaks of five models beside each other
  $ tidemark profile bf16                one model, iteration by iteration
  $ tidemark report study.json --out study.html
  $ tidemark compare before.json after.json
  $ tidemark profile mlx-community/Kokoro-82M-4bit --text "Good morning."
  $ tidemark xray 4bit-fp32              where a checkpoint's bytes are
  $ tidemark doctor                      whether everything is in order

Models are built or downloaded when they are first used, and kept in ${dataFolder()};
TIDEMARK_HOME moves that. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 got worse
(compare), 130 stopped by Ctrl-C.
`,
    );
  addProfileCommand(program);
  addStudyCommand(program);
  addReportCommand(program);
  addCompareCommand(program);
  addSayCommand(program);
  addRequantizeCommand(program);
  addXrayCommand(program);
  addModelsCommand(program);
  addDoctorCommand(program);
  addSelftestCommand(program);
  return program;
}
