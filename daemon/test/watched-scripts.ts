/** Small Python programs over a stand-in for MLX, watched by a real `tidemark watch-python`, for tests. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import type { WatchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import * as v from 'valibot';
import { repositoryRoot } from '../src/paths.ts';
import { runCli } from './cli.ts';
import type { Finished } from './cli.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const folder = temporaryFolder();

export const environment = {
  TIDEMARK_HOME: join(folder, 'home'),
  PYTHONPATH: join(repositoryRoot, 'daemon', 'test', 'fake-mlx'),
};
let scripts = 0;

export function scriptFile(source: string): string {
  const file = join(folder, `script_${(scripts += 1)}.py`);
  writeFileSync(file, source);
  return file;
}

/** One sentence 15 times, as the plan's script does it; `body` is what each iteration does besides. */
export const loop = (body = 'pass', before = ''): string => `
import gc, os, sys, time
import mlx.core as mx
kept = []
weights = mx.array(1000)
${before}
for i in range(15):
    audio = mx.array(500)
    mx.eval(audio)
    del audio
    ${body}
    gc.collect()
    mx.clear_cache()
`;

interface Watched {
  readonly document: WatchDocument;
  readonly finished: Finished;
}

export async function watched(source: string, ...options: string[]): Promise<Watched> {
  const words = ['watch-python', '--json', '--local', ...options, '--', 'python3', scriptFile(source)];
  const finished = await runCli(words, { environment });
  assert.ok(finished.stdout.startsWith('{'), finished.stderr);
  return { document: v.parse(watchDocument, JSON.parse(finished.stdout)), finished };
}

export const leaking = ({ leaks }: WatchDocument): string[] =>
  leaks.filter(({ status }) => status === 'leak').map(({ channel }) => channel);
