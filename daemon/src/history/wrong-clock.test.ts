/** What retention does when the machine's clock is wrong, jumps, or was wrong when runs were recorded. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { finishedRun, importLines, withHistory } from '../../test/example-histories.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openHistory } from './history.ts';
import type { History } from './history.ts';
import type { Tidied } from './retention.ts';

const hour = 3_600_000;
const day = 24 * hour;
const year = 365 * day;
const today = Date.parse('2026-11-27T12:00:00.000Z');

/** A machine whose clock can be set, with a folder that outlives its daemons. */
class Machine {
  readonly folder = temporaryFolder();
  now = today;
  uptime = 1_000_000;

  /** A daemon's life. */
  start<Result>(body: (history: History) => Result): Result {
    using history = openHistory(this.folder, {
      now: () => new Date(this.now),
      monotonic: () => this.uptime,
    }).history;
    const result = body(history);
    history.noteClock();
    return result;
  }

  /** Time goes by, and the daemon tidies every hour. */
  live(history: History, hours: number): Tidied {
    let tidied = sweep(history);
    for (let passed = 0; passed < hours; passed += 1) {
      this.now += hour;
      this.uptime += hour;
      tidied = sweep(history);
    }
    return tidied;
  }

  /** A run on each of so many days, the last of them today. */
  record(history: History, days: number): void {
    this.now -= days * day;
    for (let run = 0; run < days; run += 1) {
      this.now += day;
      this.uptime += day;
      finishedRun(history);
    }
  }
}

/** As the daemon does: until nothing more goes at once. */
function sweep(history: History, asked = false): Tidied {
  let removed = 0;
  for (;;) {
    const tidied = history.tidy({ asked });
    removed += tidied.removed;
    if (tidied.removed < 20) {
      return { ...tidied, removed };
    }
  }
}

const ids = (history: History): number[] => history.runs.list({ limit: 500 }).runs.map(({ id }) => id);

const jumps: Readonly<Record<string, number>> = {
  '18 months ahead': 1.5 * year,
  '31 days ahead': 31 * day,
  'a century ahead': 100 * year,
  'in 1970': -today,
  'two days behind': -2 * day,
  '18 months behind': -1.5 * year,
};

for (const [where, jump] of Object.entries(jumps)) {
  test(`a daemon started once with a clock ${where} removes nothing, then or later`, () => {
    const machine = new Machine();
    machine.start((history) => machine.record(history, 60));
    machine.now += jump;
    machine.start((history) => {
      const { removed, doubt } = machine.live(history, 5);
      assert.equal(removed, 0);
      assert.equal(doubt?.heldSeconds, 5 * 3600);
      assert.equal(doubt.shownAt.getTime(), machine.now);
      assert.ok(Math.abs(doubt.believedAt.getTime() - today) <= 5 * hour);
      // Recorded meanwhile, under the time that is expected.
      finishedRun(history);
    });
    machine.now -= jump;
    machine.start((history) => {
      assert.deepEqual(machine.live(history, 30), { removed: 0, doubt: undefined });
      assert.equal(ids(history).length, 61);
      history.settings.change({ retentionDays: 5 });
      sweep(history, true);
      assert.deepEqual(ids(history), [61, 60, 59, 58, 57], 'the run of the wrong clock ages like the others');
    });
  });

  test(`a clock that steps ${where} in a daemon's life removes nothing`, () => {
    const machine = new Machine();
    machine.start((history) => {
      machine.record(history, 60);
      machine.live(history, 3);
      machine.now += jump;
      const { removed, doubt } = machine.live(history, 3);
      assert.equal(removed, 0);
      assert.ok(doubt !== undefined);
      machine.now -= jump;
      assert.deepEqual(machine.live(history, 3), { removed: 0, doubt: undefined });
      assert.equal(ids(history).length, 60);
    });
  });
}

test('a jump is believed when it has held for a day of uptime, over several starts', () => {
  const machine = new Machine();
  machine.start((history) => machine.record(history, 10));
  machine.now += 1.5 * year;
  for (let start = 0; start < 3; start += 1) {
    machine.start((history) => {
      assert.ok(machine.live(history, 7).doubt !== undefined, `start ${start}`);
    });
    // Off overnight.
    machine.now += 16 * hour;
  }
  machine.start((history) => {
    const { doubt, removed } = machine.live(history, 3);
    assert.equal(doubt, undefined);
    assert.equal(removed, 10, 'as few go at once');
  });
});

test('a clock that is wrong each time in another way is never believed', () => {
  const machine = new Machine();
  machine.start((history) => machine.record(history, 10));
  for (let start = 0; start < 6; start += 1) {
    machine.now = today + (start + 1) * year;
    machine.start((history) => {
      assert.equal(machine.live(history, 20).removed, 0);
    });
  }
});

test('restarts alone make no jump credible, and a machine that was off for weeks is believed at once', () => {
  const machine = new Machine();
  machine.start((history) => machine.record(history, 10));
  machine.now += 2 * year;
  for (let start = 0; start < 50; start += 1) {
    machine.start((history) => assert.ok(sweep(history).doubt !== undefined));
  }
  machine.now -= 2 * year;
  machine.now += 29 * day;
  machine.start((history) => assert.equal(sweep(history).doubt, undefined));
});

