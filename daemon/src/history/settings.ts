/** The daemon's settings as the history keeps them: those that were ever set, over the defaults. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { daemonSettings, defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { Database } from './database.ts';
import { defined, jsonOf, textOf } from './rows.ts';
import type { Row } from './rows.ts';
import { Refusal } from './unreadable.ts';

export class SettingsTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** One that cannot be read or is out of its range, as an older version may have allowed it, has its default. */
  get(): DaemonSettings {
    return this.#read().settings;
  }

  /** The names of those. */
  unreadable(): string[] {
    return this.#read().unreadable;
  }

  #read(): { readonly settings: DaemonSettings; readonly unreadable: string[] } {
    const stored = this.#database.read(() =>
      this.#database.all('SELECT name, substr(value, 1, 10000) AS value FROM settings'),
    );
    const unreadable: string[] = [];
    const settings = stored.reduce<DaemonSettings>((before, row) => {
      const name = textOf(row, 'name');
      const changed = storedChange(before, name, row);
      if (changed === undefined) {
        unreadable.push(name);
      }
      return changed ?? before;
    }, defaultDaemonSettings);
    return { settings, unreadable };
  }

  /** Throws a TidemarkError, 'bad-input', for a value out of its range; then nothing is changed. */
  change(change: DaemonSettingsChange): DaemonSettings {
    return this.#database.write(() => {
      const changed = withChange(this.get(), defined(change));
      if (!changed.success) {
        const [issue] = changed.issues;
        throw new TidemarkError(
          'bad-input',
          `The value of the setting ${v.getDotPath(issue) ?? ''} is not valid: ${issue.message.replace(/\.$/, '')}.`,
          { hint: 'Set a value in the allowed range; nothing was changed.' },
        );
      }
      for (const name of Object.keys(defined(change)) as (keyof DaemonSettings)[]) {
        this.#database.run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', [
          name,
          JSON.stringify(changed.output[name]),
        ]);
      }
      return changed.output;
    });
  }
}

function storedChange(settings: DaemonSettings, name: string, row: Row): DaemonSettings | undefined {
  try {
    const changed = withChange(settings, { [name]: jsonOf(row, 'value') });
    return changed.success ? changed.output : undefined;
  } catch (error) {
    if (error instanceof Refusal) {
      return undefined;
    }
    throw error;
  }
}

function withChange(settings: DaemonSettings, change: object): v.SafeParseResult<typeof daemonSettings> {
  const alerts = 'alerts' in change && typeof change.alerts === 'object' ? defined(change.alerts ?? {}) : {};
  return v.safeParse(daemonSettings, {
    ...settings,
    ...change,
    alerts: { ...settings.alerts, ...alerts },
  });
}
