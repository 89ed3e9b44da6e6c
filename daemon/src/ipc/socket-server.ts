/** The daemon's socket: lets clients in, hands their requests to the core, and tells them what they subscribed to. */

import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import ipc from 'node-ipc';
import type { IpcServer, IpcSocket } from 'node-ipc';
import type { EventData } from '@tidemark/shared/protocol/daemon/events.ts';
import type { Method } from '@tidemark/shared/protocol/daemon/methods.ts';
import { protocolVersion, wireEvents, wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Topic } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Log } from '../logging/log.ts';
import { Connection } from './connection.ts';
import { connectionLimits } from './connection-limits.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Handlers, RequestContext } from './handlers.ts';
import { faultEvent, ServerParser } from './server-parser.ts';
import { closeToOthers, notWritable, prepareSocketPath, withSocketMode } from './socket-file.ts';

export interface SocketServerOptions {
  /** At most 103 bytes; its folder is made the daemon's own. */
  readonly socketPath: string;
  /** The daemon's, and when it began. */
  readonly version: string;
  readonly startedAt: string;
  readonly handlers: Handlers;
  readonly log: Log;
  /** More are let go as soon as they connect. Default: 2048. */
  readonly maxConnections?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

const defaultMaxConnections = 2048;

/** How long what was answered before the end may take to reach its clients. */
const closingMilliseconds = 1000;

export class SocketServer implements AsyncDisposable {
  readonly #server: IpcServer;
  readonly #log: Log;
  readonly #connections = new Map<IpcSocket, Connection>();
  #refusedConnections = 0;
  #closing: Promise<void> | undefined;

  private constructor(server: IpcServer, options: SocketServerOptions) {
    const { handlers, log, startedAt, version } = options;
    const parser = new ServerParser({ ...ipcLimits, allowedEvents: [wireEvents.request] });
    this.#server = server;
    this.#log = log;
    const surroundings = {
      server,
      log,
      limits: { ...connectionLimits, ...options.limits },
      encode: (type: string, data: unknown) => parser.encode(type, data),
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
    server.on('connect', (socket) => {
      this.#connections.set(socket, new Connection(socket, surroundings));
      socket.on('close', () => this.#connections.delete(socket));
    });
    server.on(wireEvents.request, (data, socket) => this.#connections.get(socket)?.receive(data));
    server.on(faultEvent, (error, socket) => this.#connections.get(socket)?.fault(error));
    server.on('error', (error) => log.debug({ error }, 'A connection of the socket broke.'));
  }

  /**
   * Listens. Throws 'daemon-running' where another process listens on the path, and 'not-writable' where the socket cannot
   * be made.
   */
  static async listen(options: SocketServerOptions): Promise<SocketServer> {
    const { socketPath, maxConnections = defaultMaxConnections } = options;
    await prepareSocketPath(socketPath);
    const own = new ipc.IPC();
    Object.assign(own.config, {
      ...ipcLimits,
      parser: ServerParser,
      allowedEvents: [wireEvents.request],
      socketRoot: dirname(socketPath),
      secureSocketRoot: true,
      // A stale socket is gone by now; node-ipc would remove a live one too.
      unlink: false,
      silent: true,
      maxConnections,
    });
    const { promise: started, resolve, reject } = Promise.withResolvers<undefined>();
    own.serve(socketPath, () => resolve(undefined));
    const server = own.server;
    if (server === false) {
      throw new Error('SocketServer: node-ipc made no server');
    }
    server.on('error', reject);
    const socketServer = new SocketServer(server, options);
    try {
      withSocketMode(() => server.start());
      await started;
      closeToOthers(socketPath);
    } catch (error) {
      server.stop();
      throw notWritable(socketPath, error);
    }
    socketServer.#watchRefusals();
    return socketServer;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** How many connections would be told: where there are none, nothing need be put together. */
  listeners(topic: Topic): number {
    let count = 0;
    for (const connection of this.#connections.values()) {
      count += connection.hears(topic) ? 1 : 0;
    }
    return count;
  }

  /** Tells everyone who subscribed. Never throws. */
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
        this.#log.error({ topic, bytes }, 'An event is too large to be told.');
        return;
      }
      for (const connection of hearers) {
        connection.tell(topic, json);
      }
    } catch (error) {
      this.#log.error({ topic, error }, 'An event cannot be told.');
    }
  }

  /** Takes no more connections, answers what is open with 'shutting-down', and ends all; the socket's file goes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { server } = this.#server;
    if (server === false) {
      return;
    }
    const { promise: closed, resolve } = Promise.withResolvers<undefined>();
    server.close(() => resolve(undefined));
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
  }

  /** Says once a minute at most that there were too many. */
  #watchRefusals(): void {
    const { server } = this.#server;
    if (server === false) {
      return;
    }
    let saidAt = Number.NEGATIVE_INFINITY;
    server.on('drop', () => {
      this.#refusedConnections += 1;
      if (performance.now() - saidAt > 60_000) {
        saidAt = performance.now();
        this.#log.warn(
          { connections: this.connections, refused: this.#refusedConnections },
          'There are too many connections; new ones are let go.',
        );
      }
    });
  }
}

const ipcLimits = {
  delimiter: '\f',
  maxMessageSize: wireLimits.requestBytes,
  maxPendingBytes: wireLimits.pendingBytes,
  maxEventNameLength: 64,
  messageTimeout: 0,
  allowReservedEvents: false,
} as const;

export type { Handlers, RequestContext } from './handlers.ts';
