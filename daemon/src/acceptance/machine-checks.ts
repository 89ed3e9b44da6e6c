/** Checks of what the rest of the machine does for Tidemark: notifications, the power supply, and Raycast's extension. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { showNotification } from '../alerts/notification.ts';
import { repositoryRoot } from '../paths.ts';
import { macPowerState, readPowerState } from '../scheduler/machine.ts';
import type { Executed } from '../service/system.ts';
import type { Check } from './check.ts';
import { endWords, Skipped } from './trial.ts';
import type { Trial } from './trial.ts';

const testAlert: Alert = {
  id: 1,
  kind: 'leak',
  scheduleId: 1,
  scheduleName: 'test',
  model: 'none',
  state: 'open',
  raisedAt: new Date(0).toISOString(),
  reason: 'This is a test by tidemark acceptance.',
  hint: 'There is no leak.',
  runIds: [],
};

const notification: Check = {
  id: 'notification',
  title: 'Notification',
  shows: 'An alert is shown as a notification of the system.',
  run: async (trial, { workplace, ask }) => {
    const { system } = workplace;
    if (system.platform !== 'darwin') {
      throw new Skipped('Alerts are shown as notifications on macOS only.');
    }
    await showNotification(testAlert, {
      platform: system.platform,
      run: async (program, words) => {
        const executed = await system.execute([program, ...words]);
        record(trial, 'osascript', executed);
        trial.require('osascript shows it', outcomeOf(executed), executed?.exitCode === 0);
      },
    });
    const seen = await ask('Did a notification “Tidemark: Memory leak found: test” appear?');
    if (seen === undefined) {
      trial.remark = 'osascript took it; nobody was asked whether it appeared.';
    } else {
      trial.expect('a person sees it', seen ? 'yes' : 'no', seen);
    }
  },
};

function record(trial: Trial, command: string, executed: Executed | undefined): void {
  const { exitCode, stderr = '' } = executed ?? {};
  trial.commands.push({
    command,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(exitCode === 0 || stderr.trim() === '' ? {} : { output: stderr.trim() }),
  });
}

const outcomeOf = (executed: Executed | undefined): string =>
  executed === undefined
    ? 'it cannot be run'
    : executed.exitCode === 0
      ? 'it does'
      : `exit code ${executed.exitCode ?? 'none'}: ${executed.stderr.trim()}`;

const supplies = '/sys/class/power_supply';

const power: Check = {
  id: 'power',
  title: 'Power',
  shows:
    'Whether the machine is on mains or on battery is found out, for schedules that skip checks on battery.',
  run: async (trial, { workplace }) => {
    const { system } = workplace;
    if (system.platform === 'darwin') {
      const [battery, settings] = await Promise.all(
        [['-g', 'batt'], ['-g']].map(async (words) => {
          const executed = await system.execute(['/usr/bin/pmset', ...words]);
          record(trial, `pmset ${words.join(' ')}`, executed);
          trial.require(
            `\`pmset ${words.join(' ')}\` prints it`,
            outcomeOf(executed),
            executed?.exitCode === 0,
          );
          return executed?.stdout ?? '';
        }),
      );
      const state = macPowerState(battery ?? '', settings ?? '');
      trial.expect('a source that is known', state.source, state.source !== 'unknown');
      const hasBattery = /InternalBattery/.test(battery ?? '');
      trial.expect(
        hasBattery ? 'the battery’s charge' : 'no charge, since there is no battery',
        state.charge === undefined ? 'none' : `${Math.round(100 * state.charge)} %`,
        hasBattery === (state.charge !== undefined),
      );
      return;
    }
    if (!existsSync(supplies) || readdirSync(supplies).length === 0) {
      throw new Skipped('This machine says nothing of its power supply.');
    }
    const { source, charge } = await readPowerState();
    trial.expect(
      'a source that is known',
      `${source}${charge === undefined ? '' : `, ${Math.round(100 * charge)} %`}`,
      source !== 'unknown',
    );
  },
};

/** The tests of the extension that load its bundles as Raycast does, and launch them over a daemon. */
const contracts = ['bundles', 'launches'].map((name) => join('test', 'contract', `${name}.test.ts`));

const extension: Check = {
  id: 'extension',
  title: 'Extension',
  shows: 'The extension’s bundles are built, load as Raycast loads them, and work with a live daemon.',
  run: async (trial, { workplace }) => {
    const folder = join(repositoryRoot, 'extension');
    if (!existsSync(join(folder, 'package.json'))) {
      throw new Skipped('The extension is not part of an installed package.');
    }
    if (!existsSync(join(folder, 'node_modules'))) {
      throw new Skipped('The extension is not set up: run `npm ci` in the folder `extension`.');
    }
    const words = [process.execPath, join('scripts', 'test.mjs'), ...contracts];
    await using running = workplace.start(words, folder);
    const ran = await running.ended(workplace.limits.measurement);
    workplace.signal.throwIfAborted();
    const isGood = ran.exitCode === 0 && !ran.isLate;
    trial.ran(['node', ...words.slice(1)], ran, !isGood);
    const count = (name: string): number =>
      [...ran.stdout.matchAll(new RegExp(`^ℹ ${name} (\\d+)$`, 'gmu'))].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      );
    trial.expect('the tests of its bundles pass', endWords(ran), isGood);
    trial.expect(
      'there are such tests, and none fails',
      `${count('pass')} pass, ${count('fail')} fail`,
      count('pass') > 0 && count('fail') === 0,
    );
    trial.remark = 'The bundles run on Node over a double of Raycast’s API, and not in Raycast itself.';
  },
};

export const machineChecks: readonly Check[] = [notification, power, extension];
