/** `tidemark schedule`: leak checks that the daemon does by itself. */

import { Argument } from 'commander';
import type { Command } from 'commander';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { SchedulesDocument, SingleRunDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { Result } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { profileReport } from '../reports/profile-report.ts';
import { keptNote, runTitle, shortModel } from '../reports/run-words.ts';
import { idleWords, schedulesReport } from '../reports/schedule-report.ts';
import { studyReport } from '../reports/study-report.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { documentOf, followToEnd } from '../runs/remote-run.ts';
import { showLoop } from '../runs/show-steps.ts';
import { openRuns } from '../runs/run-store.ts';
import { addScheduleOptions, settingsFrom, settingsOf, timingWords } from '../schedule-settings.ts';
import type { ScheduleOptions } from '../schedule-settings.ts';
import { wholeNumber } from '../values.ts';

const whole = new Argument('<id>', 'its number, as `tidemark schedule` lists it').argParser(wholeNumber(1));
const oneOrAll = new Argument('[id]', 'its number; all of them without').argParser(wholeNumber(1));

/** The rule of the library that computes due times; scheduler/timing.ts says the same of it. */
const daylightSavingHelp = `
Daylight-saving time:
  A cron expression whose minutes and hours are numbers, ranges or lists, such as "30 2 * * *", names times of day. A time
  that the clocks skip runs when the gap ends, on the same day; a time that occurs twice runs once, the first time. An
  expression with * or a step in its minutes or hours, such as "*/30 * * * *", names intervals: times in the gap are
  skipped, and times that occur twice run twice. Where a time zone skips a whole day, that day has no checks.
`;

export function addScheduleCommand(program: Command): void {
  const schedule = program
    .command('schedule')
    .summary('have models checked for leaks by themselves')
    .description(
      'Checks that the daemon does by itself: it profiles a model in the host that it keeps, so that slow leaks show, and ' +
        'compares with the checks before. What a person should know becomes an alert.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark schedule
  $ tidemark schedule add nightly --cron "0 3 * * *" --model 4bit-bf16
  $ tidemark schedule add --every 6h --jitter 10m --skip-on-battery
  $ tidemark schedule set 1 --iterations 30
  $ tidemark schedule pause            all of them; resume goes on
  $ tidemark schedule run 1            now, whatever its timing
  $ tidemark schedule remove 1

All but the list need a daemon (exit code 4 where none runs).
`,
    );
  printResult(
    schedule
      .command('list', { isDefault: true })
      .summary('list the schedules')
      .description('Lists the schedules, when each is due next, and why it was left out last.'),
    listSchedules,
  );
  printResult(
    addScheduleOptions(
      schedule
        .command('add')
        .summary('add one')
        .description('Adds a schedule. It needs --every or --cron.')
        .argument('[name]', "what it is called (default: the model's name)")
        .addHelpText('after', daylightSavingHelp),
    ),
    (context, name: string | undefined, options: ScheduleOptions & OutputOptions) => {
      const settings = settingsFrom({ ...options, ...(name === undefined ? {} : { name }) });
      return withDaemon(context, async (daemon) => {
        const added = await daemon.call('setSchedule', { settings });
        return await listed(daemon, await changeWords(daemon, 'Added', added));
      });
    },
  );
  printResult(
    addScheduleOptions(
      schedule
        .command('set')
        .summary('change one')
        .description('Changes what is given of a schedule, and leaves the rest.')
        .addArgument(whole)
        .option('--name <name>', 'what it is called'),
    ),
    (context, id: number, options: ScheduleOptions & OutputOptions) =>
      withDaemon(context, async (daemon) => {
        const before = await findSchedule(daemon, id);
        const changed = await daemon.call('setSchedule', {
          id,
          settings: settingsFrom(options, settingsOf(before)),
        });
        return await listed(daemon, await changeWords(daemon, 'Changed', changed));
      }),
  );
  printResult(
    schedule
      .command('remove')
      .summary('remove one; its runs stay')
      .description('Removes a schedule. The runs of its checks stay in the history.')
      .addArgument(whole),
    (context, id: number) =>
      withDaemon(context, async (daemon) => {
        const { name } = await findSchedule(daemon, id);
        await daemon.call('removeSchedule', { id });
        return await listed(daemon, () => `Removed schedule ${id} “${name}”.`);
      }),
  );
  for (const paused of [true, false]) {
    printResult(
      schedule
        .command(paused ? 'pause' : 'resume')
        .summary(paused ? 'stop one for a while, or all' : 'go on with one, or all')
        .description(
          paused
            ? 'Stops a schedule until it is resumed; without a number all of them, whatever each one is set to.'
            : 'Goes on with a schedule; without a number ends the pause of all, and each is as it is set.',
        )
        .addArgument(oneOrAll),
      (context, id: number | undefined) => pause(id, paused, context),
    );
  }
  printResult(
    schedule
      .command('run')
      .summary('check now')
      .description(
        'Does a check of a schedule now, whatever its timing, and waits for it; Ctrl-C cancels it. Without a number it checks ' +
          'the default model, for no schedule.',
      )
      .addArgument(new Argument('[id]', 'its number').argParser(wholeNumber(1)))
      .option('--no-wait', 'only start it'),
    (context, id: number | undefined, options: OutputOptions & { readonly wait: boolean }) =>
      withDaemon(context, (daemon) =>
        options.wait ? checkAndWait(daemon, id, context) : startCheck(daemon, id),
      ),
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
        ...(store.isDaemon
          ? []
          : ['', 'No daemon runs, so none of them is checked: `tidemark service start`.']),
      ].join('\n'),
  };
}

const documentFrom = ({ schedules, paused }: Result<'listSchedules'>): SchedulesDocument => ({
  ...headOf('schedules'),
  schedules,
  paused,
});

/** What changed, in words; as a document all of them, as they are now. */
/** What was done, and what the person may not expect of it. */
async function changeWords(daemon: DaemonClient, done: string, schedule: Schedule): Promise<() => string> {
  const { idleUnloadSeconds } = await daemon.call('getSettings', {});
  const idle = idleWords(schedule, idleUnloadSeconds, new Date());
  return () => [`${done} schedule ${wordsOf(schedule)}`, ...(idle === undefined ? [] : [idle])].join('\n');
}

async function listed(daemon: DaemonClient, words: () => string): Promise<CommandResult> {
  return { document: documentFrom(await daemon.call('listSchedules', {})), text: words };
}

async function findSchedule(daemon: DaemonClient, id: number): Promise<Schedule> {
  const { schedules } = await daemon.call('listSchedules', {});
  const found = schedules.find((schedule) => schedule.id === id);
  if (found === undefined) {
    throw new TidemarkError('not-found', `There is no schedule ${id}.`, {
      hint: '`tidemark schedule` lists them.',
    });
  }
  return found;
}

/** `1 “nightly”: bf16 with af_heart, 0 3 * * *; next 25 Nov 2025, 03:00.` */
function wordsOf(schedule: Schedule): string {
  const { id, name, model, voice } = schedule;
  return `${id} “${name}”: ${shortModel(model)} with ${voice}, ${timingWords(schedule)}; ${nextWords(schedule)}.`;
}

const nextWords = ({ nextAt }: Schedule): string =>
  nextAt === undefined ? 'paused' : `next ${formatDateTime(new Date(nextAt))}`;

async function pause(id: number | undefined, paused: boolean, context: Context): Promise<CommandResult> {
  return await withDaemon(context, async (daemon) => {
    const state = await daemon.call('pauseSchedules', { ...(id === undefined ? {} : { id }), paused });
    const document = documentFrom(state);
    const what = id === undefined ? 'All schedules are' : `Schedule ${id} is`;
    return {
      document,
      text: () =>
        paused
          ? `${what} paused.`
          : `${what} no longer paused.${id !== undefined && state.paused ? ' All schedules still are: `tidemark schedule resume`.' : ''}`,
    };
  });
}

const checkOf = (id: number | undefined): { readonly id?: number } => (id === undefined ? {} : { id });

async function startCheck(daemon: DaemonClient, id: number | undefined): Promise<CommandResult> {
  const record = await daemon.call('checkNow', checkOf(id));
  const document: SingleRunDocument = { ...headOf('run'), record, samples: [] };
  return {
    document,
    text: () => `Run #${record.id}, ${runTitle(record)}, is ${record.state}: \`tidemark watch\` follows it.`,
  };
}

async function checkAndWait(
  daemon: DaemonClient,
  id: number | undefined,
  context: Context,
): Promise<CommandResult> {
  let show: OnStep | undefined;
  const detail = await followToEnd(
    daemon,
    {
      start: () => daemon.call('checkNow', checkOf(id)),
      onBegin: (record) => {
        const title = shortModel(record.models[0] ?? runTitle(record));
        show = showLoop(context, title, record);
      },
      onStep: (step) => show?.(step),
    },
    context,
  );
  context.progress.end();
  const document = documentOf(detail, context);
  context.progress.note(keptNote(detail.record));
  return {
    document,
    text: () => (document.kind === 'profile' ? profileReport(document) : studyReport(document)),
    exitCode: exitCodeOfRun(detail.record.state === 'complete', context.signal),
  };
}
