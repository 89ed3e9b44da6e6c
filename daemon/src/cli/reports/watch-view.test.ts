/** The live view: what it says, and that it fits every terminal. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { busyStatus, exampleNow, idleStatus } from '../../../test/example-status.ts';
import { tidemarkVersion } from '../../version.ts';
import { statusFacts } from './status-facts.ts';
import { watchView } from './watch-view.ts';
import type { WatchModel } from './watch-view.ts';

const busy: WatchModel = {
  status: busyStatus(),
  trouble: undefined,
  run: { runId: 12, peaks: [600, 602, 601, 640].map((megabytes) => megabytes * 1_000_000) },
};

const lines = (model: WatchModel, columns = 80, rows = 40): string[] =>
  watchView(model, { columns, rows }, exampleNow).map(stripVTControlCharacters);

test('no line is wider than the terminal, and there are no more lines than rows, at any size', () => {
  const trouble = { message: 'The daemon is not running.', hint: 'Start it with `tidemark service start`.' };
  const models = [busy, { ...busy, trouble }, { status: undefined, trouble, run: undefined }];
  for (const model of models) {
    for (const columns of [1, 7, 20, 33, 40, 60, 80, 120, 300]) {
      for (const rows of [1, 2, 3, 4, 10, 24, 60]) {
        const view = watchView(model, { columns, rows }, exampleNow);
        assert.ok(view.length <= rows, `${view.length} lines in ${rows} rows`);
        for (const line of view) {
          assert.ok(stringWidth(line) <= columns, `${stringWidth(line)} in ${columns}: ${line}`);
        }
      }
    }
  }
});

test('a daemon that an upgrade did not restart is told with both versions and what to do, and one of this version is not', () => {
  const status = idleStatus();
  const daemonOf = (version: string) =>
    statusFacts({ ...status, daemon: { ...status.daemon, version } }, exampleNow)[0]?.lines[1];
  assert.equal(daemonOf(tidemarkVersion), undefined);
  for (const version of ['0.0.9', '99.0.0']) {
    assert.equal(
      daemonOf(version),
      `The daemon is version ${version}, and this command is version ${tidemarkVersion}. ` +
        'Run `tidemark service install` to restart it with this one, or start it again where it runs in a terminal.',
    );
  }
});

test('active and peak come first, with the age of the reading', () => {
  const view = lines(busy, 120);
  assert.match(view[2] ?? '', /^active 160\.0 MB {3}peak 600\.0 MB {3}cache 0\.0 MB.*as of 5 seconds ago$/);
});

test('the run at work has its progress, its step and its peaks', () => {
  const text = lines(busy).join('\n');
  assert.match(
    text,
    /Run +#12, profile of bf16\n +█{6}░{18} 4 of 16 iterations\n +iteration 3 of 15: active/,
  );
  assert.match(text, /▁▁▁█\n +peaks of this run, 600\.0 MB to 640\.0 MB/);
});

test('the peaks of another run are not drawn for this one', () => {
  const other = { ...busy, run: { runId: 11, peaks: [1, 2, 3] } };
  assert.doesNotMatch(lines(other).join('\n'), /peaks of this run/);
});

test('queue, last peaks, next check, last check, alerts, deaths and notices are all there', () => {
  const text = lines(busy).join('\n');
  assert.match(text, /Queue +#13, study of bf16, 4bit-fp32 and 1 more/);
  assert.match(
    text,
    /Peaks +▁▁█\n +last 3 runs of bf16 with af_heart, 15 iterations of “Hello\.”, 600\.0\s+MB to 640\.0 MB/,
  );
  assert.match(text, /Next check +“nightly” .*\(in 1 hour\)/);
  assert.match(text, /Last check +#11, bf16, 1 hour ago: LEAK/);
  assert.match(text, /Alerts +1 open, 2 acknowledged\n +#3, 1 hour ago, “nightly”: The peak is 640\.0 MB/);
  assert.match(text, /Crashed 2 times, last 30 minutes ago: It was ended by SIGKILL/);
  assert.match(text, /Notices +The disk is full\. Make room\./);
});

test('without a daemon the last state stays, with its age, below what is wrong', () => {
  const gone = { ...busy, trouble: { message: 'The daemon is not running.', hint: 'Start it.' } };
  const text = lines(gone).join('\n');
  assert.match(
    text,
    /No daemon +The daemon is not running\.\n +Start it\.\n +The status below is from just now\./,
  );
  assert.match(text, /active 160\.0 MB/);
});

test('without a model nothing is said to be held', () => {
  const host = { state: 'none', deaths: 0 } as const;
  const text = lines({ ...busy, status: idleStatus({ host }) }).join('\n');
  assert.match(text, /No model is loaded: active 0 B\./);
  assert.match(text, /Host +not running, no memory in use/);
});
