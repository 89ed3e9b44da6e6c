/** `tidemark service`: the daemon as a service that the system starts and keeps running. */

import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { defineService, serviceNames } from '../../service/definition.ts';
import { launchAgent, propertyListText } from '../../service/launch-agent.ts';
import { runService } from '../../service/run-service.ts';
import type { ServiceRequest } from '../../service/run-service.ts';
import { openServiceManager } from '../../service/service-manager.ts';
import { Steps } from '../../service/steps.ts';
import { thisSystem } from '../../service/system.ts';
import { printResult } from '../command.ts';
import { writeMarkup } from '../output.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
import { addExamples } from '../program.ts';
import { serviceReport } from '../reports/service-report.ts';
import { addLogsOptions, showLogs } from './logs.ts';
import type { LogsOptions } from './logs.ts';

interface ChangeOptions extends OutputOptions {
  readonly dryRun?: true;
}

interface UninstallOptions extends ChangeOptions {
  readonly deleteHistory?: true;
  readonly yes?: true;
}

/** The actions that need nothing but themselves. */
const plainActions = [
  {
    action: 'install',
    summary: 'install and start the service, or update it to this version',
    description:
      'Writes the service definition, loads it, and waits until the daemon answers. If the service is already installed, stops ' +
      'the daemon, replaces the definition, and starts the daemon again. The definition keeps TIDEMARK_HOME and similar ' +
      'variables as they are set in this shell, or else as they were installed.',
  },
  { action: 'start', summary: 'start the service', description: 'Starts the service if it is not running.' },
  {
    action: 'stop',
    summary: 'stop the service until you log in again',
    description: 'Stops the service until you log in again or start it.',
  },
  {
    action: 'restart',
    summary: 'restart the service',
    description: 'Stops the service cleanly, and starts it again.',
  },
] as const;

export function addServiceCommand(program: Command): void {
  const service = program
    .command('service')
    .summary('run the daemon as a background service')
    .description(
      'Manages the daemon as a service of your user account: a launchd agent on macOS, a systemd unit on Linux. The service starts ' +
        'when you log in, and restarts after a failure. Only `tidemark service install` installs anything.',
    );
  addExamples(service, [
    'tidemark service install --dry-run   show every command and file without doing anything',
    'tidemark service install',
    'tidemark service status',
    'tidemark service logs --follow',
    'tidemark service uninstall',
  ]);
  printResult(
    service
      .command('status')
      .summary('show whether the service is installed, running, and up to date')
      .description(
        'Shows whether the service is installed, running, crashed, disabled, or different from what this version installs.',
      ),
    () => act({ action: 'status' }),
  );
  for (const { action, summary, description } of plainActions) {
    printChange(
      service.command(action).summary(summary).description(description),
      (_context, { dryRun }: ChangeOptions) => act({ action, isDryRun: dryRun }),
    );
  }
  printChange(
    service
      .command('uninstall')
      .summary('stop and remove the service, and keep runs and models')
      .description('Stops the daemon and removes the service. Keeps runs, schedules, logs, and models.')
      .option('--delete-history', 'also delete runs, schedules, alerts, and logs permanently')
      .option('--yes', 'confirm --delete-history'),
    uninstall,
  );
  addLogsOptions(
    service
      .command('logs')
      .summary("show the daemon's log")
      .description(
        "Shows the log of the service's daemon, which may use another data folder than this shell.",
      )
      .option('--output', 'show the output of the process, which includes crashes of Node'),
  ).action(showServiceLogs);
  service
    .command('plist')
    .summary('print the macOS property list')
    .description(
      'Prints the property list that `tidemark service install` installs on macOS. Works on any system.',
    )
    .action(() => {
      const definition = defineService({ ...thisSystem(), platform: 'darwin' });
      writeMarkup(propertyListText(launchAgent(definition)).trimEnd());
    });
}

const printChange: typeof printResult = (command, body) =>
  printResult(command.option('--dry-run', 'show every command and file without changing anything'), body);

async function act(request: ServiceRequest): Promise<CommandResult> {
  const document = await runService(thisSystem(), request);
  return { document, text: () => serviceReport(document) };
}

function uninstall(
  _context: Context,
  { dryRun, yes, deleteHistory }: UninstallOptions,
): Promise<CommandResult> {
  if (yes === true && deleteHistory !== true) {
    throw new TidemarkError('usage', '--yes confirms --delete-history, which was not given.', {
      hint: 'Omit --yes; uninstalling needs no confirmation.',
    });
  }
  return act({ action: 'uninstall', isDryRun: dryRun, deletesHistory: deleteHistory, isConfirmed: yes });
}

async function showServiceLogs(options: LogsOptions & { readonly output?: true }): Promise<void> {
  const system = thisSystem();
  const { definition } = await openServiceManager(system, new Steps(system, true));
  if (options.output !== true) {
    await showLogs(definition.logFile, options);
  } else if (system.platform === 'darwin') {
    await showLogs(definition.outputFile, options);
  } else {
    throw new TidemarkError('usage', 'On Linux, the output of the process is in the systemd journal.', {
      hint: `Run \`journalctl --user --unit ${serviceNames.daemon.systemdUnit}\`.`,
    });
  }
}
