/** Runs a person's own Python program with the probe in it, follows what that writes, and judges it when the program has ended. */

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judgePeaks, judgeWatched, summarizeWatched } from '@tidemark/shared/analysis/watched.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import { formatList } from '@tidemark/shared/format/numbers.ts';
import type { Outcome } from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { watchSchemaVersion } from '@tidemark/shared/protocol/watch-document.ts';
import type { WatchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import { every, guarded, whenAborted } from '../background.ts';
import { deviceRecord } from '../host/machine.ts';
import { Interruption } from '../interruption.ts';
import { tidemarkVersion } from '../version.ts';
import { mainProcess, ProbedProcess, programName } from './probe-events.ts';
import type { Watched } from './probe-events.ts';
import { RunClock } from './profile.ts';

/** The module that a person's script may import, and that the program's Python loads by itself. */
export const probeModule = fileURLToPath(new URL('../../python/tidemark_probe.py', import.meta.url));

export interface WatchOptions {
  readonly warmupIterations: number;
  /** Samples on a timer, rather than at iterations. */
  readonly everySeconds?: number | undefined;
  /** What the program prints goes to stderr: stdout is for something else. */
  readonly isStdoutTaken?: boolean | undefined;
  /** Passed on to the program, which is then waited for. */
  readonly signal: AbortSignal;
  /** Now and then, while iterations end. */
  readonly onProgress?: ((watched: Watched) => void) | undefined;
}

export interface WatchedRun {
  /** What a shell makes of the program's end. */
  readonly exitCode: number;
  /** Where nothing could be watched, why. */
  readonly watched: WatchDocument | TidemarkError;
}

const pollMilliseconds = 200;
const progressMilliseconds = 1000;

/**
 * Runs `command` with the environment, the input and the output of this process. Throws a TidemarkError, 'bad-input', where it
 * cannot be started; however it ends, what it told until then is judged.
 */
export async function watchProgram(command: readonly string[], options: WatchOptions): Promise<WatchedRun> {
  const clock = new RunClock();
  const folder = makeProbeFolder();
  const { signal } = options;
  try {
    const child = start(command, folder, options);
    // Told twice to stop, this process exits at once; and nothing that it started goes on.
    using _exiting = whenExiting(() => {
      child.kill('SIGKILL');
      removeFolder(folder);
    });
    using _aborted = whenAborted(signal, 'passing a signal on', () => passOn(signal.reason, child));
    const processes = new ProbedProcesses(folder);
    const polling = every('reading what the probe wrote', pollMilliseconds, () => processes.read());
    const telling = every('telling how far the program is', progressMilliseconds, () => {
      const main = mainProcess(processes.all);
      if (main !== undefined) {
        options.onProgress?.(main.iterations(options.warmupIterations));
      }
    });
    try {
      await ended(child, command);
    } finally {
      clearInterval(polling);
      clearInterval(telling);
    }
    processes.read();
    const exitCode = child.exitCode ?? 128 + (signalNumber(child.signalCode) ?? 0);
    return { exitCode, watched: judged(command, processes.all, { child, clock, ...options }) };
  } finally {
    removeFolder(folder);
  }
}

/** Calls `body` where this process exits before what this returns is disposed of. */
function whenExiting(body: () => void): Disposable {
  let isOver = false;
  process.on(
    'exit',
    guarded('ending the program', () => {
      if (!isOver) {
        body();
      }
    }),
  );
  return {
    [Symbol.dispose]: () => {
      isOver = true;
    },
  };
}

const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

const signalNumber = (name: NodeJS.Signals | null): number | undefined =>
  name === null ? undefined : constants.signals[name];

/** Python finds the probe there before anything else, and writes there what it tells. */
function makeProbeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-watch-'));
  copyFileSync(probeModule, join(folder, basename(probeModule)));
  writeFileSync(
    join(folder, 'sitecustomize.py'),
    `"""Loads Tidemark's probe, and then the sitecustomize that this one stands before."""

try:
    import tidemark_probe
except Exception:
    # A Python that is too old for it is none that has MLX.
    pass
else:
    tidemark_probe._chain(${JSON.stringify(folder)})
`,
  );
  return folder;
}

function start(
  [file = '', ...given]: readonly string[],
  folder: string,
  { everySeconds, isStdoutTaken }: WatchOptions,
): ChildProcess {
  const before = process.env['PYTHONPATH'] ?? '';
  return spawn(file, given, {
    stdio: ['inherit', isStdoutTaken === true ? 2 : 'inherit', 'inherit'],
    env: {
      ...process.env,
      PYTHONPATH: before === '' ? folder : `${folder}${delimiter}${before}`,
      TIDEMARK_PROBE: folder,
      ...(everySeconds === undefined ? {} : { TIDEMARK_PROBE_EVERY: String(everySeconds) }),
    },
  });
}

async function ended(child: ChildProcess, [file = '']: readonly string[]): Promise<void> {
  try {
    await once(child, 'exit');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new TidemarkError(
      'bad-input',
      isMissing ? `The program “${file}” was not found.` : `The program “${file}” cannot be started.`,
      {
        hint: 'Give the whole command after --, beginning with the Python, as in `tidemark watch-python -- python my_script.py`.',
        cause,
      },
    );
  }
}

/** Ctrl-C reaches every process of the terminal's foreground, the program among them: it is not told twice. */
function passOn(reason: unknown, child: ChildProcess): void {
  const name = reason instanceof Interruption ? reason.signal : 'SIGTERM';
  if (name !== 'SIGINT' || !isInForeground()) {
    child.kill(name);
  }
}

