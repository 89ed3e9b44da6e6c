/** The machine's time zone from the places in which systems keep it, read anew each time. */

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { isTimeZone, machineTimeZone } from './clock.ts';

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
