/** `tidemark service`: the daemon as a service that the system starts and keeps running. */

import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { defineService, systemdUnit } from '../../service/definition.ts';
import { launchAgent, propertyListText } from '../../service/launch-agent.ts';
import { runService } from '../../service/run-service.ts';
import type { ServiceRequest } from '../../service/run-service.ts';
import { openServiceManager } from '../../service/service-manager.ts';
import { Steps } from '../../service/steps.ts';
import { thisSystem } from '../../service/system.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
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
    summary: 'install and start it, or put the present version in its place',
    description:
      'Writes the definition of the service, has it loaded, and waits until the daemon answers. Where it is installed ' +
      'already, the daemon is ended, the definition replaced, and the daemon started anew. TIDEMARK_HOME and the like are ' +
      'kept as they are set here, or else as they were installed.',
  },
  { action: 'start', summary: 'start it now', description: 'Starts it now, if it does not run.' },
  {
    action: 'stop',
    summary: 'end it until you log in again',
    description: 'Ends it until you log in again, or until it is started.',
  },
  {
    action: 'restart',
    summary: 'end and start it again',
    description: 'Ends it in good order, and starts it again.',
  },
] as const;

export function addServiceCommand(program: Command): void {
  const service = program
    .command('service')
    .summary('have the system start the daemon and keep it running')
    .description(
      'The daemon as a service of yours: an agent of launchd on macOS, a unit of systemd on Linux. It starts when you log ' +
        'in, and again after it failed. Nothing is ever installed but by `tidemark service install`.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark service install --dry-run   every command and file, without doing any of it
  $ tidemark service install
  $ tidemark service status
  $ tidemark service logs --follow
  $ tidemark service uninstall
`,
    );
  printResult(
    service
      .command('status')
      .summary('whether it is installed, runs, and is up to date')
      .description(
        'Says whether the service is installed, runs, crashed, is disabled, or is not what this version would install.',
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
      .summary('end and remove it; runs and models are kept')
      .description('Ends the daemon and removes the service. Runs, schedules, logs and models are kept.')
      .option(
        '--delete-history',
        'delete runs, schedules, alerts and logs as well, which cannot be taken back',
      )
      .option('--yes', 'confirm --delete-history'),
    uninstall,
  );
  addLogsOptions(
    service
      .command('logs')
      .summary("show the daemon's log")
      .description(
        "Shows the log of the service's daemon, as `tidemark logs` does for the data folder of this shell.",
      )
      .option('--output', 'show what the process itself printed, which is where a crash of Node shows'),
  ).action(showServiceLogs);
  service
    .command('plist')
    .summary("print macOS's property list")
    .description('Prints the property list that is installed on macOS, on whatever system this is.')
    .action(() => {
      const definition = defineService({ ...thisSystem(), platform: 'darwin' });
      process.stdout.write(propertyListText(launchAgent(definition)));
    });
}

const printChange: typeof printResult = (command, body) =>
  printResult(command.option('--dry-run', 'show every command and every file, and change nothing'), body);

async function act(request: ServiceRequest): Promise<CommandResult> {
  const document = await runService(thisSystem(), request);
  return { document, text: () => serviceReport(document) };
}

function uninstall(
  _context: Context,
  { dryRun, yes, deleteHistory }: UninstallOptions,
): Promise<CommandResult> {
  if (yes === true && deleteHistory !== true) {
    throw new TidemarkError('usage', '--yes confirms --delete-history, which is not there.', {
      hint: 'Leave --yes out; uninstalling itself needs no confirmation.',
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
    throw new TidemarkError('usage', 'systemd keeps what the process prints in its journal.', {
      hint: `Run \`journalctl --user --unit ${systemdUnit}\`.`,
    });
  }
}
