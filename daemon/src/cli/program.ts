/** The commands of `tidemark`, put together. */

import type { Command } from 'commander';
import { dataFolder } from '../paths.ts';
import { addAlertsCommand } from './commands/alerts.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addCompareCommand } from './commands/compare.ts';
import { addDaemonCommand } from './commands/daemon.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { emptyProgram } from './empty-program.ts';
import { addLoadCommand, addUnloadCommand } from './commands/held-model.ts';
import { addLogsCommand } from './commands/logs.ts';
import { addModelsCommand } from './commands/models.ts';
import { addProfileCommand } from './commands/profile.ts';
import { addReportCommand } from './commands/report.ts';
import { addRequantizeCommand } from './commands/requantize.ts';
import { addRunsCommand } from './commands/runs.ts';
import { addSayCommand } from './commands/say.ts';
import { addScheduleCommand } from './commands/schedule.ts';
import { addSelftestCommand } from './commands/selftest.ts';
import { addSettingsCommand } from './commands/settings.ts';
import { addServiceCommand } from './commands/service.ts';
import { addShowCommand } from './commands/show.ts';
import { addStatusCommand } from './commands/status.ts';
import { addStudyCommand } from './commands/study.ts';
import { addWatchCommand } from './commands/watch.ts';
import { addXrayCommand } from './commands/xray.ts';

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
