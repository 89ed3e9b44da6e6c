/** What is read from the output of `launchctl print`, in the forms that different versions of macOS print. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJob } from './launchctl.ts';

const printed = (lines: string): string => `gui/501/dev.tidemark.daemon = {\n${lines}\n}\n`;

test('a running service has a state, a process and a number of runs, and has never exited', () => {
  assert.deepEqual(
    readJob(
      printed(
        '\tactive count = 1\n\tstate = running\n\n\truns = 1\n\tpid = 913\n\tlast exit code = (never exited)',
      ),
    ),
    { state: 'running', pid: 913, runs: 1, lastExitCode: undefined, lastSignal: undefined },
  );
});

test('only the lines of the service itself count, not those of its coalitions and arguments', () => {
  const job = readJob(
    printed(
      '\targuments = {\n\t\tpid = 1\n\t}\n\tstate = not running\n\tlast exit code = 1\n\n\tresource coalition = {\n\t\tstate = active\n\t\tpid = 2\n\t}',
    ),
  );
  assert.deepEqual(job, {
    state: 'not running',
    pid: undefined,
    runs: undefined,
    lastExitCode: 1,
    lastSignal: undefined,
  });
});

test('an exit code with a name, and the signal that stands in its place, are read', () => {
  assert.equal(readJob(printed('\tlast exit code = 78: EX_CONFIG')).lastExitCode, 78);
  const { lastExitCode, lastSignal } = readJob(printed('\tlast terminating signal = Killed: 9'));
  assert.deepEqual([lastExitCode, lastSignal], [undefined, 'Killed: 9']);
});

test('the indentation by spaces of older versions makes no difference', () => {
  assert.equal(
    readJob('dev.tidemark.daemon = {\n        state = running\n        pid = 1486\n}\n').pid,
    1486,
  );
});

test('what says nothing of this is read as knowing nothing', () => {
  assert.deepEqual(Object.values(readJob('Bad request.\n')), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
