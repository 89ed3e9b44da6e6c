/** What a command meets outside Raycast: a daemon that answers as a test tells it to, and a home folder of the test's own. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { noteFileOf, processMark } from '@tidemark/client/client/daemon-note';
import { requestParser, responseParser } from '@tidemark/client/client/framing';
import { socketPathOf } from '@tidemark/client/client/locations';
import type { ErrorCode } from '@tidemark/client/errors';
import { errorNumbers, protocolVersion, wireEvents } from '@tidemark/client/protocol/daemon/wire';
import type { EventData, Method, Parameters, Result } from '@tidemark/client/protocol/daemon/methods';
import type { RequestFrame, Topic } from '@tidemark/client/protocol/daemon/wire';

/** An answer that is an error of the daemon's. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** An answer that never comes. */
export const silence = Symbol('silence');

type Answer<M extends Method> = Result<M> | typeof silence;

/** What each method answers; one that is not here is refused as a test's own fault. */
export type Script = {
  [M in Method]?: (parameters: Parameters<M>) => Answer<M> | Promise<Answer<M>>;
};

export interface ScriptedDaemonOptions {
  readonly version?: string;
  readonly protocolVersion?: number;
  /** Closes every connection as soon as it says hello. */
  readonly hangsUp?: boolean;
}

const entered = new Set<AsyncDisposable>();

/** Removes what a test has made of them, after its commands are closed. */
export async function leaveSurroundings(): Promise<void> {
  for (const each of entered) {
    await each[Symbol.asyncDispose]();
  }
  entered.clear();
}

/** A socket server that speaks as the daemon does, misbehavior included. */
export class ScriptedDaemon implements AsyncDisposable {
  /** For the preference of the data folder. */
  readonly dataFolder = mkdtempSync(join(tmpdir(), 'tm-'));
  readonly socketPath = socketPathOf(this.dataFolder);
  readonly asked: { method: string; parameters: unknown }[] = [];
  script: Script;
  /** Over the whole time. */
  connectionsSeen = 0;
  readonly #options: ScriptedDaemonOptions;
  readonly #server: Server;
  readonly #sockets = new Map<Socket, readonly Topic[]>();
  readonly #parser = responseParser();
  #sequence = 0;

  constructor(script: Script = {}, options: ScriptedDaemonOptions = {}) {
    this.script = script;
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
    entered.add(this);
  }

  static async start(script: Script = {}, options: ScriptedDaemonOptions = {}): Promise<ScriptedDaemon> {
    const daemon = new ScriptedDaemon(script, options);
    await daemon.listen();
    return daemon;
  }

