/** Lays out, in a folder of its own, all that another machine needs to run Tidemark without a network. */

import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stepsFor } from '../setup/command-line.js';
import { run } from '../setup/children.js';
import { layoutOf } from '../setup/layout.js';
import { setUp } from '../setup/set-up.js';
import type { Backend } from '../setup/backend.js';
import type { fetchWheel } from '../setup/download.js';
import type { StepLines } from '../setup/step-lines.js';

type Context = Parameters<typeof fetchWheel>[0];

/** Folders of the repository that a machine which only measures has no use for. */
const leftOut = /^(?:\.ci|extension|assets|scripts\/(?!setup\/|bench\/))|(?:\.test\.ts$)|(?:^|\/)test\//;

/** What of MLX's headers is compiled at run time, and what set-up looks for. */
const headers = new Set(['cccl', 'crt', 'cute', 'cutlass', 'mlx']);

/** Only NVIDIA's libraries are left to the other machine: it has them, or its network is needed after all. */
const leftToThere = new Set(['nvidia']);

/**
 * Fills `folder` with the tracked files, the dependencies that are used at run time, and what set-up makes for `backend`; what this
 * checkout has of that is copied, and the rest is made there. Throws a SetupFailure.
 */
export async function stage(
  folder: string,
  context: Context & { readonly backend: Backend },
  lines: StepLines,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const { root } = context.layout;
  for (const file of (await trackedFiles(root, context.signal)).filter((path) => !leftOut.test(path))) {
    copy(join(root, file), join(folder, file));
  }
  for (const path of await usedPackages(context)) {
    copy(path, join(folder, relative(root, path)));
  }
  const layout = layoutOf(folder);
  const steps = stepsFor(layout, context.backend, { isForHere: false }).filter(
    ({ name }) => !leftToThere.has(name),
  );
  const parts = ['stamps', ...new Set(steps.flatMap(({ outputs }) => outputs).map(partOfBuild))];
  for (const part of parts.filter((name) => existsSync(join(context.layout.build, name)))) {
    copy(join(context.layout.build, part), join(layout.build, part));
  }
  // A link to this machine's libraries means nothing on another one.
  rmSync(join(layout.mlx, 'nvidia'), { recursive: true, force: true });
  for (const stamp of [...leftToThere, 'extension']) {
    rmSync(join(layout.stamps, stamp), { force: true });
  }
  await setUp({ ...context, layout }, steps, lines);
  for (const part of readdirSync(layout.build).filter((name) => !parts.includes(name))) {
    rmSync(join(layout.build, part), { recursive: true });
  }
  const include = join(layout.mlx, 'mlx', 'include');
  for (const part of readdirSync(include).filter((name) => !headers.has(name))) {
    rmSync(join(include, part), { recursive: true });
  }
}

/** `mlx`, of the output build/mlx/mlx/lib/libmlx.so. */
const partOfBuild = (output: string): string => output.split('/')[1] ?? '';

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** The files of a repository that git tracks and that are there, relative to it. */
export async function trackedFiles(root: string, signal: AbortSignal): Promise<string[]> {
  const { status, output } = await run('git', ['-C', root, 'ls-files', '-z'], { signal });
  if (status !== 0) {
    throw new Error(`git does not list the files of ${root}: ${output.trim()}`);
  }
  return output.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
}

/** The paths in node_modules of what runs, the pinned Node among it, and of the headers that an addon is built with. */
async function usedPackages({ layout, env, signal }: Context): Promise<string[]> {
  const { root } = layout;
  const list = ['ls', '--omit=dev', '--omit=peer', '--parseable', '--all'];
  const { status, output } = await run('npm', list, { cwd: root, env, signal });
  const paths = output
    .split('\n')
    .filter(
      (path) => path.startsWith(join(realpathSync(root), 'node_modules')) || /\/node_modules\//.test(path),
    );
  if (status !== 0 || paths.length === 0) {
    throw new Error(`npm does not list the packages of ${root}: ${output.trim().slice(-300)}`);
  }
  const own = ['.package-lock.json', '.bin/node', '.bin/tidemark', 'node-api-headers', 'node-addon-api'];
  return [...new Set([...paths, ...own.map((name) => join(root, 'node_modules', name))])];
}
