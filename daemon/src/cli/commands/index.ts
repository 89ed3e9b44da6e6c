/** Every command of `tidemark`, in the groups and the order of its help. */

import type { CommandGroup } from '../program.ts';
import { addAcceptanceCommand } from './acceptance.ts';
import { addAlertsCommand } from './alerts.ts';
import { addCancelCommand } from './cancel.ts';
import { addCompareCommand } from './compare.ts';
import { addDaemonCommand } from './daemon.ts';
import { addDoctorCommand } from './doctor.ts';
import { addLoadCommand } from './load.ts';
import { addLogsCommand } from './logs.ts';
import { addModelsCommand } from './models.ts';
import { addProfileCommand } from './profile.ts';
import { addReportCommand } from './report.ts';
import { addRequantizeCommand } from './requantize.ts';
import { addRunsCommand } from './runs.ts';
import { addSayCommand } from './say.ts';
import { addScheduleCommand } from './schedule.ts';
import { addSelftestCommand } from './selftest.ts';
import { addServiceCommand } from './service.ts';
import { addSettingsCommand } from './settings.ts';
import { addSetupCommand } from './setup.ts';
import { addShowCommand } from './show.ts';
import { addStatusCommand } from './status.ts';
import { addStudyCommand } from './study.ts';
import { addTuneCommand } from './tune.ts';
import { addUnloadCommand } from './unload.ts';
import { addWatchPythonCommand } from './watch-python.ts';
import { addWatchCommand } from './watch.ts';
import { addXrayCommand } from './xray.ts';

export const allCommands: readonly CommandGroup[] = [
  {
    title: 'Measure:',
    commands: [
      addProfileCommand,
      addStudyCommand,
      addTuneCommand,
      addWatchPythonCommand,
      addReportCommand,
      addCompareCommand,
    ],
  },
  {
    title: 'Daemon and history:',
    commands: [
      addStatusCommand,
      addWatchCommand,
      addRunsCommand,
      addShowCommand,
      addScheduleCommand,
      addAlertsCommand,
      addLoadCommand,
      addUnloadCommand,
      addCancelCommand,
      addSettingsCommand,
      addServiceCommand,
      addLogsCommand,
      addDaemonCommand,
    ],
  },
  {
    title: 'Models and speech:',
    commands: [addSayCommand, addRequantizeCommand, addXrayCommand, addModelsCommand],
  },
  {
    title: 'Checks:',
    commands: [addSetupCommand, addDoctorCommand, addSelftestCommand, addAcceptanceCommand],
  },
];
