/** The daemon's socket: accepts clients, passes their requests to the core, and sends them what they subscribed to. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { EventData, Method } from '@tidemark/shared/protocol/daemon/methods.ts';
import { protocolVersion, wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Topic } from '@tidemark/shared/protocol/daemon/wire.ts';
import { guarded } from '../background.ts';
import type { Log } from '../logging/log.ts';
import { Connection } from './connection.ts';
import type { Surroundings } from './connection.ts';
import { connectionLimits } from './connection-limits.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Handlers, RequestContext } from './requests.ts';
import { closeToOthers, notWritable, prepareSocketPath, withSocketMode } from './socket-file.ts';
import type { SocketPlace } from './socket-file.ts';

export interface SocketServerOptions {
  /** Its folder is made the daemon's own; see {@link prepareSocketPath} for one that is longer than 103 bytes. */
  readonly socketPath: string;
  /** The daemon's, and when it started. */
  readonly version: string;
  readonly startedAt: string;
  readonly handlers: Handlers;
  readonly log: Log;
  /** More are refused. Default: 2048. */
  readonly maxConnections?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

const defaultMaxConnections = 2048;

/** How long what was answered before the end may take to reach its clients. */
const closingMilliseconds = 1000;

export class SocketServer implements AsyncDisposable {
  readonly #options: SocketServerOptions;
  readonly #surroundings: Surroundings;
  readonly #connections = new Map<Socket, Connection>();
  #server: Server;
  #place: SocketPlace;
  /** The socket's file as it was made; undefined where it could not be made again. */
  #file: string | undefined;
  #refused = 0;
  #refusalLoggedAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  private constructor(options: SocketServerOptions, place: SocketPlace) {
    const { handlers, log, startedAt, version } = options;
    this.#options = options;
    this.#place = place;
    this.#surroundings = {
      log,
      limits: { ...connectionLimits, ...options.limits },
      hello: { protocolVersion, daemonVersion: version, pid: process.pid, startedAt },
      handle: (method: Method, parameters: unknown, context: RequestContext): unknown => {
        // The parameters are this method's: its own schema has read them.
        const handler = handlers[method as keyof Handlers] as (
          given: unknown,
          context: RequestContext,
        ) => unknown;
        return handler(parameters, context);
      },
    };
    this.#server = this.#newServer();
  }

  /**
   * Listens. Throws 'daemon-running' if another process listens on the path, and 'not-writable' if the socket cannot be
   * created.
   */
  static async listen(options: SocketServerOptions): Promise<SocketServer> {
    const socketServer = new SocketServer(options, await prepareSocketPath(options.socketPath));
    await socketServer.#listen();
    return socketServer;
  }

  /**
   * Makes the socket again where its file was removed, replaced, or changed, and returns whether it was; connections go on.
   * Throws as {@link listen} does, and may be tried again then.
   */
  async restore(): Promise<boolean> {
    const { socketPath } = this.#options;
    if (this.#closing !== undefined || (this.#file !== undefined && identityOf(socketPath) === this.#file)) {
      return false;
    }
    this.#file = undefined;
    // Before the path is looked at: what answers there now is not this daemon.
    this.#server.close();
    this.#place = await prepareSocketPath(socketPath);
    this.#server = this.#newServer();
    await this.#listen();
    return true;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** How many connections subscribed: where there are none, nothing need be put together. */
  listeners(topic: Topic): number {
    let count = 0;
    for (const connection of this.#connections.values()) {
      count += connection.hears(topic) ? 1 : 0;
    }
    return count;
  }

  /** Sends it to everyone who subscribed. Never throws. */
  publish<T extends Topic>(topic: T, data: EventData<T>): void {
    const hearers = [...this.#connections.values()].filter((connection) => connection.hears(topic));
    if (hearers.length === 0) {
      return;
    }
    try {
      // Once for all of them. The frame around it has some 100 bytes.
      const json = JSON.stringify(data);
      const bytes = Buffer.byteLength(json);
      if (bytes > wireLimits.responseBytes - 1024) {
        this.#options.log.error({ topic, bytes }, 'An event is too large to send.');
        return;
      }
      for (const connection of hearers) {
        connection.sendEvent(topic, json);
      }
    } catch (error) {
      this.#options.log.error({ topic, error }, 'Could not send an event.');
    }
  }

  /** Accepts no more connections, answers what is pending with 'shutting-down', ends all, and removes the socket's file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<undefined>();
    this.#server.close(() => resolve(undefined));
    for (const connection of this.#connections.values()) {
      connection.end();
    }
    const given = new AbortController();
    await Promise.race([
      closed.finally(() => given.abort()),
      wait(closingMilliseconds, undefined, { signal: given.signal }).catch(() => undefined),
    ]);
    for (const socket of this.#connections.keys()) {
      socket.destroy();
    }
    await closed;
    // Only what is this daemon's: by now there may be another socket.
    if (this.#file !== undefined && identityOf(this.#options.socketPath) === this.#file) {
      rmSync(this.#place.path, { force: true });
      this.#place.remove();
    }
  }

  #newServer(): Server {
    const server = createServer();
    server.maxConnections = this.#options.maxConnections ?? defaultMaxConnections;
    server.on(
      'connection',
      guarded('accepting a connection', (socket: Socket) => {
        this.#connections.set(socket, new Connection(socket, this.#surroundings));
        socket.on(
          'close',
          guarded('ending a connection', () => this.#connections.delete(socket)),
        );
      }),
    );
    server.on(
      'error',
      guarded('accepting a connection', (error: Error) =>
        this.#options.log.debug({ error }, 'The socket failed.'),
      ),
    );
    server.on(
      'drop',
      guarded('refusing a connection', () => this.#noteRefusal()),
    );
    return server;
  }

  /** Under another name first: when a server is closed, libuv removes the name that it was given, whatever that is by then. */
  async #listen(): Promise<void> {
    const { path } = this.#place;
    const made = join(dirname(path), `.${randomBytes(4).toString('hex')}`);
    try {
      const listening = once(this.#server, 'listening');
      withSocketMode(() => this.#server.listen(made));
      await listening;
      closeToOthers(made);
      renameSync(made, path);
      this.#file = identityOf(this.#options.socketPath);
    } catch (error) {
      this.#server.close();
      this.#place.remove();
      throw notWritable(this.#options.socketPath, error);
    }
  }

  /** Logged at most once a minute. */
  #noteRefusal(): void {
    this.#refused += 1;
    if (performance.now() - this.#refusalLoggedAt > 60_000) {
      this.#refusalLoggedAt = performance.now();
      this.#options.log.warn(
        { connections: this.connections, refused: this.#refused },
        'Too many connections; new ones are refused.',
      );
    }
  }
}

/** Which file it is, and that nobody changed its mode or owner since; undefined where there is none. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}:${found.ctimeMs}`;
}
