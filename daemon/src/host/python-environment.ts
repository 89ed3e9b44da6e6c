/** The Python that runs mlx-audio: the person's own, or an environment that Tidemark makes once, pinned, in the data folder. */

import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import { guarded } from '../background.ts';
import { withLock } from '../files/lock.ts';
import { storageError } from '../files/storage-errors.ts';
import { throwIfInterrupted } from '../interruption.ts';
import type { Engine } from './transport.ts';

/** What a run asks of an engine. */
export interface EngineRequest {
  readonly engine?: EngineName | undefined;
  /** The person's own interpreter. */
  readonly python?: string | undefined;
  /** Whether its heap is traced. */
  readonly pythonHeap?: boolean | undefined;
}

export interface EnvironmentOptions {
  readonly signal?: AbortSignal | undefined;
  /** How far an environment that is being made is: `done` of its packages. */
  readonly onStep?: ((step: InstallStep) => void) | undefined;
}

export interface InstallStep {
  readonly message: string;
  readonly done: number;
  readonly of: number;
}

export interface PinnedEnvironment {
  readonly name: string;
  /** A list for pip, with versions. */
  readonly requirements: string;
  readonly folder: string;
}

/** The oldest that the pinned packages have wheels for. */
const oldestPython = [3, 11] as const;

/** On disk once it is installed, and downloaded; as measured on Linux. */
const takes = 'about 200 MB on the disk, of which 40 MB are downloaded packed';

export const mlxAudioEnvironment = (dataFolder: string): PinnedEnvironment => ({
  name: 'mlx-audio',
  requirements: fileURLToPath(new URL('../../python/requirements.txt', import.meta.url)),
  folder: join(dataFolder, 'python', 'mlx-audio'),
});

/**
 * The person's own interpreter for mlx-audio: the one that the run names, else the one in the environment, else the one that is set
 * and kept; undefined where there is none, for the environment that Tidemark makes.
 */
export function ownPython(named: string | undefined, setting: string): string | undefined {
  const { TIDEMARK_PYTHON: inherited = '' } = process.env;
  return named ?? [inherited, setting].find((each) => each !== '');
}

/**
 * The engine that a run asks for, its environment made where it is not there yet; undefined for Tidemark's own host. Whether
 * mlx-audio works in a person's own interpreter is seen when it is started. Throws a TidemarkError: 'python', 'network',
 * 'not-writable' or 'interrupted'.
 */
export async function resolveEngine(
  { engine, python }: EngineRequest,
  { dataFolder, ...options }: EnvironmentOptions & { readonly dataFolder: string },
): Promise<Engine | undefined> {
  if (engine !== 'mlx-audio') {
    return undefined;
  }
  if (python === undefined) {
    const own = await ensureEnvironment(mlxAudioEnvironment(dataFolder), options);
    return { name: engine, python: own, isOwn: true };
  }
  const found = python.includes('/') ? python : await inPath(python);
  if (found === undefined || !(await isExecutable(found))) {
    throw new TidemarkError('python', `There is no program at ${python}.`, {
      hint: 'Give the path of a Python that has mlx-audio, or leave out --python: Tidemark then makes an environment of its own.',
    });
  }
  return { name: engine, python: found, isOwn: false };
}

/** The environment's interpreter where it is installed as the pins say; undefined where it is not, or only in part. */
export async function installedPython({
  folder,
  requirements,
}: PinnedEnvironment): Promise<string | undefined> {
  const python = join(folder, 'bin', 'python');
  const installed = await readFile(stampOf(folder), 'utf8').catch(() => undefined);
  return installed === (await readFile(requirements, 'utf8')) && (await isExecutable(python))
    ? python
    : undefined;
}

/** Written last: an installation that was cut short is made again. */
const stampOf = (folder: string): string => join(folder, 'installed.txt');

/** The interpreter of an environment, which is made first where it is not there as its pins say. Throws as {@link resolveEngine}. */
export async function ensureEnvironment(
  environment: PinnedEnvironment,
  options: EnvironmentOptions = {},
): Promise<string> {
  const found = await installedPython(environment);
  return (
    found ??
    (await withLock(
      `${environment.folder}.lock`,
      // While this process waited, the lock's holder may have made it.
      async () => (await installedPython(environment)) ?? (await makeEnvironment(environment, options)),
      { signal: options.signal },
    ))
  );
}