/** Whether this process belongs to those that its terminal sends signals to. */
function isInForeground(): boolean {
  try {
    // Of /proc/self/stat, after the name: state, parent, group, session, terminal, and the terminal's foreground group.
    const [group, foreground] =
      process.platform === 'linux'
        ? ((fields) => [fields[2], fields[5]])(
            readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [],
          )
        : spawnSync('ps', ['-o', 'pgid=,tpgid=', '-p', String(process.pid)], { encoding: 'utf8' })
            .stdout.trim()
            .split(/\s+/);
    return group !== undefined && group === foreground;
  } catch {
    return false;
  }
}

/** The files that the Python processes of a command write, one each. */
class ProbedProcesses {
  readonly #folder: string;
  readonly #files = new Map<string, { readonly probed: ProbedProcess; offset: number }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get all(): ProbedProcess[] {
    return [...this.#files.values()].map(({ probed }) => probed);
  }

  read(): void {
    for (const name of readdirSync(this.#folder).filter((each) => each.endsWith('.jsonl'))) {
      const file = this.#files.get(name) ?? { probed: new ProbedProcess(), offset: 0 };
      this.#files.set(name, file);
      const added = readFrom(join(this.#folder, name), file.offset);
      file.offset += added.length;
      file.probed.take(added.toString('latin1'));
    }
  }
}

function readFrom(path: string, offset: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, offset));
  } finally {
    closeSync(file);
  }
}

interface Ended extends Pick<WatchOptions, 'warmupIterations' | 'everySeconds' | 'signal'> {
  readonly child: ChildProcess;
  readonly clock: RunClock;
}

function judged(
  command: readonly string[],
  processes: readonly ProbedProcess[],
  { child, clock, warmupIterations, everySeconds, signal }: Ended,
): WatchDocument | TidemarkError {
  const main = mainProcess(processes);
  const { start: started, mlx, environment } = main ?? {};
  if (main === undefined || started === undefined || mlx === undefined || mlx.missing.length > 0) {
    return unwatched(command, main);
  }
  const { marks, iterations, lives } = main.iterations(warmupIterations);
  const { lifeBytes, resets } = main.life;
  const summary = summarizeWatched(iterations);
  const others = processes.filter((each) => each !== main && each.mlx !== undefined).length;
  const { exitCode, signalCode } = child;
  return {
    kind: 'watch',
    schemaVersion: watchSchemaVersion,
    startedAt: clock.startedAt,
    seconds: clock.seconds,
    program: {
      name: programName(command),
      // What is longer is code, which no list of runs has room for.
      command: command.map((argument) => printable(argument, 1000)),
      executable: started.executable || (command[0] ?? ''),
      ...(exitCode === null ? {} : { exitCode }),
      ...(signalCode === null ? {} : { signal: signalCode }),
      ...(others === 0 ? {} : { otherProcesses: others }),
    },
    device: deviceRecord({
      type: /gpu/i.test(environment?.device ?? '') ? 'gpu' : 'cpu',
      info: environment?.info ?? {},
    }),
    versions: {
      tidemark: tidemarkVersion,
      python: started.python,
      mlx: mlx.version,
      packages: environment?.packages ?? {},
    },
    settings: { warmupIterations, ...(everySeconds === undefined ? {} : { everySeconds }) },
    marks,
    iterations,
    leaks: judgeWatched(iterations),
    ...(summary === undefined ? {} : { summary }),
    peak: judgePeaks(iterations, { lifeBytes, lives, resets }),
    ...(main.end === undefined ? {} : { countingSeconds: main.end.counting }),
    outcome: outcomeOf(child, signal),
  };
}

function outcomeOf({ exitCode, signalCode }: ChildProcess, signal: AbortSignal): Outcome {
  if (signal.aborted) {
    const { message, signal: name } = signal.reason as Interruption;
    return { status: 'interrupted', reason: message, signal: name };
  }
  if (signalCode !== null) {
    return { status: 'interrupted', reason: `The program was ended by ${signalCode}.`, signal: signalCode };
  }
  if (exitCode === 0) {
    return { status: 'complete' };
  }
  const reason = `The program ended with exit code ${exitCode ?? 1}.`;
  return { status: 'failed', reason, error: toErrorRecord(new TidemarkError('program-failed', reason)) };
}

/** Why nothing was seen of what the program did. */
function unwatched(command: readonly string[], main: ProbedProcess | undefined): TidemarkError {
  const { start: started, mlx, missing } = main ?? {};
  const failed = (message: string, hint: string): TidemarkError =>
    new TidemarkError('program-failed', message, { hint });
  if (started === undefined) {
    return failed(
      `“${command[0] ?? ''}” started no Python that loads Tidemark's probe.`,
      'Give a command that runs Python 3.9 or later, without -I, -E, or -S: `tidemark watch-python -- python my_script.py`.',
    );
  }
  const python = started.executable || 'Python';
  if (mlx !== undefined) {
    return failed(
      `MLX ${mlx.version} has no ${formatList(mlx.missing)}, which the measurement needs.`,
      `Update it: ${python} -m pip install --upgrade mlx`,
    );
  }
  return missing === undefined
    ? failed(
        'The program did not import mlx, so there was nothing to watch.',
        'Watch the program that computes with MLX.',
      )
    : failed(
        `${python} has no ${missing}, so there was nothing to watch.`,
        'Run the program with the Python that has mlx, as in `tidemark watch-python -- .venv/bin/python my_script.py`.',
      );
}
