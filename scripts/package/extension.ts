/** `npm run extension-alone`: the Raycast extension out of the repository, as it goes to Raycast's store, and whether it holds there. */

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { trackedFiles } from '../pack/stage.ts';
import { layoutOf } from '../setup/layout.js';

const usage = `Copies the Raycast extension into an empty folder outside the repository, and installs, lints, builds, and tests it there.

Usage: npm run extension-alone -- [options]

  --out FOLDER  keep the copy in this folder, which is empty or not there yet, for example to publish it
  --only-copy   with --out: copy it, and no more
`;

const { root } = layoutOf();

/** What set-up made for the extension, which git does not have and the store's copy does. */
const made = ['extension/assets', 'extension/vendor'];

/** Copies what belongs to the extension. Throws where set-up has not made everything, or the folder holds something. */
export async function copyExtension(to: string, signal: AbortSignal): Promise<void> {
  if (!relative(root, to).startsWith('..')) {
    throw new Error(`${to} is in the repository. Name a folder outside it.`);
  }
  if (existsSync(to) && readdirSync(to).length > 0) {
    throw new Error(`${to} is not empty. Name another folder.`);
  }
  const tracked = (await trackedFiles(root, signal)).filter((path) => path.startsWith('extension/'));
  for (const path of [...tracked, ...made]) {
    const target = join(to, relative('extension', path));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(root, path), target, { recursive: true });
  }
}

/** The environment of somebody who does not have the repository: none of its commands, and nothing of the npm that runs this. */
function environmentOutside(): NodeJS.ProcessEnv {
  const places = (process.env['PATH'] ?? '').split(delimiter);
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|INIT_CWD$)/i.test(name))),
    PATH: places.filter((place) => relative(root, place).startsWith('..')).join(delimiter),
  };
}

async function runStep(words: readonly string[], cwd: string, signal: AbortSignal): Promise<boolean> {
  const startedAt = performance.now();
  console.log(`\n== npm ${words.join(' ')}`);
  const child = spawn('npm', words, { cwd, env: environmentOutside(), stdio: 'inherit', signal });
  const status = await new Promise<number | null>((done, fail) =>
    child.once('error', fail).once('close', (code) => done(code)),
  );
  console.log(
    `== npm ${words.join(' ')}: ${status === 0 ? 'passed' : 'failed'} in ${formatDuration((performance.now() - startedAt) / 1000)}`,
  );
  return status === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      'only-copy': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort());
  }
  const { signal } = interruption;
  const out =
    values.out === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? process.cwd(), values.out);
  const folder = out ?? mkdtempSync(join(tmpdir(), 'tidemark-extension-'));
  try {
    await copyExtension(folder, signal);
    console.log(`Copied the extension into ${folder}`);
    if (values['only-copy']) {
      return;
    }
    for (const words of [['ci', '--ignore-scripts'], ['run', 'lint'], ['run', 'build'], ['test']]) {
      if (!(await runStep(words, folder, signal))) {
        process.exitCode = 1;
        return;
      }
    }
    console.log('\nThe extension stands alone.');
  } finally {
    if (out === undefined) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
