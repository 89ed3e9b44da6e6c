/** `tidemark settings`: the daemon's settings, as a person types and reads them. */

import { accessSync, constants } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { quoted } from '@tidemark/shared/printable.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import { formatFacts } from '@tidemark/shared/format/terminal.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { SettingsDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import { removedDays, removedFolder } from '../../history/removed-runs.ts';
import { dataFolder } from '../../paths.ts';
import { didYouMean } from '../../models/nearest.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { givenProgram } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { column, outputWidth, tableOf } from '../reports/layout.ts';
import { openRuns } from '../runs/run-store.ts';
import {
  bytesValue,
  durationBetween,
  durationText,
  shareValue,
  switchValue,
  wholeNumber,
} from '../values.ts';

export function addSettingsCommand(program: Command): void {
  const settings = program
    .command('settings')
    .summary("show and change the daemon's settings")
    .description(
      "Shows and changes the daemon's settings. They are stored with the history. Changes take effect immediately.",
    );
  addExamples(settings, [
    'tidemark settings',
    'tidemark settings get memory-ceiling',
    'tidemark settings set memory-ceiling 600MB',
    'tidemark settings set idle-unload 30m alert-peak 10%',
    'tidemark settings set python ~/speech/.venv/bin/python',
    'tidemark settings reset idle-unload',
  ]);
  printResult(
    settings
      .command('list', { isDefault: true })
      .summary('list all settings (default)')
      .description('Lists the settings, their values, and their meaning.'),
    async (context) => {
      const document = await stored(context);
      return { document, text: () => settingsTable(document.settings) };
    },
  );
  printResult(
    settings
      .command('get')
      .summary('print one setting')
      .description('Prints the value of a setting, and nothing else.')
      .argument('<name>', 'name listed by `tidemark settings`'),
    async (context, name: string) => {
      const setting = settingNamed(name);
      const document = await stored(context);
      return { document, text: () => setting.show(document.settings) };
    },
  );
  printResult(
    settings
      .command('set')
      .summary('change settings')
      .description('Changes one or more settings. Requires a running daemon.')
      .argument('<pairs...>', 'names, each followed by its new value'),
    (context, words: string[]) => {
      const pairs = pairsOf(words);
      const changes = pairs.map(([setting, value]) => readValue(setting, value));
      return change(
        context,
        pairs.map(([setting]) => setting),
        changes,
      );
    },
  );
  printResult(
    settings
      .command('reset')
      .summary('restore default values')
      .description(
        'Restores the default values of the named settings, or of all settings. Requires a running daemon.',
      )
      .argument('[names...]', 'names listed by `tidemark settings`'),
    (context, names: string[]) => {
      const chosen = names.length === 0 ? settingList : names.map(settingNamed);
      const changes = chosen.map((setting) => setting.read(setting.show(defaultDaemonSettings)));
      return change(context, chosen, changes);
    },
  );
}

const documentOf = (settings: DaemonSettings): SettingsDocument => ({ ...headOf('settings'), settings });

async function stored(context: Context): Promise<SettingsDocument> {
  await using store = await openRuns(context);
  return documentOf(await store.ask('getSettings', {}));
}

/** Asks the daemon for `changes`, which are those of the settings `which`, at once. */
async function change(
  context: Context,
  which: readonly Setting[],
  changes: readonly DaemonSettingsChange[],
): Promise<CommandResult> {
  const alerts = Object.assign({}, ...changes.map((each) => each.alerts)) as DaemonSettingsChange['alerts'];
  const merged = Object.assign({}, ...changes, { alerts }) as DaemonSettingsChange;
  const settings = await withDaemon(context, (daemon) => daemon.call('setSettings', merged));
  return {
    document: documentOf(settings),
    text: () =>
      [
        ...which.map(({ name, show }) => `${name} is ${show(settings)}.`),
        ...(which.some(
          ({ name }) =>
            (name === 'retention' && settings.retentionDays > 0) ||
            (name === 'retention-runs' && settings.retentionRuns > 0),
        )
          ? [
              `Runs beyond it are moved to ${removedFolder(dataFolder())} and kept there for ${removedDays} days.`,
            ]
          : []),
      ].join('\n'),
  };
}

/** In a narrower terminal, a table would be cut. */
const tableWidth = 80;

function settingsTable(settings: DaemonSettings): string {
  const maxWidth = outputWidth();
  const rows = settingList.map(({ name, what, show }) => {
    const value = show(settings);
    const usual = show(defaultDaemonSettings);
    return { name, what, value, usual: value === usual ? '' : usual };
  });
  if (maxWidth !== undefined && maxWidth < tableWidth) {
    const facts = rows.map(({ name, what, value, usual }) => ({
      label: name,
      lines: [`${value}${usual === '' ? '' : ` (default: ${usual})`}`, what],
    }));
    return formatFacts(facts, { maxWidth }).join('\n');
  }
  return tableOf(rows, [
    column('setting', ({ name }) => name),
    column('value', ({ value }) => value),
    column('default', ({ usual }) => usual),
    column('meaning', ({ what }) => what),
  ]);
}

function settingNamed(name: string): Setting {
  const found = settingList.find((setting) => setting.name === name);
  if (found === undefined) {
    const names = settingList.map((setting) => setting.name);
    throw new TidemarkError('usage', `There is no setting ${name}.${didYouMean(name, names)}`, {
      hint: `Available settings: ${names.join(', ')}.`,
    });
  }
  return found;
}

/** `NAME VALUE NAME VALUE`, or `NAME=VALUE`. */
function pairsOf(words: readonly string[]): (readonly [Setting, string])[] {
  const flat = words.flatMap((word) => {
    const [, name, value] = /^([a-z-]+)=(.*)$/.exec(word) ?? [];
    return name === undefined || value === undefined ? [word] : [name, value];
  });
  const pairs: (readonly [Setting, string])[] = [];
  for (let place = 0; place < flat.length; place += 2) {
    const setting = settingNamed(flat[place] ?? '');
    const value = flat[place + 1];
    if (value === undefined) {
      throw new TidemarkError('usage', `The value for ${setting.name} is missing.`, {
        hint: `For example: tidemark settings set ${setting.name} ${setting.show(defaultDaemonSettings).replace(' ', '')}`,
      });
    }
    pairs.push([setting, value]);
  }
  return pairs;
}

function readValue(setting: Setting, value: string): DaemonSettingsChange {
  try {
    return setting.read(value);
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      throw new TidemarkError('usage', `${setting.name} cannot be ${quoted(value)}. ${error.message}`, {
        hint: `${setting.name}: ${setting.what}.`,
      });
    }
    throw error;
  }
}

