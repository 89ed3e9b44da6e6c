/** A line of the log as a person reads it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLine, isAtLeast } from './log-line.ts';

// In the time zone of whoever runs the test.
const time = new Date(2026, 10, 24, 9, 5, 7, 42);
const line = JSON.stringify({
  level: 'warn',
  time: time.toISOString(),
  pid: 4242,
  run: 7,
  model: 'bf16',
  path: '/a b',
  error: { type: 'Error', message: 'it broke', stack: 'Error: it broke\n    at here' },
  msg: 'A run failed.',
});
const options = { verbose: false, now: new Date(2026, 10, 24, 23) };

test('time, level, message and fields are shown, and the process is left out', () => {
  assert.equal(
    formatLine(line, options),
    '09:05:07.042 WARN  A run failed. run=7 model=bf16 path="/a b" error="it broke"',
  );
});

test('the date is shown where it is not today', () => {
  const shown = formatLine(line, { ...options, now: new Date(2026, 10, 25, 0, 1) });
  assert.match(shown, /^2026-11-24 09:05:07\.042 WARN/);
});

test('the stack of an error is shown when it is asked for', () => {
  assert.match(
    formatLine(line, { ...options, verbose: true }),
    /error="it broke"\n {4}Error: it broke\n {4}at here$/,
  );
});

test('what is no line of ours is shown as it is, and is let through whatever the level', () => {
  for (const other of ['Segmentation fault', '[1]', '{"cut sh', '']) {
    assert.equal(formatLine(other, options), other);
    assert.ok(isAtLeast(other, 'error'));
  }
});

test('a level lets through what is as grave or graver', () => {
  const shown = (level: 'debug' | 'info' | 'warn' | 'error'): boolean => isAtLeast(line, level);
  assert.deepEqual([shown('debug'), shown('info'), shown('warn'), shown('error')], [true, true, true, false]);
});
