/** How a model host's process is started and spoken with: Tidemark's own over Node's channel, a Python one in lines of JSON. */

import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { MlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import { guarded } from '../background.ts';
import { tidemarkVersion } from '../version.ts';
import type { HostEnd } from './host-death.ts';
import type { HostRequest } from './messages.ts';

/** Another program than Tidemark's own host: mlx-audio in a Python that is on this machine. */
export interface Engine {
  readonly name: 'mlx-audio';
  /** The interpreter, as a path or as a name that the system finds. */
  readonly python: string;
  /** Whether Tidemark made its environment: then nothing of the person's own Python gets into it. */
  readonly isOwn: boolean;
}

/** What is done in the background, for a person who reads that it failed. */
const hearing = 'reading what a model host answers';

/** A process that answers requests. Whoever has it sees to its end. */
export interface Transport {
  readonly child: ChildProcess;
  /** What the process prints, which is for whoever looks into its death. */
  readonly output: readonly Readable[];
  /** As `output`, of a process that answers on its standard output: the lines there that are no answers. */
  readonly onPrinted?: (listener: (text: string) => void) => void;
  readonly send: (request: HostRequest) => void;
  readonly onMessage: (listener: (message: unknown) => void) => void;
  /** Asks the process to leave. */
  readonly letGo: () => void;
  /** Why one ended before it was ready, where that says more than how it ended. */
  readonly misstart?: (end: HostEnd) => TidemarkError;
}

/**
 * V8's flags for a model host: they keep V8's own growth, and its own coming and going, out of what the host measures. The
 * time of a host is spent in libmlx, so what they cost in JavaScript's speed does not show.
 */
const hostFlags: string[] = [
  '--expose-gc',

  // Bytecode, feedback and machine code of a function are made when it is first called, in the warm-up, and kept. Otherwise
  // V8 compiles hot functions anew for hundreds of iterations: a clean heap grew by up to 25 kB in the first ones, and still
  // by 1 kB after a hundred. With these it is constant to the byte.
  '--no-lazy-feedback-allocation',
  '--always-sparkplug',
  '--no-maglev',
  '--no-opt',
  '--no-flush-bytecode',

  // The young generation keeps one size, of 1 MB twice, pages go back to the system at once, and no second thread collects.
  // Otherwise the footprint falls by 2 to 4 MB once, some 10 seconds after the start, in which a leak can hide. V8 before
  // 14, in Node 22 and 24, keeps no such pages and refuses the flag.
  '--min-semi-space-size=1',
  '--max-semi-space-size=1',
  ...(Number.parseInt(process.versions.v8, 10) >= 14 ? ['--no-memory-pool'] : []),
  '--single-threaded-gc',
];

const ownEntry = fileURLToPath(new URL('main.ts', import.meta.url));

/** Tidemark's own host. A test gives another script, which misbehaves. */
export function ownHost(environment: MlxEnvironment, entry = ownEntry): Transport {
  const child = fork(entry, [String(process.pid)], {
    execArgv: hostFlags,
    // A cache of compiled code would make the first host's heap another than the later ones'.
    env: { ...process.env, ...environment, NODE_DISABLE_COMPILE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Structured clone: audio passes as a Float32Array.
    serialization: 'advanced',
  });
  return {
    child,
    output: [child.stdout, child.stderr].filter((stream) => stream !== null),
    // Where the channel is closed the host has ended or is about to, and its end says how.
    send: (request) => {
      child.send(request, () => undefined);
    },
    onMessage: (listener) => {
      child.on('message', guarded(hearing, listener));
    },
    letGo: () => {
      if (child.connected) {
        child.disconnect();
      }
    },
  };
}

export const pythonEntry = fileURLToPath(new URL('../../python/mlx_audio_host.py', import.meta.url));

/** mlx-audio's host. It ends when its standard input closes, as it does with this process. */
export function pythonHost({ python, isOwn }: Engine, environment: MlxEnvironment): Transport {
  const asking = JSON.stringify({ tidemark: tidemarkVersion, node: process.versions.node });
  const child = spawn(python, [pythonEntry, asking], {
    env: {
      ...process.env,
      ...environment,
      // What is measured is on this machine.
      HF_HUB_OFFLINE: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      ...(isOwn ? { PYTHONHOME: undefined, PYTHONPATH: undefined, PYTHONNOUSERSITE: '1' } : {}),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A process that has died is told by its end; a write that comes too late must not end this one.
  child.stdin.on(
    'error',
    guarded('asking a model host', () => undefined),
  );
  const lines = createInterface({ input: child.stdout });
  return {
    child,
    output: [child.stderr],
    onPrinted: (listener) => {
      lines.on(
        'line',
        guarded(hearing, (line: string) => {
          if (answerIn(line) === undefined) {
            listener(`${line}\n`);
          }
        }),
      );
    },
    send: (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
    },
    onMessage: (listener) => {
      lines.on(
        'line',
        guarded(hearing, (line: string) => {
          const answer = answerIn(line);
          if (answer !== undefined) {
            listener(answer);
          }
        }),
      );
    },
    letGo: () => {
      child.stdin.end();
    },
    misstart: (end) => misstart(python, end),
  };
}

/** Undefined for what is no answer: a library or a start-up file printed it before the host took its output for itself. */
function answerIn(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'type' in value ? value : undefined;
  } catch {
    return undefined;
  }
}

function misstart(python: string, { code, signal, lastWords }: HostEnd): TidemarkError {
  const how = signal === null ? `exited with code ${code ?? 'unknown'}` : `was ended by ${signal}`;
  return new TidemarkError('python', `${python} ${how} before mlx-audio was loaded in it.`, {
    hint: 'Check that it is a Python 3.9 or later by running it with --version. Without --python, Tidemark makes an environment of its own.',
    cause: lastWords === '' ? undefined : new Error(`its last output: ${lastWords}`),
  });
}
