/**
 * Writes to a history without pause until it is killed, and says on stdout what it wrote once the call has returned:
 * `history-writer.ts FOLDER own|shared`. With a third word, `until-full`, it stops at the first write that is refused, says
 * why, and goes on when a line comes in.
 */

import { readSync, writeSync } from 'node:fs';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import { exampleAlert, exampleHead, exampleRun } from './example-histories.ts';
import { errnoOf } from '../src/files/storage-errors.ts';
import { openHistory } from '../src/history/history.ts';

/** What was written, and what of it must be there from then on. */
export type Acknowledged =
  | { readonly kind: 'open'; readonly setAside: string | undefined }
  | { readonly kind: 'run' | 'finished'; readonly id: number }
  | { readonly kind: 'samples'; readonly id: number; readonly count: number }
  | { readonly kind: 'alert'; readonly id: number }
  | { readonly kind: 'setting'; readonly retentionRuns: number }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

const [, , folder = '', access = 'own', mode] = process.argv;

/** Writes straight to the pipe: what a stream still holds would die with the process. */
function say(acknowledged: Acknowledged): void {
  let rest = Buffer.from(`${JSON.stringify(acknowledged)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') {
        throw error;
      }
      // The pipe is full while the test is busy and does not read.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

const opened = openHistory(folder, { access: access === 'shared' ? 'shared' : 'own' });
using history = opened.history;
say({ kind: 'open', setAside: opened.setAside?.path });
if (access === 'own') {
  history.runs.interruptRunning('The writer before was killed.', 'SIGKILL');
}

for (let round = 0; ; round += 1) {
  try {
    writeOne(round);
  } catch (error) {
    if (mode !== 'until-full' || !(error instanceof TidemarkError)) {
      throw error;
    }
    say({ kind: 'refused', code: error.code, message: error.message });
    readSync(0, Buffer.alloc(16));
  }
}

function writeOne(round: number): void {
  const { id } = history.runs.add(exampleRun());
  say({ kind: 'run', id });
  history.runs.begin(id);
  history.runs.noteHead(id, exampleHead());
  const document = exampleProfile();
  for (const { index } of document.iterations) {
    history.runs.addSample(id, exampleSample(index), index === 0 ? 'warm-up' : 'measured', 'bf16');
    say({ kind: 'samples', id, count: index + 1 });
  }
  history.runs.finish(id, { state: 'complete', document });
  say({ kind: 'finished', id });
  say({ kind: 'alert', id: history.alerts.add(exampleAlert({ runIds: [id] })).id });
  const retentionRuns = history.settings.get().retentionRuns + 1 + (round % 3);
  history.settings.change({ retentionRuns });
  say({ kind: 'setting', retentionRuns });
}
