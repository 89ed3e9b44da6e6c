/** `tidemark watch` in a pseudo terminal and in a pipe, beside a real daemon. */

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import * as v from 'valibot';
import { watchLine } from '@tidemark/shared/protocol/daemon-documents.ts';
import { startCli } from '../../test/cli.ts';
import { until } from '../../test/processes.ts';
import { needsPython, PseudoTerminal } from '../../test/pseudo-terminal.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { TestDaemon, tinyModel, untilRun } from '../../test/test-daemon.ts';

const model = tinyModel();
const watch = (dataFolder: string, columns = 80, rows = 24): PseudoTerminal =>
  new PseudoTerminal(['watch'], { columns, rows, environment: { TIDEMARK_HOME: dataFolder } });

const entered = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const restored = '\u001b[?7h\u001b[?25h\u001b[?1049l';

test(
  'it shows a run as it goes, its peaks from before it was watched, and follows the size of the terminal',
  needsPython,
  async () => {
    const daemon = await TestDaemon.start();
    await using client = await daemon.client();
    const { id } = await client.call('startProfile', { ...model, iterations: 100_000 });
    await untilRun(client, id, ({ samplesTaken }) => samplesTaken > 12);
    const terminal = watch(daemon.dataFolder);
    await terminal.shows(/Run +#1, profile of tiny\n +[█░]+ \d+ of 100,?001 iterations/);
    await terminal.shows(/[▁▂▃▄▅▆▇█]{12,}\n +peaks of this run/);

    terminal.resize(40, 12);
    await terminal.shows(/^Press q or Ctrl-C to quit$/m);
    assert.equal(terminal.screen.length, 12);
    assert.equal(terminal.screen[11], 'Press q or Ctrl-C to quit');

    terminal.resize(100, 30);
    await until(() => terminal.screen[29] === 'Press q or Ctrl-C to quit', 'the last line is at the bottom');
    await client.call('cancel', { runId: id }, { timeoutMilliseconds: 30_000 });
    await terminal.shows(/Run +none/);
    terminal.press('q');
    assert.equal(await terminal.ended, 0);
    await daemon.kill('SIGTERM');
  },
);

test('however it is left, the terminal is as it was', needsPython, async () => {
  const dataFolder = temporaryFolder();
  const ends = [
    { leave: (terminal: PseudoTerminal) => terminal.press('q'), code: 0 },
    { leave: (terminal: PseudoTerminal) => terminal.press('\u0003'), code: 0 },
    {
      leave: (terminal: PseudoTerminal) => terminal.signal(constants.signals.SIGTERM),
      code: 128 + constants.signals.SIGTERM,
    },
  ];
  for (const { leave, code } of ends) {
    const terminal = watch(dataFolder);
    await terminal.shows(/No daemon +The daemon is not running\./);
    assert.ok(terminal.output.startsWith(entered));
    assert.ok(!terminal.output.includes(restored));
    leave(terminal);
    assert.equal(await terminal.ended, code);
    assert.ok(terminal.output.endsWith(restored), JSON.stringify(terminal.output.slice(-80)));
  }
});

test('it waits for a daemon, and comes back when one is started again', needsPython, async () => {
  const dataFolder = temporaryFolder();
  const terminal = watch(dataFolder);
  await terminal.shows(/No daemon +The daemon is not running\.\n +Start it with/);
  const first = await TestDaemon.start({ dataFolder });
  await terminal.shows(/No model is loaded/);
  await first.kill('SIGKILL');
  await terminal.shows(/The status below is from/);
  const second = await TestDaemon.start({ dataFolder });
  await terminal.shows(/^Tidemark \d.*\n\nNo model is loaded/);
  terminal.press('q');
  assert.equal(await terminal.ended, 0);
  await second.kill('SIGTERM');
});

test('in a pipe it prints a line for each event, and with --json each is true to its schema', async () => {
  const daemon = await TestDaemon.start();
  const environment = { TIDEMARK_HOME: daemon.dataFolder };
  const plain = startCli('watch', { environment });
  const json = startCli('watch --json', { environment });
  await until(() => plain.stdout().includes('Connected.'), 'the plain watch is connected', 30);
  await until(() => json.stdout().includes('"event":"status"'), 'the other one is too', 30);
  await using client = await daemon.client();
  const { id } = await client.call('startProfile', { ...model, iterations: 3 });
  await until(() => plain.stdout().includes(`#${id} complete`), 'the run has ended', 60);
  await until(() => json.stdout().includes('"kind":"ended"'), 'the other one knows', 60);
  plain.child.kill('SIGINT');
  json.child.kill('SIGINT');

  const { code, stdout } = await plain.finished;
  assert.equal(code, 128 + constants.signals.SIGINT);
  assert.ok(!stdout.includes('\u001b'));
  assert.match(stdout, /^\d\d:\d\d:\d\d #1 warm-up 1 of 1: active /m);
  assert.match(stdout, /^\d\d:\d\d:\d\d #1 iteration 3 of 3: active /m);

  const lines = (await json.finished).stdout.trimEnd().split('\n');
  const events = lines.map((line) => v.parse(watchLine, JSON.parse(line)));
  const steps = events.flatMap((event) => (event.event === 'progress' ? [event.progress.step.kind] : []));
  assert.equal(steps.filter((kind) => kind === 'iteration').length, 4);
  assert.equal(steps.at(-1), 'ended');
  await daemon.kill('SIGTERM');
});
