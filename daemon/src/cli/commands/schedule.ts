/** `tidemark schedule`: leak checks that the daemon runs automatically. */

import { Argument } from 'commander';
import type { Command } from 'commander';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { SchedulesDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { Parameters, Result } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { addExamples } from '../program.ts';
import { profileReport } from '../reports/profile-report.ts';
import { runTitle, stateWord, unreadableLines } from '../reports/run-words.ts';
import { idleWords, schedulesReport } from '../reports/schedule-report.ts';
import { runByDaemon } from '../runs/remote-run.ts';
import { singleRun } from '../runs/run-documents.ts';
import { openRuns } from '../runs/run-store.ts';
import { showLoop } from '../runs/show-steps.ts';
import { addScheduleOptions, settingsFrom, settingsOf, timingWords } from '../schedule-settings.ts';
import type { ScheduleOptions } from '../schedule-settings.ts';
import { wholeNumber } from '../values.ts';
import { workloadFrom } from '../workload-options.ts';

const idOf = (argument: '<id>' | '[id]', what: string): Argument =>
  new Argument(argument, what).argParser(wholeNumber(1));

const whole = idOf('<id>', "the schedule's number, as listed by `tidemark schedule`");

/** The rule of the library that computes due times; scheduler/timing.ts says the same of it. */
const daylightSavingNotes = [
  'Daylight-saving time: A cron expression whose minutes and hours are numbers, ranges, or lists, such as "30 2 * * *", names ' +
    'times of day. A time that the clocks skip runs when the gap ends, on the same day; a time that occurs twice runs once, ' +
    'the first time. An expression with * or a step in its minutes or hours, such as "*/30 * * * *", names intervals: times ' +
    'in the gap are skipped, and times that occur twice run twice. If a time zone skips a whole day, that day has no checks.',
];

export function addScheduleCommand(program: Command): void {
  const schedule = program
    .command('schedule')
    .summary('schedule automatic leak checks')
    .description(
      'Manages automatic leak checks. On schedule, the daemon profiles a model in its loaded host, so that slow leaks show, and ' +
        'compares the result with earlier checks. Findings become alerts.',
    );
  addExamples(
    schedule,
    [
      'tidemark schedule',
      'tidemark schedule add nightly --cron "0 3 * * *" --model 4bit-bf16',
      'tidemark schedule add --every 6h --jitter 10m --skip-on-battery',
      'tidemark schedule set 1 --iterations 30',
      'tidemark schedule pause            pause all schedules',
      'tidemark schedule run 1            run a check now',
      'tidemark schedule remove 1',
    ],
    'All subcommands except list require a running daemon, and otherwise exit with 4.',
  );
  printResult(
    schedule
      .command('list', { isDefault: true })
      .summary('list the schedules (default)')
      .description('Lists the schedules, when each is due next, and why its last check was skipped.'),
    listSchedules,
  );
  const add = addScheduleOptions(
    schedule
      .command('add')
      .summary('add a schedule')
      .description('Adds a schedule. Requires --every or --cron.')
      .argument('[name]', 'name of the schedule (default: the name of the model)'),
  );
  addExamples(
    add,
    ['tidemark schedule add nightly --cron "0 3 * * *"', 'tidemark schedule add --every 6h'],
    ...daylightSavingNotes,
  );
  printResult(add, async (context, name: string | undefined, options: ScheduleOptions) => {
    const settings = settingsFrom({ ...options, name }, await workloadFrom(options));
    return withDaemon(context, async (daemon) =>
      changed(daemon, 'Added', await daemon.call('setSchedule', { settings })),
    );
  });
  printResult(
    addScheduleOptions(
      schedule
        .command('set')
        .summary('change a schedule')
        .description('Changes the given settings of a schedule, and leaves the others unchanged.')
        .addArgument(whole)
        .option('--name <name>', 'new name of the schedule'),
    ),
    async (context, id: number, options: ScheduleOptions) => {
      const workload = await workloadFrom(options);
      return await withDaemon(context, async (daemon) => {
        const settings = settingsFrom(options, workload, settingsOf(await findSchedule(daemon, id)));
        return await changed(daemon, 'Changed', await daemon.call('setSchedule', { id, settings }));
      });
    },
  );
  printResult(
    schedule
      .command('remove')
      .summary('remove a schedule, and keep its runs')
      .description('Removes a schedule. The runs of its checks stay in the history.')
      .addArgument(whole),
    (context, id: number) =>
      withDaemon(context, async (daemon) => {
        // One that cannot be read has no name, and can be removed all the same.
        const { schedules } = await daemon.call('listSchedules', {});
        const found = schedules.find((schedule) => schedule.id === id);
        await daemon.call('removeSchedule', { id });
        return await listed(
          daemon,
          () => `Removed schedule ${id}${found === undefined ? '' : ` “${found.name}”`}.`,
        );
      }),
  );
  const oneOrAll = idOf('[id]', "the schedule's number (default: all schedules)");
  printResult(
    schedule
      .command('pause')
      .summary('pause one schedule or all schedules')
      .description('Pauses a schedule, or all schedules at once, until it is resumed.')
      .addArgument(oneOrAll),
    (context, id: number | undefined) => pause(context, { id, paused: true }),
  );
  printResult(
    schedule
      .command('resume')
      .summary('resume one schedule or all schedules')
      .description(
        'Resumes a schedule. Without a number, ends the pause of all schedules; those paused individually stay paused.',
      )
      .addArgument(oneOrAll),
    (context, id: number | undefined) => pause(context, { id, paused: false }),
  );
  printResult(
    schedule
      .command('run')
      .summary('run a check now')
      .description(
        'Runs the check of a schedule now, whatever its timing, and waits for it to end; Ctrl-C cancels it. Without a number, ' +
          'checks the default model outside of any schedule.',
      )
      .addArgument(idOf('[id]', "the schedule's number"))
      .option('--no-wait', 'start the check without waiting for it'),
    (context, id: number | undefined, { wait }: { readonly wait: boolean }) =>
      withDaemon(context, (daemon) => (wait ? checkAndWait(daemon, id, context) : startCheck(daemon, id))),
  );
}

async function listSchedules(context: Context): Promise<CommandResult> {
  await using store = await openRuns(context);
  const document = documentFrom(await store.ask('listSchedules', {}));
  return {
    document,
    text: () =>
      [
        schedulesReport(document, new Date()),
        ...unreadableLines(document.unreadable, (id) => [`Schedule ${id}`, `tidemark schedule remove ${id}`]),
        ...(store.isDaemon
          ? []
          : ['', 'The daemon is not running, so no checks run. Start it with `tidemark service start`.']),
      ].join('\n'),
  };
}

const documentFrom = ({ schedules, paused, unreadable }: Result<'listSchedules'>): SchedulesDocument => ({
  ...headOf('schedules'),
  schedules,
  paused,
  ...(unreadable === undefined ? {} : { unreadable }),
});

/** What was done to a schedule, and what its checks cannot find with the daemon's settings. */
async function changed(daemon: DaemonClient, done: string, schedule: Schedule): Promise<CommandResult> {
  const { idleUnloadSeconds } = await daemon.call('getSettings', {});
  const idle = idleWords(schedule, idleUnloadSeconds, new Date());
  return await listed(daemon, () =>
    [`${done} schedule ${wordsOf(schedule)}`, ...(idle === undefined ? [] : [idle])].join('\n'),
  );
}

/** As a document, all schedules as they are now. */
async function listed(daemon: DaemonClient, words: () => string): Promise<CommandResult> {
  return { document: documentFrom(await daemon.call('listSchedules', {})), text: words };
}

async function findSchedule(daemon: DaemonClient, id: number): Promise<Schedule> {
  const { schedules } = await daemon.call('listSchedules', {});
  const found = schedules.find((schedule) => schedule.id === id);
  if (found === undefined) {
    throw new TidemarkError('not-found', `There is no schedule ${id}.`, {
      hint: 'Run `tidemark schedule` to list them.',
    });
  }
  return found;
}

/** `1 “nightly”: bf16 with af_heart, 0 3 * * *; next 25 Nov 2025, 03:00.` */
function wordsOf(schedule: Schedule): string {
  const { id, name, model, voice, nextAt } = schedule;
  const next = nextAt === undefined ? 'paused' : `next ${formatDateTime(new Date(nextAt))}`;
  return `${id} “${name}”: ${shortModel(model)} with ${voice}, ${timingWords(schedule)}; ${next}.`;
}

function pause(context: Context, change: Parameters<'pauseSchedules'>): Promise<CommandResult> {
  return withDaemon(context, async (daemon) => {
    const { id, paused } = change;
    const document = documentFrom(await daemon.call('pauseSchedules', change));
    const what = id === undefined ? 'All schedules are' : `Schedule ${id} is`;
    const others =
      !paused && id !== undefined && document.paused
        ? ' All schedules are still paused; resume them with `tidemark schedule resume`.'
        : '';
    return { document, text: () => `${what} ${paused ? 'paused' : 'no longer paused'}.${others}` };
  });
}

async function startCheck(daemon: DaemonClient, id: number | undefined): Promise<CommandResult> {
  const record = await daemon.call('checkNow', { id });
  return {
    document: singleRun(record),
    text: () =>
      `Run #${record.id}, ${runTitle(record)}, is ${stateWord(record.state)}. Follow it with \`tidemark watch\`.`,
  };
}

async function checkAndWait(
  daemon: DaemonClient,
  id: number | undefined,
  context: Context,
): Promise<CommandResult> {
  const document = await runByDaemon(
    daemon,
    'profile',
    {
      start: () => daemon.call('checkNow', { id }),
      show: (record) => showLoop(context, shortModel(record.models[0] ?? runTitle(record)), record),
    },
    context,
  );
  return {
    document,
    text: () => profileReport(document),
    exitCode: exitCodeOfRun(document.outcome.status === 'complete', context.signal),
  };
}
