/** The daemon's socket: accepts clients, passes their requests to the core, and sends them what they subscribed to. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { EventData, Method } from '@tidemark/shared/protocol/daemon/methods.ts';
import { protocolVersion, wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Topic } from '@tidemark/shared/protocol/daemon/wire.ts';
import { guarded } from '../background.ts';
import type { Log } from '../logging/log.ts';
import { Connection } from './connection.ts';
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
  readonly #server: Server;
  readonly #place: SocketPlace;
  readonly #log: Log;
  readonly #connections = new Map<Socket, Connection>();
  #closing: Promise<void> | undefined;

  private constructor(server: Server, place: SocketPlace, options: SocketServerOptions) {
    const { handlers, log, startedAt, version } = options;
    this.#server = server;
    this.#place = place;
    this.#log = log;
    const surroundings = {
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
    server.on(
      'connection',
      guarded('accepting a connection', (socket: Socket) => {
        this.#connections.set(socket, new Connection(socket, surroundings));
        socket.on(
          'close',
          guarded('ending a connection', () => this.#connections.delete(socket)),
        );
      }),
    );
    server.on(
      'error',
      guarded('accepting a connection', (error: Error) => log.debug({ error }, 'The socket failed.')),
    );
    this.#logRefusals();
  }

  /**
   * Listens. Throws 'daemon-running' if another process listens on the path, and 'not-writable' if the socket cannot be
   * created.
   */
  static async listen(options: SocketServerOptions): Promise<SocketServer> {
    const { socketPath, maxConnections = defaultMaxConnections } = options;
    const place = await prepareSocketPath(socketPath);
    const server = createServer();
    server.maxConnections = maxConnections;
    const socketServer = new SocketServer(server, place, options);
    try {
      const listening = once(server, 'listening');
      withSocketMode(() => server.listen(place.path));
      await listening;
      closeToOthers(place.path);
    } catch (error) {
      server.close();
      place.remove();
      throw notWritable(socketPath, error);
    }
    return socketServer;
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
        this.#log.error({ topic, bytes }, 'An event is too large to send.');
        return;
      }
      for (const connection of hearers) {
        connection.sendEvent(topic, json);
      }
    } catch (error) {
      this.#log.error({ topic, error }, 'Could not send an event.');
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
    this.#place.remove();
  }

  /** At most once a minute. */
  #logRefusals(): void {
    let refused = 0;
    let loggedAt = Number.NEGATIVE_INFINITY;
    this.#server.on(
      'drop',
      guarded('refusing a connection', () => {
        refused += 1;
        if (performance.now() - loggedAt > 60_000) {
          loggedAt = performance.now();
          this.#log.warn(
            { connections: this.connections, refused },
            'Too many connections; new ones are refused.',
          );
        }
      }),
    );
  }
}
