/** The commands of `tidemark`, put together. */

import type { Command } from 'commander';
import { dataFolder } from '../paths.ts';
import { addAlertsCommand } from './alerts.ts';
import { addCancelCommand } from './cancel.ts';
import { addCompareCommand } from './compare.ts';
import { addDaemonCommand } from './daemon.ts';
import { addDoctorCommand } from './doctor.ts';
import { emptyProgram } from './empty-program.ts';
import { addLoadCommand, addUnloadCommand } from './held-model.ts';
import { addLogsCommand } from './logs.ts';
import { addModelsCommand } from './models.ts';
import { addProfileCommand } from './profile.ts';
import { addReportCommand } from './report.ts';
import { addRequantizeCommand } from './requantize.ts';
import { addRunsCommand } from './runs.ts';
import { addSayCommand } from './say.ts';
import { addScheduleCommand } from './schedule.ts';
import { addSelftestCommand } from './selftest.ts';
import { addSettingsCommand } from './settings.ts';
import { addServiceCommand } from './service.ts';
import { addShowCommand } from './show.ts';
import { addStatusCommand } from './status.ts';
import { addStudyCommand } from './study.ts';
import { addWatchCommand } from './watch.ts';
import { addXrayCommand } from './xray.ts';

export function createProgram(): Command {
  const program = emptyProgram().addHelpText(
    'after',
    `
Examples:
  $ tidemark study                       the peaks of five models beside each other
  $ tidemark profile bf16                one model, iteration by iteration
  $ tidemark report study.json --out study.html
  $ tidemark compare before.json after.json
  $ tidemark profile mlx-community/Kokoro-82M-4bit --text "Good morning."
  $ tidemark xray 4bit-fp32              where a checkpoint's bytes are
  $ tidemark service install             have the daemon run in the background
  $ tidemark schedule add nightly --cron "0 3 * * *"
  $ tidemark watch                       what the daemon is at, live
  $ tidemark doctor                      whether everything is in order

Models are built or downloaded when they are first used, and kept in ${dataFolder()},
as is the daemon's history; TIDEMARK_HOME moves that. Exit codes: 0 done, 1 failed, 2 wrong usage,
3 got worse (compare), 4 no daemon runs, 130 stopped by Ctrl-C.
`,
  );
  program.commandsGroup('Measure:');
  addProfileCommand(program);
  addStudyCommand(program);
  addReportCommand(program);
  addCompareCommand(program);
  program.commandsGroup('Daemon and history:');
  addStatusCommand(program);
  addWatchCommand(program);
  addRunsCommand(program);
  addShowCommand(program);
  addScheduleCommand(program);
  addAlertsCommand(program);
  addLoadCommand(program);
  addUnloadCommand(program);
  addCancelCommand(program);
  addSettingsCommand(program);
  addServiceCommand(program);
  addLogsCommand(program);
  addDaemonCommand(program);
  program.commandsGroup('Models and speech:');
  addSayCommand(program);
  addRequantizeCommand(program);
  addXrayCommand(program);
  addModelsCommand(program);
  program.commandsGroup('Checks:');
  addDoctorCommand(program);
  addSelftestCommand(program);
  return program;
}
