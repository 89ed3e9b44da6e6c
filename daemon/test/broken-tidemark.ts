/**
 * A Tidemark whose daemon is broken in the way that the first argument names: `node broken-tidemark.ts WAY WORDS`. What is no daemon
 * works. In a model host, which imports it too, the way is in BROKEN_HOST.
 */

import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { createServer, Server } from 'node:net';
import { dirname, join } from 'node:path';
import { dataFolder, socketPathOf } from '@tidemark/shared/client/locations.ts';

const ways = {
  whole: () => undefined,
  /** Ends at once. */
  'does-not-start': () => {
    console.error('error: The daemon is broken on purpose.');
    process.exit(1);
  },
  /** Starts once only. */
  'starts-once': () => {
    const mark = join(dataFolder(), 'has-started');
    if (existsSync(mark)) {
      process.exit(1);
    }
    writeFileSync(mark, '');
  },
  /** Runs, and never listens. */
  hangs: () => forever(),
  /** Listens, and never answers. */
  mute: () => {
    const path = socketPathOf(dataFolder());
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    createServer(() => undefined).listen(path);
    return forever();
  },
  'other-version': () => {
    registerHooks({
      load: (url, context, nextLoad) =>
        url.endsWith('/daemon/src/version.ts')
          ? { format: 'module', shortCircuit: true, source: "export const tidemarkVersion = '0.0.9';" }
          : nextLoad(url, context),
    });
  },
  /** The tenth client is one too many. */
  'dies-under-load': () => onConnection((place) => place === 10 && process.kill(process.pid, 'SIGKILL')),
  /** Keeps something of each client. */
  grows: () => {
    const kept: Buffer[] = [];
    onConnection(() => kept.push(Buffer.alloc(20_000_000, 1)));
  },
  /** Says something else of its own memory than the system does. */
  'wrong-memory': () => {
    const rss = (): number => 3_000_000_000;
    process.memoryUsage = Object.assign(() => ({ ...usage(), rss: rss() }), { rss });
  },
  /** Its host counts more active memory after each iteration. */
  'leaking-host': () => breakHost(),
  /** Its host counts half of its active memory. */
  'half-counted': () => breakHost(),
  /** Does not end when it is asked to. */
  'ignores-sigterm': () => {
    const on = process.on.bind(process) as (name: string, listener: () => void) => NodeJS.Process;
    on('SIGTERM', () => undefined);
    process.on = ((name: string, listener: () => void) =>
      name === 'SIGTERM' ? process : on(name, listener)) as typeof process.on;
  },
} as const satisfies Readonly<Record<string, () => unknown>>;

export type Way = keyof typeof ways;

const usage = process.memoryUsage;

/** A test that was interrupted leaves nothing that runs for long. */
function forever(): Promise<never> {
  setTimeout(() => process.exit(0), 120_000);
  return new Promise(() => undefined);
}

function onConnection(act: (place: number) => unknown): void {
  let place = 0;
  Server.prototype.emit = function emit(this: Server, name: string, ...given: unknown[]): boolean {
    if (name === 'connection') {
      place += 1;
      act(place);
    }
    return EventEmitter.prototype.emit.call(this, name, ...given);
  };
}

function breakHost(): void {
  process.env['NODE_OPTIONS'] = `--import ${import.meta.url}`;
  process.env['BROKEN_HOST'] = way;
}

type Sample = Record<'index' | 'activeBytes' | 'activeBeforeBytes' | 'peakBytes', number>;

/** What a host sends, with its figures made wrong. */
function breakSamples(how: string): void {
  const send = process.send?.bind(process) as ((message: unknown, ...rest: unknown[]) => boolean) | undefined;
  const broken = (message: { result?: Partial<Sample> }, ...rest: unknown[]): boolean => {
    const { result } = message;
    if (result?.activeBytes !== undefined) {
      const wrong = (bytes: number): number =>
        how === 'half-counted' ? Math.floor(bytes / 2) : bytes + 4096 * (result.index ?? 0);
      result.activeBytes = wrong(result.activeBytes);
    }
    return send?.(message, ...rest) ?? false;
  };
  process.send = broken as NonNullable<typeof process.send>;
}

const [, entry = '', way = 'whole', ...words] = process.argv;
const host = process.env['BROKEN_HOST'];
if (entry === import.meta.filename) {
  process.argv.splice(2, 1);
  if (words[0] === 'daemon') {
    await ways[way as Way]();
  }
  await import('../src/cli/main.js');
} else if (host !== undefined && entry.endsWith('/host/main.ts')) {
  breakSamples(host);
}
