/** `tidemark acceptance` on a Mac, played by stand-ins for its commands: what passes, what fails, and that nothing is left. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runAcceptance } from '../src/acceptance/run-acceptance.ts';
import { Interruption } from '../src/interruption.ts';
import { runService } from '../src/service/run-service.ts';
import { thisSystem } from '../src/service/system.ts';
import type { Executed, ServiceSystem } from '../src/service/system.ts';
import { accept, acceptanceOptions, brokenProgram, checkOf, hasPassed } from './acceptance-runs.ts';
import type { Way } from './broken-tidemark.ts';
import { FakeMac } from './fake-mac.ts';

const said: Readonly<Record<string, string>> = {
  'pmset -g batt':
    "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t86%; discharging; 4:12 remaining present: true\n",
  'pmset -g': 'System-wide power settings:\nCurrently in use:\n lowpowermode         0\n',
};

/** What the person who is asked answers, and what a command other than launchctl does where it is not to succeed. */
interface Machine {
  readonly system: ServiceSystem;
  readonly left: () => readonly string[];
}

const plistOf = (mac: FakeMac): string => mac.plistPath.replace('daemon.plist', 'acceptance.plist');

function machine(mac: FakeMac, way: Way, fails: Readonly<Record<string, Executed>> = {}): Machine {
  const execute = async (words: readonly string[]): Promise<Executed | undefined> => {
    const [path = '', ...rest] = words;
    const name = path.replace(/^.*\//u, '');
    if (name === 'launchctl') {
      return await mac.system.execute(words);
    }
    const stdout = said[[name, ...rest].join(' ')] ?? '';
    return fails[name] ?? { exitCode: 0, stdout, stderr: '' };
  };
  const { greet } = thisSystem();
  const jobs = join(mac.launchd, 'jobs');
  return {
    system: { ...mac.system, program: brokenProgram(way), execute, greet },
    left: () => [
      ...(existsSync(jobs) ? readdirSync(jobs).filter((name) => name.includes('acceptance')) : []),
      ...(existsSync(plistOf(mac)) ? ['its property list'] : []),
    ],
  };
}

const services = ['service-install', 'service-state', 'service-killed', 'service-uninstall'] as const;

test('the service is installed, printed, killed, started again, and removed beside the person’s own', async () => {
  await using mac = new FakeMac();
  await runService(mac.system, { action: 'install' });
  const before = readFileSync(mac.plistPath, 'utf8');
  const { system, left } = machine(mac, 'whole');
  const document = await accept(
    acceptanceOptions([...services, 'notification', 'power'], 'whole', {
      system,
      ask: () => Promise.resolve(true),
    }),
  );
  [...services, 'notification', 'power'].forEach((id) =>
    hasPassed(document, id as (typeof services)[number]),
  );
  assert.deepEqual(left(), []);
  assert.equal(readFileSync(mac.plistPath, 'utf8'), before);
  assert.equal((await runService(mac.system, { action: 'status' })).state, 'running');
  assert.ok(mac.calls().includes('bootstrap gui/501 ' + plistOf(mac)));
});

test('without consent nothing of launchd is touched', async () => {
  await using mac = new FakeMac();
  const { system } = machine(mac, 'whole');
  const document = await accept(
    acceptanceOptions(services, 'whole', { system, consent: 'Nobody allowed it.' }),
  );
  assert.deepEqual(
    document.checks.map((check) => (check.status === 'skipped' ? check.reason : check.status)),
    services.map(() => 'Nobody allowed it.'),
  );
  assert.deepEqual(mac.changes(), []);
});

test('where launchd refuses it, the check says what launchd said, and nothing is left', async () => {
  await using mac = new FakeMac();
  mac.put('launchd', 'refuse-bootstrap', '119');
  const { system, left } = machine(mac, 'whole');
  const document = await accept(acceptanceOptions(services, 'whole', { system }));
  const failed = checkOf(document, 'service-install');
  assert.equal(failed.status, 'failed');
  assert.match(failed.reason, /launchd did not load the service: it is disabled \(exit code 119/);
  assert.deepEqual(
    document.checks.slice(1).map(({ status }) => status),
    ['skipped', 'skipped', 'skipped'],
  );
  assert.deepEqual(left(), []);
});

test('a daemon that launchd cannot start again fails, and is removed', async () => {
  await using mac = new FakeMac();
  const { system, left } = machine(mac, 'starts-once');
  const document = await accept(
    // It never comes back, however long it is waited for.
    acceptanceOptions(['service-killed'], 'starts-once', { system, limits: { restart: 3 } }),
  );
  const check = checkOf(document, 'service-killed');
  assert.equal(check.status, 'failed');
  assert.match(check.reason, /launchd starts the daemon again within 3 s\. Found: /);
  assert.deepEqual(left(), []);
});

test('what the other commands of a Mac refuse, and what a person did not see, fails', async () => {
  await using mac = new FakeMac();
  const refusal: Executed = { exitCode: 1, stdout: '', stderr: 'not authorized' };
  const { system } = machine(mac, 'whole', { osascript: refusal, pmset: refusal });
  const refused = await accept(acceptanceOptions(['notification', 'power'], 'whole', { system }));
  assert.deepEqual(
    refused.checks.map((check) => (check.status === 'failed' ? check.reason : check.status)),
    [
      'Expected: osascript shows it. Found: exit code 1: not authorized.',
      'Expected: `pmset -g batt` prints it. Found: exit code 1: not authorized.',
    ],
  );
  const unseen = await accept(
    acceptanceOptions(['notification'], 'whole', {
      system: machine(mac, 'whole').system,
      ask: () => Promise.resolve(false),
    }),
  );
  assert.equal(checkOf(unseen, 'notification').status, 'failed');
});

test('stopped while the service is installed, it removes the service and rejects', async () => {
  await using mac = new FakeMac();
  const { system, left } = machine(mac, 'whole');
  const controller = new AbortController();
  await assert.rejects(
    runAcceptance(
      acceptanceOptions(services, 'whole', {
        system,
        signal: controller.signal,
        onResult: () => controller.abort(new Interruption('SIGINT')),
      }),
    ),
    { code: 'interrupted' },
  );
  assert.ok(mac.changes().some((call) => call.startsWith('bootstrap')));
  assert.deepEqual(left(), []);
});