async function makeEnvironment(
  { name, requirements, folder }: PinnedEnvironment,
  { signal, onStep }: EnvironmentOptions,
): Promise<string> {
  const base = await findPython(process.env, signal);
  const python = join(folder, 'bin', 'python');
  const pins = await readFile(requirements, 'utf8');
  const of = pins.split('\n').filter((line) => /^[\w.-]+==/u.test(line)).length;
  onStep?.({ message: `Making a Python environment with ${name} in ${folder}, ${takes}`, done: 0, of });
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
  } catch (error) {
    throw storageError(error, folder);
  }
  await venv(base, folder, signal);
  let done = 0;
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const hashes = pins.includes('--hash=') ? ['--require-hashes'] : [];
  const fault = await runQuietly(
    python,
    [...pip, ...hashes, '--no-deps', '--only-binary=:all:', '--requirement', requirements],
    {
      signal,
      onLine: (line) => {
        const [, what] = /^Collecting ([\w.-]+)/u.exec(line) ?? [];
        if (what !== undefined) {
          done = Math.min(of - 1, done + 1);
          onStep?.({ message: `Installing ${what}`, done, of });
        }
      },
    },
  );
  throwIfInterrupted(signal);
  if (fault !== undefined) {
    throw new TidemarkError(
      'network',
      `The Python packages of ${name} could not be installed: ${fault.last}`,
      {
        hint: 'They come from the Python package index: check the network, and the disk space. With --python, a Python that has mlx-audio is used as it is.',
      },
    );
  }
  await writeFile(stampOf(folder), pins).catch((error: unknown) => {
    throw storageError(error, folder);
  });
  onStep?.({ message: `Made the Python environment with ${name}`, done: of, of });
  return python;
}

async function venv(base: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const fault = await runQuietly(base, ['-m', 'venv', folder], { signal });
  throwIfInterrupted(signal);
  if (fault !== undefined) {
    const lacks = /ensurepip|No module named/u.test(fault.all);
    throw new TidemarkError(
      'python',
      lacks
        ? `The Python at ${base} cannot make environments: its venv module is missing.`
        : `The Python at ${base} could not make an environment: ${fault.last}`,
      {
        hint: lacks
          ? 'Install it (on Debian and Ubuntu: apt install python3-venv), or name a Python that has mlx-audio with --python.'
          : 'Check the disk space, or name a Python that has mlx-audio with --python.',
      },
    );
  }
}

/** Newest first; `python3` is whatever the person has made it. */
const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'] as const;

/** A Python that is new enough for the pinned packages. Throws 'python'. */
export async function findPython(
  environment: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<string> {
  const needed = oldestPython.join('.');
  let old: string | undefined;
  for (const name of names) {
    const path = await inPath(name, environment);
    const version = path === undefined ? undefined : await versionOf(path, signal);
    if (path === undefined || version === undefined) {
      continue;
    }
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major === oldestPython[0] && minor >= oldestPython[1]) {
      return path;
    }
    old ??= `${path} is Python ${version}`;
  }
  throw new TidemarkError(
    'python',
    old === undefined
      ? 'There is no Python on this machine, or none that is in the PATH.'
      : `The Python on this machine is too old for mlx-audio: ${old}, and ${needed} is needed.`,
    {
      hint: `Install Python ${needed} or later with its venv module, or name a Python that has mlx-audio with --python.`,
    },
  );
}

/** The first program of that name that can be run, as the system would find it. */
export async function inPath(
  name: string,
  { PATH = '' }: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  for (const folder of PATH.split(delimiter).filter((each) => each !== '')) {
    const path = join(folder, name);
    if (await isExecutable(path)) {
      return path;
    }
  }
  return undefined;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** `3.11.7`; undefined for what is no Python 3. */
async function versionOf(python: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const script = 'import platform; print(platform.python_version())';
  const { stdout } = await promisify(execFile)(python, ['-c', script], { signal, timeout: 20_000 }).catch(
    () => ({ stdout: '' }),
  );
  throwIfInterrupted(signal);
  return /^\d+\.\d+\.\S+$/u.exec(stdout.trim())?.[0];
}

interface QuietOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: (line: string) => void;
}

interface Fault {
  /** Its last line, or its last error. */
  readonly last: string;
  readonly all: string;
}

/** Undefined where it ends well, else what it said. */
async function runQuietly(
  program: string,
  commandArguments: readonly string[],
  { signal, onLine }: QuietOptions,
): Promise<Fault | undefined> {
  const child = spawn(program, commandArguments, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
    env: { ...process.env, PYTHONHOME: undefined, PYTHONPATH: undefined },
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on(
      'line',
      guarded('reading what pip prints', (line: string) => {
        onLine?.(line);
        lines.push(line.trim());
      }),
    );
  }
  const ended = Promise.withResolvers<Fault | undefined>();
  child.on(
    'error',
    guarded('running Python', (error: Error) => ended.resolve({ last: error.message, all: error.message })),
  );
  child.on(
    'close',
    guarded('running Python', (code: number | null, by: string | null) =>
      ended.resolve(code === 0 ? undefined : faultIn(lines, by ?? `exit code ${code}`)),
    ),
  );
  return await ended.promise;
}

function faultIn(lines: readonly string[], end: string): Fault {
  const said = lines.filter((line) => line !== '' && !line.startsWith('[notice]'));
  const last = said.findLast((line) => line.startsWith('ERROR:')) ?? said.at(-1) ?? `it ended with ${end}`;
  return { last: last.replace(/^ERROR: /u, ''), all: said.join('\n') };
}