test('runs that an older version dated by a wrong clock neither go at once nor take others with them', () => {
  const machine = new Machine();
  machine.start((history) => {
    machine.record(history, 30);
  });
  for (const wrong of ['1970-01-01T00:00:10.000Z', '2028-05-27T12:00:00.000Z']) {
    using history = openHistory(machine.folder, { now: () => new Date(wrong), monotonic: () => 0 }).history;
    const { id } = finishedRun(history);
    (history.runs as unknown as { database: { run: (sql: string, values: unknown[]) => void } }).database.run(
      'UPDATE runs SET recorded_at = ? WHERE id = ?',
      [wrong, id],
    );
  }
  // As where no version before has noted the clock.
  writeFileSync(join(machine.folder, 'history.sqlite.marks'), '{}');
  machine.start((history) => {
    assert.deepEqual(machine.live(history, 30), { removed: 0, doubt: undefined });
    assert.equal(ids(history).length, 32);
  });
});

test('a history that begins in 1970 keeps its runs when the clock is right', () => {
  const machine = new Machine();
  machine.now = 10 * hour;
  machine.start((history) => {
    machine.record(history, 3);
    assert.equal(machine.live(history, 48).doubt, undefined);
  });
  machine.now = today;
  machine.start((history) => {
    assert.deepEqual(machine.live(history, 30), { removed: 0, doubt: undefined });
    assert.deepEqual(ids(history), [3, 2, 1]);
  });
  machine.now = 10 * hour;
  machine.start((history) => assert.ok(machine.live(history, 48).doubt !== undefined));
});

test('many at once wait for a week, are told, and go in the end; each is moved aside and can be brought back', () => {
  const machine = new Machine();
  machine.start((history) => {
    machine.record(history, 100);
    const lines = [...history.exportLines()];
    machine.now += 350 * day;
    machine.uptime += 350 * day;
    const { removed, waiting } = sweep(history);
    assert.equal(removed, 0);
    assert.equal(waiting?.due, 84);
    assert.equal(waiting.total, 100);
    assert.equal(waiting.byAge, true);
    assert.equal(waiting.until.getTime(), machine.now + 7 * day);
    assert.equal(machine.live(history, 6 * 24).removed, 0);
    machine.live(history, 25);
    assert.ok(ids(history).length < 10);
    const [file = ''] = readdirSync(history.removedFolder);
    const kept = readFileSync(join(history.removedFolder, file), 'utf8').trim().split('\n');
    withHistory((other) => {
      const { added, refused } = importLines(other, kept);
      assert.deepEqual(refused, []);
      assert.equal(added + ids(history).length, 100);
      importLines(other, lines);
      assert.equal(ids(other).length, 100, 'they are the same runs');
    });
  });
});

test('what a person asks for goes at once, all of it, and only what is due by the trusted time', () => {
  const machine = new Machine();
  machine.start((history) => {
    machine.record(history, 100);
    history.settings.change({ retentionRuns: 10 });
    assert.equal(sweep(history).waiting?.due, 90);
    assert.equal(sweep(history, true).removed, 90);
    machine.now += 3 * year;
    history.settings.change({ retentionDays: 300 });
    assert.equal(sweep(history, true).removed, 0);
    assert.equal(ids(history).length, 10);
  });
});

test('what was moved aside is kept for 90 days, whatever the clock shows meanwhile', () => {
  const machine = new Machine();
  machine.start((history) => {
    machine.record(history, 12);
    history.settings.change({ retentionRuns: 2 });
    assert.equal(sweep(history).removed, 10);
    const files = () => readdirSync(history.removedFolder).length;
    machine.now += 5 * year;
    machine.live(history, 3);
    assert.equal(files(), 1);
    machine.now -= 5 * year;
    machine.live(history, 89 * 24);
    assert.equal(files(), 1);
    machine.live(history, 2 * 24 + 12);
    assert.equal(files(), 0);
  });
});

test('a run whose row cannot be read is moved aside as it is, and holds no other back', () => {
  const machine = new Machine();
  machine.start((history) => {
    machine.record(history, 5);
    const { database } = history.runs as unknown as { database: { run: (sql: string) => void } };
    database.run(`UPDATE runs SET models = 'no JSON' WHERE id = 2`);
    history.settings.change({ retentionRuns: 1 });
    assert.equal(sweep(history).removed, 4);
    const [file = ''] = readdirSync(history.removedFolder);
    const lines = readFileSync(join(history.removedFolder, file), 'utf8').trim().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { kind: string }).kind),
      ['tidemark-history', 'run', 'unreadable-run', 'run', 'run'],
    );
  });
});

test('where runs cannot be moved aside they stay', () => {
  const machine = new Machine();
  machine.start((history) => {
    machine.record(history, 5);
    history.settings.change({ retentionRuns: 1 });
    writeFileSync(history.removedFolder, 'in the way');
    assert.throws(() => sweep(history), { code: 'not-writable' });
    assert.equal(ids(history).length, 5);
  });
});
