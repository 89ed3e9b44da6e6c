/** The machine's time zone and power state, from the places in which systems keep them, read anew each time. */

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { isTimeZone } from '../history/schedule-check.ts';
import { machineTimeZone, macPowerState, powerObstacle, readPowerState } from './machine.ts';

function etc(context: TestContext): { root: string; link: string; name: string } {
  const root = temporaryFolder(context);
  mkdirSync(join(root, 'etc'));
  return { root, link: join(root, 'etc/localtime'), name: join(root, 'etc/timezone') };
}

test('a link that is changed is followed without a restart', (context) => {
  const { root, link } = etc(context);
  for (const [target, expected] of [
    ['/var/db/timezone/zoneinfo/Europe/Berlin', 'Europe/Berlin'],
    ['/usr/share/zoneinfo/America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['../usr/share/zoneinfo/UTC', 'UTC'],
    ['/usr/share/zoneinfo.default/Asia/Tokyo', 'Asia/Tokyo'],
  ] as const) {
    symlinkSync(target, link);
    assert.equal(machineTimeZone({ root, environment: {} }), expected);
    unlinkSync(link);
  }
});

test('the environment comes first, and what it says is no zone is passed over', (context) => {
  const { root, link } = etc(context);
  symlinkSync('/usr/share/zoneinfo/Europe/Berlin', link);
  const zone = (TZ: string): string => machineTimeZone({ root, environment: { TZ } });
  assert.equal(zone('America/New_York'), 'America/New_York');
  assert.equal(zone(':Asia/Tokyo'), 'Asia/Tokyo');
  for (const unusable of ['', '/etc/localtime', 'CET-1CEST,M3.5.0,M10.5.0/3', 'Nowhere/Else']) {
    assert.equal(zone(unusable), 'Europe/Berlin', unusable);
  }
});

test('where there is no link the name in a file counts, and without that what V8 says', (context) => {
  const { root, link, name } = etc(context);
  writeFileSync(link, 'TZif');
  writeFileSync(name, 'Europe/Lisbon\n');
  assert.equal(machineTimeZone({ root, environment: {} }), 'Europe/Lisbon');
  unlinkSync(name);
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  assert.equal(machineTimeZone({ root, environment: {} }), timeZone);
});

test('names of the database are zones, offsets and inventions are not', () => {
  assert.deepEqual(
    ['Europe/Berlin', 'US/Eastern', 'UTC', 'Etc/GMT+5', '+02:00', '', 'Berlin', 'Europe/Berlin; rm'].map(
      isTimeZone,
    ),
    [true, true, true, true, false, false, false, false],
  );
});

// As pmset(1) documents its output: the source in quotes, then one line for each battery, with a tab before the charge.
const onMains = `Now drawing from 'AC Power'
 -InternalBattery-0 (id=4653155)\t100%; charged; 0:00 remaining present: true
`;
const onBattery = `Now drawing from 'Battery Power'
 -InternalBattery-0 (id=4653155)\t54%; discharging; 4:02 remaining present: true
`;
const onUps = `Now drawing from 'UPS Power'
 -CyberPower CP1500 (id=123)\t98%; discharging; 0:41 remaining present: true
`;
const desktop = `Now drawing from 'AC Power'
`;
const settings = (...lines: string[]): string => `System-wide power settings:
Currently in use:
 standby              1
 Sleep On Power Button 1
 hibernatefile        /var/vm/sleepimage
 powernap             1
 displaysleep         10 (display sleep prevented by lowpowermode 1)
${lines.map((line) => ` ${line}\n`).join('')} tcpkeepalive         1
`;

describe('on macOS', () => {
  test('the source and the charge are what the first command says', () => {
    assert.deepEqual(macPowerState(onMains, ''), { source: 'mains', charge: 1 });
    assert.deepEqual(macPowerState(onBattery, ''), { source: 'battery', charge: 0.54 });
    assert.deepEqual(macPowerState(onUps, ''), { source: 'battery' });
    assert.deepEqual(macPowerState(desktop, ''), { source: 'mains' });
    assert.deepEqual(macPowerState('', ''), { source: 'unknown' });
  });

  test('low power mode is on at 1 in either of its names, and no other line is taken for it', () => {
    const mode = (...lines: string[]): boolean | undefined =>
      macPowerState(onBattery, settings(...lines)).lowPowerMode;
    assert.equal(mode('lowpowermode         1'), true);
    assert.equal(mode('lowpowermode         0'), false);
    assert.equal(mode('powermode            1'), true);
    assert.equal(mode('powermode            2'), false);
    assert.equal(mode(), undefined);
  });

  test('both commands are asked, and one that fails leaves its part unknown', async () => {
    const asked: string[] = [];
    const pmset = (programArguments: readonly string[]): Promise<string> => {
      asked.push(programArguments.join(' '));
      return programArguments.length === 1
        ? Promise.reject(new Error('no such command'))
        : Promise.resolve(onBattery);
    };
    assert.deepEqual(await readPowerState({ platform: 'darwin', pmset }), {
      source: 'battery',
      charge: 0.54,
    });
    assert.deepEqual(asked.sort(), ['-g', '-g batt']);
  });
});

describe('on Linux', () => {
  function stateOf(
    context: TestContext,
    files: Readonly<Record<string, string>>,
  ): ReturnType<typeof readPowerState> {
    const root = temporaryFolder(context);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `${content}\n`);
    }
    return readPowerState({ platform: 'linux', root });
  }
  const supply = (name: string, attributes: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(attributes).map(([attribute, value]) => [
        `sys/class/power_supply/${name}/${attribute}`,
        value,
      ]),
    );

  test('a laptop on its battery, and plugged in', async (context) => {
    const battery = supply('BAT0', { type: 'Battery', status: 'Discharging', capacity: '71' });
    assert.deepEqual(
      await stateOf(context, { ...battery, ...supply('AC', { type: 'Mains', online: '0' }) }),
      { source: 'battery', charge: 0.71 },
    );
    assert.deepEqual(
      await stateOf(context, {
        ...supply('BAT0', { type: 'Battery', status: 'Charging', capacity: '72' }),
        ...supply('AC', { type: 'Mains', online: '0' }),
        ...supply('ucsi-source-psy-1', { type: 'USB', online: '1', scope: 'System' }),
      }),
      { source: 'mains', charge: 0.72 },
    );
  });

  test('the battery of a mouse says nothing of the machine', async (context) => {
    const mouse = supply('hidpp_battery_0', {
      type: 'Battery',
      scope: 'Device',
      status: 'Discharging',
      capacity: '5',
    });
    assert.deepEqual(await stateOf(context, mouse), { source: 'unknown' });
  });

  test('a machine without any says nothing', async (context) => {
    assert.deepEqual(await stateOf(context, {}), { source: 'unknown' });
  });

  test('the platform profile is low power or not', async (context) => {
    const profile = (value: string): Record<string, string> => ({
      'sys/firmware/acpi/platform_profile': value,
    });
    assert.equal((await stateOf(context, profile('low-power'))).lowPowerMode, true);
    assert.equal((await stateOf(context, profile('balanced'))).lowPowerMode, false);
  });
});

test('on another system nothing is known', async () => {
  assert.deepEqual(await readPowerState({ platform: 'freebsd' }), { source: 'unknown' });
});

test('a schedule is kept from its check by what it minds, and by nothing else', () => {
  const why = (skipOnBattery: boolean, skipInLowPowerMode: boolean): string | undefined =>
    powerObstacle(
      { skipOnBattery, skipInLowPowerMode },
      { source: 'battery', lowPowerMode: true, charge: 0.054 },
    );
  assert.equal(why(true, true), 'The machine was on battery (5%)');
  assert.equal(why(false, true), 'The machine was in low power mode');
  assert.equal(why(false, false), undefined);
  assert.equal(
    powerObstacle({ skipOnBattery: true, skipInLowPowerMode: true }, { source: 'unknown' }),
    undefined,
  );
});