  async listen(): Promise<void> {
    mkdirSync(dirname(this.socketPath), { recursive: true, mode: 0o700 });
    await new Promise<void>((resolve) => this.#server.listen(this.socketPath, resolve));
  }

  get connections(): number {
    return this.#sockets.size;
  }

  methodsAsked(): string[] {
    return this.asked.map(({ method }) => method).filter((method) => method !== 'hello');
  }

  /** What a method was first asked with; undefined where it was not asked. */
  parametersOf(method: Method): unknown {
    return this.asked.find((each) => each.method === method)?.parameters;
  }

  publish<T extends Topic>(topic: T, data: EventData<T>): void {
    const frame = this.#parser.encode(wireEvents.event, { topic, sequence: this.#sequence++, data });
    for (const [socket, topics] of this.#sockets) {
      if (topics.includes(topic)) {
        socket.write(frame);
      }
    }
  }

  /** How many connections are told of a topic. */
  listeners(topic: Topic): number {
    return [...this.#sockets.values()].filter((topics) => topics.includes(topic)).length;
  }

  /** As when the daemon's process is killed: connections break, and nothing listens. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets.keys()) {
      socket.destroy();
    }
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.dataFolder, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    this.connectionsSeen += 1;
    this.#sockets.set(socket, []);
    const parser = requestParser();
    let buffer = '';
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: string) => {
      buffer = parser.read(buffer, chunk, ({ data }) => void this.#answer(socket, data as RequestFrame));
    });
  }

  async #answer(socket: Socket, { id, method, parameters }: RequestFrame): Promise<void> {
    this.asked.push({ method, parameters });
    if (this.#options.hangsUp === true) {
      socket.destroy();
      return;
    }
    let reply: object;
    try {
      const result = await this.#resultOf(socket, method, parameters);
      if (result === silence) {
        return;
      }
      reply = { id, result };
    } catch (error) {
      const { code, hint } =
        error instanceof Refusal ? error : { code: 'internal' as const, hint: undefined };
      const [number] = errorNumbers[code];
      reply = { id, error: { code, number, message: (error as Error).message, hint } };
    }
    if (!socket.destroyed) {
      socket.write(this.#parser.encode(wireEvents.response, reply));
    }
  }

  #resultOf(socket: Socket, method: string, parameters: unknown): unknown {
    if (method === 'hello' && this.script.hello === undefined) {
      return {
        protocolVersion: this.#options.protocolVersion ?? protocolVersion,
        daemonVersion: this.#options.version ?? '0.1.0',
        pid: process.pid,
        startedAt: '2026-01-01T00:00:00.000Z',
      };
    }
    if (method === 'subscribe') {
      this.#sockets.set(socket, (parameters as { topics: readonly Topic[] }).topics);
      return {};
    }
    const answer = this.script[method as Method] as ((parameters: unknown) => unknown) | undefined;
    if (answer === undefined) {
      throw new Error(`The test's daemon was not told what to answer to ${method}`);
    }
    return answer(parameters);
  }
}

/** With what a state needs in it: a `tidemark` command, a service, a daemon's note. */
class Home implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), 'tm-home-'));
  readonly #before = process.env['HOME'];

  constructor() {
    process.env['HOME'] = this.path;
    entered.add(this);
  }

  /** A data folder in which nothing is. */
  get dataFolder(): string {
    const path = join(this.path, 'data');
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A `tidemark` that writes down how it is called, then does what the shell code says; its path. */
  tidemark(shellCode = 'echo "{}"'): string {
    const path = join(this.path, 'bin', 'tidemark');
    mkdirSync(join(this.path, 'bin'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho "$@" >> "${this.path}/calls"\n${shellCode}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** The arguments of each call of the `tidemark` above. */
  get calls(): string[] {
    try {
      return readFileSync(join(this.path, 'calls'), 'utf8')
        .split('\n')
        .filter((call) => call !== '');
    } catch {
      return [];
    }
  }

  /** As `tidemark service install` leaves it, for either platform. */
  installService(): void {
    for (const [folder, file] of [
      ['Library/LaunchAgents', 'dev.tidemark.daemon.plist'],
      ['.config/systemd/user', 'tidemark.service'],
    ] as const) {
      mkdirSync(join(this.path, folder), { recursive: true });
      writeFileSync(join(this.path, folder, file), '');
    }
  }

  /** As a daemon leaves it that has begun, so many seconds ago, and does not listen; `mark` is its own or another process's. */
  noteDaemon({ secondsAgo = 0, mark = processMark(process.pid) } = {}): void {
    noteDaemon(this.dataFolder, { secondsAgo, mark });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#before === undefined) {
      delete process.env['HOME'];
    } else {
      process.env['HOME'] = this.#before;
    }
    // A program that a test's command started may still write its last line there.
    await rm(this.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

/** Of the test that runs now. */
export let home: Home;

export function noteDaemon(
  dataFolder: string,
  { secondsAgo = 0, mark = processMark(process.pid) } = {},
): void {
  const path = noteFileOf(dataFolder);
  const startedAt = new Date(Date.now() - secondsAgo * 1000).toISOString();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt, process: mark }));
}

export function enterHome(): void {
  home = new Home();
}
