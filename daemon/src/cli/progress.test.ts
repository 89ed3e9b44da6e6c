/** Progress on a terminal and in a log. */

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createProgress, showModelProgress } from './progress.ts';

/** A stream that keeps what is written to it, a terminal or not. */
function recorder(isTerminal: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  let written = '';
  const writable = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written += chunk.toString();
      done();
    },
  });
  const terminal = { isTTY: isTerminal, columns: 100, rows: 30 };
  return {
    stream: Object.assign(writable, terminal) as unknown as NodeJS.WriteStream,
    written: () => written,
  };
}

const showCursor = '\u001B[?25h';
const hideCursor = '\u001B[?25l';

test('in a log, each advance is a line by itself', () => {
  const { stream, written } = recorder(false);
  const progress = createProgress(stream);
  progress.begin({ title: 'bf16', total: 2 });
  progress.advance(1, 'iteration 1 of 2');
  progress.advance(2, 'iteration 2 of 2');
  progress.end();
  progress.note('Done.');
  assert.equal(written(), 'bf16: iteration 1 of 2\nbf16: iteration 2 of 2\nDone.\n');
});

test('in a log, bytes are told in tenths and at the end', () => {
  const { stream, written } = recorder(false);
  const show = showModelProgress(createProgress(stream));
  for (let writtenBytes = 0; writtenBytes <= 1000; writtenBytes += 1) {
    show({ kind: 'building', model: 'bf16', writtenBytes, totalBytes: 1000 });
  }
  const lines = written().trimEnd().split('\n');
  assert.ok(lines.length >= 10 && lines.length <= 12, `${lines.length} lines`);
  assert.equal(lines.at(-1), 'Building bf16: 1.0 kB of 1.0 kB');
});

test('on a terminal, a bar is drawn and gone at the end, and the cursor is back', () => {
  const { stream, written } = recorder(true);
  const progress = createProgress(stream);
  progress.begin({ title: 'bf16', total: 2 });
  assert.ok(written().includes(hideCursor));
  progress.advance(1, 'iteration 1 of 2');
  progress.end();
  assert.ok(written().lastIndexOf(showCursor) > written().lastIndexOf(hideCursor));
  assert.match(stripVTControlCharacters(written()), /bf16 █{12}░{12} iteration 1 of 2/);
});

test('on a terminal, a note stands above the bar, which goes on', () => {
  const { stream, written } = recorder(true);
  const progress = createProgress(stream);
  progress.begin({ title: 'bf16', total: 4 });
  progress.advance(1, 'iteration 1 of 4');
  progress.note('The disk is nearly full.');
  const afterNote = written().slice(written().indexOf('nearly full.'));
  assert.match(stripVTControlCharacters(afterNote), /^nearly full\.\n.*bf16 █{6}░{18} iteration 1 of 4/s);
  progress.end();
});

test('a terminal that is dumb gets lines', () => {
  const { TERM: before } = process.env;
  process.env['TERM'] = 'dumb';
  const { stream, written } = recorder(true);
  const progress = createProgress(stream);
  progress.begin({ title: 'bf16', total: 1 });
  progress.advance(1, 'done');
  process.env['TERM'] = before;
  assert.equal(written(), 'bf16: done\n');
});
