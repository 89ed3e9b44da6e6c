/** `tidemark settings`: what can be set of the daemon. */

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatTable } from '@tidemark/shared/format/table.ts';
import { formatFacts } from '@tidemark/shared/format/wrap.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { SettingsDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import { didYouMean } from '../../models/nearest.ts';
import { printResult } from '../command.ts';
import type { CommandResult } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { outputWidth } from '../reports/layout.ts';
import { openRuns } from '../runs/run-store.ts';
import { settingList } from '../setting-names.ts';
import type { Setting } from '../setting-names.ts';

export function addSettingsCommand(program: Command): void {
  const settings = program
    .command('settings')
    .summary('see and change what the daemon goes by')
    .description('What the daemon goes by; kept with its history, and changed while it runs.')
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark settings
  $ tidemark settings get memory-ceiling
  $ tidemark settings set memory-ceiling 600MB
  $ tidemark settings set idle-unload 30m alert-peak 10%
  $ tidemark settings reset idle-unload
`,
    );
  printResult(
    settings
      .command('list', { isDefault: true })
      .summary('list all')
      .description('Lists the settings, with what each is for.'),
    async (context) => {
      await using store = await openRuns(context);
      const document = documentOf(await store.ask('getSettings', {}));
      return { document, text: () => settingsTable(document.settings) };
    },
  );
  printResult(
    settings
      .command('get')
      .summary('print one')
      .description("Prints a setting's value, and nothing else.")
      .argument('<name>', 'one that `tidemark settings` lists'),
    async (context, name: string) => {
      const setting = settingNamed(name);
      await using store = await openRuns(context);
      const document = documentOf(await store.ask('getSettings', {}));
      return { document, text: () => setting.show(document.settings) };
    },
  );
  printResult(
    settings
      .command('set')
      .summary('change some')
      .description('Changes settings, from now on. Needs a daemon.')
      .argument('<pairs...>', 'names and values in turn'),
    (context, words: string[]) => {
      const pairs = pairsOf(words);
      const change = merged(pairs.map(([setting, value]) => readValue(setting, value)));
      return withDaemon(context, async (daemon) =>
        changed(
          await daemon.call('setSettings', change),
          pairs.map(([setting]) => setting),
        ),
      );
    },
  );
  printResult(
    settings
      .command('reset')
      .summary('set some back, or all')
      .description(
        'Sets settings back to what they are by default; all of them without a name. Needs a daemon.',
      )
      .argument('[names...]', 'those that `tidemark settings` lists'),
    (context, names: string[]) => {
      const chosen = names.length === 0 ? settingList : names.map(settingNamed);
      const change = merged(chosen.map((setting) => setting.read(setting.show(defaultDaemonSettings))));
      return withDaemon(context, async (daemon) => changed(await daemon.call('setSettings', change), chosen));
    },
  );
}

const documentOf = (settings: DaemonSettings): SettingsDocument => ({ ...headOf('settings'), settings });

const changed = (settings: DaemonSettings, which: readonly Setting[]): CommandResult => ({
  document: documentOf(settings),
  text: () => which.map(({ name, show }) => `${name} is ${show(settings)}.`).join('\n'),
});

/** Where the terminal is narrower, a table would be cut. */
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
  return formatTable(
    [{ header: 'setting' }, { header: 'value' }, { header: 'default' }, { header: 'what it is' }],
    rows.map(({ name, what, value, usual }) => [name, value, usual, what]),
  );
}

function settingNamed(name: string): Setting {
  const found = settingList.find((setting) => setting.name === name);
  if (found === undefined) {
    const names = settingList.map((setting) => setting.name);
    throw new TidemarkError('usage', `There is no setting ${name}.${didYouMean(name, names)}`, {
      hint: `There are ${names.join(', ')}.`,
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
      throw new TidemarkError('usage', `A value for ${setting.name} is missing.`, {
        hint: `As in: tidemark settings set ${setting.name} ${setting.show(defaultDaemonSettings)}`,
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
      throw new TidemarkError(
        'usage',
        `${setting.name} cannot be ${JSON.stringify(value)}. ${error.message}`,
        {
          hint: `It is: ${setting.what}.`,
        },
      );
    }
    throw error;
  }
}

const merged = (changes: readonly DaemonSettingsChange[]): DaemonSettingsChange =>
  changes.reduce<DaemonSettingsChange>(
    (sum, { alerts, ...rest }) => ({
      ...sum,
      ...rest,
      ...(alerts === undefined ? {} : { alerts: { ...sum.alerts, ...alerts } }),
    }),
    {},
  );