/** A setting by the name that a person types, with how it is read and shown. */
interface Setting {
  readonly name: string;
  readonly what: string;
  readonly show: (settings: DaemonSettings) => string;
  /** What setting it to a typed value asks the daemon for. Throws an InvalidArgumentError. */
  readonly read: (value: string) => DaemonSettingsChange;
}

type Amount = 'idleUnloadSeconds' | 'memoryCeilingBytes' | 'retentionDays' | 'retentionRuns';

/** A setting for which 0 means that there is no such limit, which has a word of its own. */
function amount(
  name: string,
  what: string,
  key: Amount,
  { zero, show, read }: { zero: string; show: (value: number) => string; read: (value: string) => number },
): Setting {
  return {
    name,
    what: `${what}; or ${zero}`,
    show: (settings) => (settings[key] === 0 ? zero : show(settings[key])),
    read: (value) => ({ [key]: value.trim().toLowerCase() === zero ? 0 : read(value) }),
  };
}

function toggle(name: string, what: string, key: 'schedulesPaused' | 'notifications'): Setting {
  return {
    name,
    what,
    show: (settings) => (settings[key] ? 'yes' : 'no'),
    read: (value) => ({ [key]: switchValue(value) }),
  };
}

function alertShare(name: string, what: string, key: 'activeShare' | 'peakShare' | 'secondsShare'): Setting {
  return {
    name,
    what: `increase in ${what} that counts`,
    show: ({ alerts }) => formatPercent(alerts[key], { fractionDigits: 1 }).replace('.0%', '%'),
    read: (value) => ({ alerts: { [key]: shareValue(value) } }),
  };
}

const noPython = 'none';

function program(value: string): string {
  const path = givenProgram(value);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new InvalidArgumentError(`There is no program at ${path}.`);
  }
  return path;
}

function days(value: string): number {
  const seconds = durationBetween(86_400, 36_500 * 86_400)(value);
  if (seconds % 86_400 !== 0) {
    throw new InvalidArgumentError('Give whole days, such as 90d or 52w.');
  }
  return seconds / 86_400;
}

const settingList: readonly Setting[] = [
  amount('idle-unload', 'idle time before unloading', 'idleUnloadSeconds', {
    zero: 'never',
    show: durationText,
    read: durationBetween(1, 30 * 86_400),
  }),
  amount('memory-ceiling', 'maximum footprint of the host', 'memoryCeilingBytes', {
    zero: 'none',
    show: formatBytes,
    read: bytesValue,
  }),
  {
    name: 'host-timeout',
    what: 'silence after which the host is stopped',
    show: ({ hostTimeoutSeconds }) => durationText(hostTimeoutSeconds),
    read: (value) => ({ hostTimeoutSeconds: durationBetween(5, 86_400)(value) }),
  },
  amount('retention', 'how long runs are kept', 'retentionDays', {
    zero: 'forever',
    show: (value) => `${value}d`,
    read: days,
  }),
  amount('retention-runs', 'maximum number of runs', 'retentionRuns', {
    zero: 'all',
    show: formatCount,
    read: (value) => wholeNumber(1)(value.replaceAll(',', '')),
  }),
  toggle('schedules-paused', 'whether all schedules are paused', 'schedulesPaused'),
  toggle('notifications', 'whether alerts notify you (macOS)', 'notifications'),
  {
    name: 'python',
    what: 'Python that has mlx-audio, for --engine mlx-audio; or none',
    show: ({ python }) => (python === '' ? noPython : python),
    read: (value) => ({ python: value.trim().toLowerCase() === noPython ? '' : program(value) }),
  },
  alertShare('alert-active', 'active memory', 'activeShare'),
  alertShare('alert-peak', 'peak memory', 'peakShare'),
  alertShare('alert-time', 'time', 'secondsShare'),
  {
    name: 'alert-checks',
    what: 'consecutive checks before an alert',
    show: ({ alerts }) => formatCount(alerts.sustainedChecks),
    read: (value) => ({ alerts: { sustainedChecks: wholeNumber(1, 100)(value) } }),
  },
  {
    name: 'alert-cooldown',
    what: 'time before the same alert is raised again',
    show: ({ alerts }) => durationText(alerts.cooldownSeconds),
    read: (value) => ({ alerts: { cooldownSeconds: durationBetween(0, 366 * 86_400)(value) } }),
  },
];
