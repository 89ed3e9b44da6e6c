/** The client of the daemon's socket: typed calls with time-outs, and what it subscribes to. */

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import * as v from 'valibot';
import { eventData } from '../protocol/daemon/events.ts';
import type { EventData } from '../protocol/daemon/events.ts';
import { methods } from '../protocol/daemon/methods.ts';
import type { Method, Parameters, Result } from '../protocol/daemon/methods.ts';
import { eventFrame, protocolVersion, responseFrame, topics, wireEvents } from '../protocol/daemon/wire.ts';
import type { EventFrame, ResponseFrame, Topic } from '../protocol/daemon/wire.ts';
import { clientError, DaemonError } from './daemon-error.ts';
import { requestParser, responseParser } from './framing.ts';

export interface ConnectOptions {
  readonly socketPath: string;
  /** Who asks, for the daemon's log and its runs' triggers: `cli`, `raycast`. */
  readonly client: { readonly name: string; readonly version: string };
  /** For the connection with its handshake, and for each call that sets none of its own. Default: 5000. */
  readonly timeoutMilliseconds?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions {
  /** Rejects the call with the signal's reason; what the daemon is at goes on. */
  readonly signal?: AbortSignal | undefined;
  /** 0 for none: for what waits for a model or a run. */
  readonly timeoutMilliseconds?: number;
}

interface PendingCall {
  readonly method: Method;
  readonly accept: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Listeners = { [T in Topic]: Set<(data: EventData<T>) => void> };

const defaultTimeoutMilliseconds = 5000;

/**
 * One connection. Nothing is sent again by itself: when the connection ends, open calls reject and {@link closed} resolves.
 * All errors are {@link DaemonError}s, but the reason of an aborted signal.
 */
export class DaemonClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #timeoutMilliseconds: number;
  readonly #pending = new Map<number, PendingCall>();
  readonly #closed = Promise.withResolvers<undefined>();
  readonly #listeners: Listeners = { progress: new Set(), status: new Set(), alerts: new Set() };
  readonly #requests = requestParser();
  readonly #responses = responseParser();
  #daemon: Result<'hello'> | undefined;
  #failure: unknown;
  #buffer = '';
  #nextId = 0;

