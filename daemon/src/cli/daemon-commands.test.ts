/** The commands around the daemon: its start and end, status, schedule, settings, alerts, and what is said where none runs. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import {
  alertsDocument,
  hostDocument,
  schedulesDocument,
  settingsDocument,
} from '@tidemark/shared/protocol/daemon-documents.ts';
import { daemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { errorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { ScriptedDaemon } from '@tidemark/shared/test/scripted-daemon.ts';
import { thisSystem } from '../service/system.ts';
import { cliOver, documentIn, refuses, startCli } from '../../test/cli.ts';
import { until } from '../../test/processes.ts';
import { needsPython, PseudoTerminal } from '../../test/pseudo-terminal.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { TestDaemon, tinyModel } from '../../test/test-daemon.ts';

const { model, voice } = tinyModel();
const daemon = await TestDaemon.start();

const cli = cliOver(daemon.dataFolder);

test('without a daemon, status answers with what to do and exit code 4, and so does all that needs one', async () => {
  const environment = { TIDEMARK_HOME: temporaryFolder() };
  const status = await cli('status', { environment });
  assert.equal(status.code, 4);
  assert.equal(status.stderr, '');
  assert.match(status.stdout, /^The daemon is not running\.\nStart it with `tidemark service start`/);
  const json = await cli('status --json', { environment });
  assert.equal(json.code, 4);
  assert.equal(documentIn(errorDocument, json).error.code, 'no-daemon');
  for (const words of ['unload', 'cancel', 'alerts ack', 'schedule pause', 'settings reset']) {
    const { code, stderr } = await cli(words, { environment });
    assert.equal(code, 4, words);
    assert.match(stderr, /^error: The daemon is not running\.\nhint: Start it with/);
  }
});

test(
  'in a terminal the daemon says what it does, a second one who it is, and Ctrl-C ends it with 0',
  needsPython,
  async () => {
    const dataFolder = temporaryFolder();
    const environment = { TIDEMARK_HOME: dataFolder };
    const terminal = new PseudoTerminal(['daemon'], { columns: 200, rows: 24, environment });
    await terminal.shows(
      /Log: .*daemon\.log\nPress Ctrl-C to stop the daemon\.\n\d\d:\d\d:\d\d\.\d{3} INFO +The daemon is listening\./,
    );
    const second = await cli('daemon', { environment });
    assert.equal(second.code, 1);
    assert.match(
      second.stderr,
      /^error: Another daemon is already running \(process \d+, since .*\)\.\nhint: /,
    );
    terminal.press('\u0003');
    assert.equal(await terminal.ended, 0);
    assert.match(
      terminal.output,
      /Stopped by SIGINT\. Shutting down\. Press Ctrl-C again to quit immediately\./,
    );
  },
);

test('without a terminal it prints nothing, or JSON lines where they are asked for', async () => {
  const dataFolder = temporaryFolder();
  const environment = { TIDEMARK_HOME: dataFolder };
  const running = startCli('daemon --print json', { environment });
  await until(() => running.stderr().includes('The daemon is listening.'), 'it listens', 30);
  running.child.kill('SIGTERM');
  const { code, stderr } = await running.finished;
  assert.equal(code, 0);
  for (const line of stderr.trimEnd().split('\n')) {
    assert.equal((JSON.parse(line) as { level: string }).level, 'info');
  }
  const quiet = startCli('daemon', { environment });
  await until(() => existsSync(socketPathOf(dataFolder)), 'it listens', 30);
  quiet.child.kill('SIGTERM');
  assert.equal((await quiet.finished).stderr, '');
});

test('a model is loaded, shown with its memory, and unloaded', async () => {
  const loaded = await cli(`load ${model} --voice ${voice}`);
  assert.equal(loaded.code, 0, loaded.stderr);
  assert.match(loaded.stdout, /^tiny with af_tiny is loaded: \d.* active, \d.* footprint\.$/m);
  const status = documentIn(daemonStatus, await cli('status --json'));
  assert.equal(status.host.state, 'idle');
  assert.equal(status.host.model, model);
  const text = await cli('status');
  assert.equal(text.code, 0);
  assert.match(text.stdout, /^Host +tiny with af_tiny, idle, process \d+, .* unloads in /m);
  assert.match(text.stdout, /^Memory +active \d+\.\d MB, peak .*\n +as of .*, idle$/m);
  assert.equal(documentIn(hostDocument, await cli('unload --json')).host.state, 'none');
  assert.equal((await cli('unload')).stdout, 'No model was loaded.\n');
});

test('a schedule is added, changed, paused, done at once and removed', async () => {
  const timing = ['--cron', '0 3 * * *', '--time-zone', 'Europe/Berlin', '--skip-on-battery'];
  const check = ['--model', model, '--voice', voice, '--iterations', '2'];
  const added = await cli(['schedule', 'add', 'nightly', ...timing, ...check]);
  assert.equal(added.code, 0, added.stderr);
  assert.match(
    added.stdout,
    /^Added schedule 1 “nightly”: tiny with af_tiny, 0 3 \* \* \* in Europe\/Berlin; next /,
  );

  const listed = await cli('schedule set 1 --name often --every 6h --no-skip-on-battery --json');
  const [changed] = documentIn(schedulesDocument, listed).schedules;
  assert.deepEqual(changed?.timing, { kind: 'every', seconds: 21_600 });
  assert.deepEqual([changed.name, changed.iterations, changed.skipOnBattery], ['often', 2, false]);

  assert.equal((await cli('schedule pause 1')).stdout, 'Schedule 1 is paused.\n');
  assert.match((await cli('schedule')).stdout, /^1 +“often”, every 6h\n.*\n +paused\n/);
  assert.equal((await cli('schedule resume 1')).stdout, 'Schedule 1 is no longer paused.\n');
  assert.equal((await cli('schedule pause')).stdout, 'All schedules are paused.\n');
  assert.equal((await cli('schedule resume')).code, 0);

  const ran = await cli('schedule run 1 --json');
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(documentIn(profileDocument, ran).settings.iterations, 2);
  assert.match(ran.stderr, /^tiny: iteration 2 of 2: /m);
  assert.match((await cli('runs --schedule 1')).stdout, /“often” +tiny/);

  assert.equal((await cli('schedule remove 1')).stdout, 'Removed schedule 1 “often”.\n');
  assert.match((await cli('schedule')).stdout, /^There are no schedules\./);
});

test('settings are read and set in the words of a person', async () => {
  const changed = await cli('settings set memory-ceiling 600MB alert-peak=10%');
  assert.equal(changed.stdout, 'memory-ceiling is 600.0 MB.\nalert-peak is 10%.\n');
  const { settings } = documentIn(settingsDocument, await cli('settings --json'));
  assert.equal(settings.memoryCeilingBytes, 600_000_000);
  assert.equal(settings.alerts.peakShare, 0.1);
  assert.match(
    (await cli('settings')).stdout,
    /^memory-ceiling +600\.0 MB +none +maximum footprint of the host; or none/m,
  );
  assert.equal((await cli('settings reset memory-ceiling')).stdout, 'memory-ceiling is none.\n');
  assert.equal((await cli('settings get memory-ceiling')).stdout, 'none\n');
  assert.equal((await cli('settings get alert-peak')).stdout, '10%\n');
  assert.equal((await cli('settings set python /bin/sh')).stdout, 'python is /bin/sh.\n');
  assert.equal((await cli('settings reset python')).stdout, 'python is none.\n');
});

test('alerts are listed, and there is nothing to acknowledge where none is open', async () => {
  assert.deepEqual(documentIn(alertsDocument, await cli('alerts --all --json')).alerts, []);
  assert.equal((await cli('alerts ack')).stdout, 'There are no open alerts.\n');
  assert.match((await cli('alerts ack 7')).stderr, /^error: There is no alert 7\./);
});

test('each wrong use is one sentence, a hint, and exit code 2', () =>
  refuses(cli, 2, [
    ['schedule add x', /The timing of the checks is missing/],
    [
      'schedule add --every 5s',
      /'5s' is invalid\. Give a duration from 1m to 366d\.\nhint: Run `tidemark schedule add/,
    ],
    ['schedule add --every 1h --time-zone UTC', /An interval has no time zone/],
    ['schedule set 0 --every 1h', /'0' is invalid/],
    ['settings set memory-ceiling', /The value for memory-ceiling is missing/],
    ['settings set memory-ceiling 600', /memory-ceiling cannot be "600"\. Give an amount with a unit/],
    ['settings set python /no/such', /python cannot be "\/no\/such"\. There is no program at \/no\/such/],
    ['settings get memory-ceilin', /There is no setting memory-ceilin\. Did you mean memory-ceiling\?/],
    ['show x', /'x' is invalid for argument 'run'\. Give the number of a run/],
    ['cancel 0', /'0' is invalid/],
    ['runs --state done', /Allowed choices are queued, running, complete/],
    ['runs export - --json', /cannot both go to stdout/],
    ['daemon --level loud', /Allowed choices are debug/],
  ]));

test('a daemon that speaks another protocol is an error with what to do, and no reason to measure here in silence', async () => {
  await using other = await ScriptedDaemon.listening(undefined, 99);
  const dataFolder = temporaryFolder();
  mkdirSync(dirname(socketPathOf(dataFolder)), { recursive: true });
  symlinkSync(other.socketPath, socketPathOf(dataFolder));
  const { code, stdout, stderr } = await cli(`profile ${model} --voice ${voice} --phonemes abc.`, {
    environment: { TIDEMARK_HOME: dataFolder },
  });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.deepEqual(await thisSystem().greet(other.socketPath), { pid: 1, version: '9.8.7' });
  assert.match(
    stderr,
    /^error: The running daemon .* speaks version 99 of the protocol.*\nhint: .* To measure without the daemon, add --local\.$/m,
  );
});

test('the daemon of this file ends', async () => {
  await daemon.kill('SIGTERM');
  assert.equal((await cli('status')).code, 4);
});
