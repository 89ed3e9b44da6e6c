/** What commands print in terminals of many widths: no line is wider, by the columns that its characters fill. */

import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { test } from 'node:test';
import stringWidth from 'string-width';
import { cliOver } from '../../test/cli.ts';
import { exampleSchedule, finishedRun } from '../../test/example-histories.ts';
import { needsPython, PseudoTerminal } from '../../test/pseudo-terminal.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openHistory } from '../history/history.ts';

const home = temporaryFolder();
{
  using history = openHistory(home).history;
  finishedRun(history, {
    run: { text: '日本語の文章を読み上げる長いテキスト 🎉👨‍👩‍👧 and words that go on and on and on' },
  });
  finishedRun(history, {
    run: { models: ['/home/somebody/模型/a folder with a name that is long/Kokoro-82M-4bit'] },
  });
  history.schedules.add(exampleSchedule({ name: '夜间检查 🌙 with a long name that goes on' }));
}

/** Whole, since a cut path or a broken command could not be copied. */
const isToCopy = (line: string): boolean => /^\s*\$ |^\s*\/\S+$/.test(line);

for (const columns of [40, 60, 80, 100, 200]) {
  test(`no line is wider than a terminal of ${columns} columns`, needsPython, async () => {
    for (const words of [
      'runs',
      'show 1',
      'show 2',
      'compare 1 2',
      'schedule',
      'models',
      'status',
      'show x',
      '--help',
    ]) {
      const terminal = new PseudoTerminal(words.split(' '), {
        columns,
        rows: 50,
        environment: { TIDEMARK_HOME: home },
      });
      await terminal.ended;
      const lines = stripVTControlCharacters(terminal.output).split(/\r?\n/);
      assert.ok(lines.length > 2, words);
      for (const line of lines.filter((each) => !isToCopy(each))) {
        assert.ok(stringWidth(line) <= columns, `${words}: ${stringWidth(line)} columns: ${line}`);
      }
    }
  });
}

test('what is no terminal gets whole lines', async () => {
  const { stdout } = await cliOver(home)('runs', { environment: { COLUMNS: '40' } });
  assert.match(stdout, /日本語の文章を読み上げる長いテキスト/);
  const { stdout: status } = await cliOver(home)('status', { environment: { COLUMNS: '40' } });
  assert.ok(status.split('\n').some((line) => line.length > 100));
});