  private constructor(socket: Socket, timeoutMilliseconds: number) {
    this.#socket = socket;
    this.#timeoutMilliseconds = timeoutMilliseconds;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('error', (error) => {
      this.#failure ??= clientError(
        'no-daemon',
        `The connection to the daemon broke: ${error.message}.`,
        startHint,
      );
    });
    socket.on('close', () => this.#onClose());
  }

  /**
   * Connects and says hello. Throws 'no-daemon' where nothing listens, 'timeout' where nothing answers, and
   * 'protocol-version' where the daemon speaks another version.
   */
  static async connect({
    socketPath,
    client,
    timeoutMilliseconds = defaultTimeoutMilliseconds,
    signal,
  }: ConnectOptions): Promise<DaemonClient> {
    signal?.throwIfAborted();
    const socket = await open(socketPath, timeoutMilliseconds, signal);
    const connection = new DaemonClient(socket, timeoutMilliseconds);
    try {
      const daemon = await connection.call('hello', { protocolVersion, client }, { signal });
      if (daemon.protocolVersion !== protocolVersion) {
        throw clientError(
          'protocol-version',
          `The daemon that runs (${daemon.daemonVersion}) speaks version ${daemon.protocolVersion} of the protocol, and this ` +
            `client (${client.version}) version ${protocolVersion}.`,
          daemon.protocolVersion < protocolVersion
            ? 'Restart the daemon with `tidemark service restart`, so that the installed version runs.'
            : 'Update this client.',
        );
      }
      connection.#daemon = daemon;
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** What the daemon said of itself. */
  get daemon(): Result<'hello'> {
    if (this.#daemon === undefined) {
      throw new Error('DaemonClient: no handshake yet');
    }
    return this.#daemon;
  }

  /** Resolves when the connection has ended, whoever ended it. */
  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Asks, and gives the answer as its schema reads it. */
  async call<M extends Method>(
    method: M,
    parameters: Parameters<M>,
    { signal, timeoutMilliseconds = this.#timeoutMilliseconds }: CallOptions = {},
  ): Promise<Result<M>> {
    signal?.throwIfAborted();
    if (!this.isOpen) {
      throw this.#endError();
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Result<M>>();
    const accept = (result: unknown): void => {
      const parsed = v.safeParse(methods[method].result, result);
      if (parsed.success) {
        resolve(parsed.output);
      } else {
        reject(
          clientError(
            'protocol-version',
            `The daemon's answer to ${method} is not what this client expects.`,
            updateHint,
          ),
        );
      }
    };
    this.#pending.set(id, { method, accept, reject });
    const timer =
      timeoutMilliseconds === 0
        ? undefined
        : setTimeout(() => {
            reject(
              clientError(
                'timeout',
                `The daemon did not answer ${method} within ${timeoutMilliseconds / 1000} s.`,
                'See `tidemark logs`, and restart it with `tidemark service restart` where that goes on.',
              ),
            );
          }, timeoutMilliseconds);
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      this.#socket.write(this.#requests.encode(wireEvents.request, { id, method, parameters }));
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
    }
  }

  /** Is told of every event of one topic from now on, until the returned function is called. */
  async subscribe<T extends Topic>(
    topic: T,
    listener: (data: EventData<T>) => void,
    options?: CallOptions,
  ): Promise<() => void> {
    this.#listeners[topic].add(listener);
    const stop = (): void => {
      this.#listeners[topic].delete(listener);
    };
    try {
      await this.call(
        'subscribe',
        { topics: topics.filter((each) => this.#listeners[each].size > 0) },
        options,
      );
      return stop;
    } catch (error) {
      stop();
      throw error;
    }
  }

  /** Ends the connection; open calls reject. Resolves when the socket is gone. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #receive(chunk: string): void {
    try {
      this.#buffer = this.#responses.read(this.#buffer, chunk, ({ type, data }) => {
        if (type === wireEvents.response) {
          this.#onResponse(v.parse(responseFrame, data));
        } else if (type === wireEvents.event) {
          this.#onEvent(v.parse(eventFrame, data));
        }
      });
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#failure = clientError(
        'protocol-version',
        `What listens at the socket does not speak as the daemon does: ${what}.`,
        updateHint,
      );
      this.#socket.destroy();
    }
  }

  #onResponse(frame: ResponseFrame): void {
    if ('error' in frame) {
      const error = new DaemonError(frame.error);
      if (frame.id === null) {
        this.#failure = error;
        this.#socket.destroy();
      } else {
        this.#pending.get(frame.id)?.reject(error);
      }
    } else {
      this.#pending.get(frame.id)?.accept(frame.result);
    }
  }

  #onEvent({ topic, data }: EventFrame): void {
    switch (topic) {
      case 'progress':
        this.#tell('progress', v.parse(eventData.progress, data));
        break;
      case 'status':
        this.#tell('status', v.parse(eventData.status, data));
        break;
      case 'alerts':
        this.#tell('alerts', v.parse(eventData.alerts, data));
        break;
    }
  }

  #tell<T extends Topic>(topic: T, data: EventData<T>): void {
    for (const listener of this.#listeners[topic]) {
      listener(data);
    }
  }

  #onClose(): void {
    for (const { reject } of this.#pending.values()) {
      reject(this.#endError());
    }
    this.#closed.resolve(undefined);
  }

  #endError(): unknown {
    return this.#failure ?? clientError('no-daemon', 'The connection to the daemon has ended.', startHint);
  }
}

const startHint = 'Start it with `tidemark service start`, or run `tidemark daemon` in a terminal.';
const updateHint = 'Bring the daemon and its clients to the same version.';

/** Connects; throws 'no-daemon' or 'timeout'. */
async function open(
  path: string,
  timeoutMilliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  const socket = connect(path);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(
    () =>
      reject(
        clientError(
          'timeout',
          `Nothing accepted the connection within ${timeoutMilliseconds / 1000} s.`,
          startHint,
        ),
      ),
    timeoutMilliseconds,
  );
  const onAbort = (): void => reject(signal?.reason);
  const onError = (error: NodeJS.ErrnoException): void => reject(refusal(error));
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('connect', () => resolve(undefined)).once('error', onError);
  try {
    await promise;
    socket.off('error', onError);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function refusal({ code, message }: NodeJS.ErrnoException): DaemonError {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return clientError('no-daemon', 'No daemon runs.', startHint);
  }
  return code === 'EACCES'
    ? clientError(
        'no-daemon',
        "The daemon's socket belongs to another user.",
        'Run as the user whose daemon it is.',
      )
    : clientError('no-daemon', `The daemon cannot be reached: ${message}.`, startHint);
}
