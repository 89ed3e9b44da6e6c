/** The client of the daemon's socket: typed calls with time-outs, and subscriptions. */

import type { Socket } from 'node:net';
import * as v from 'valibot';
import type { EventData, Method, Parameters, Result } from '../protocol/daemon/methods.ts';
import { methods } from '../protocol/daemon/methods.ts';
import { protocolVersion, responseFrame, wireEvents } from '../protocol/daemon/wire.ts';
import type { Topic } from '../protocol/daemon/wire.ts';
import { clientError, DaemonError, OtherVersionError } from './daemon-error.ts';
import { EventListeners } from './event-listeners.ts';
import { requestParser, responseParser } from './framing.ts';
import { notAnsweringHint, openSocket, startHint } from './open-socket.ts';

export interface ConnectOptions {
  readonly socketPath: string;
  /** Who asks, for the daemon's log and its runs' triggers: `cli`, `raycast`. */
  readonly client: { readonly name: string; readonly version: string };
  /** For the connection with its handshake, and for each call that sets none of its own. Default: 5000. */
  readonly timeoutMilliseconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions {
  /** Rejects the call with the signal's reason; what the daemon is doing continues. */
  readonly signal?: AbortSignal | undefined;
  /** 0 for none: for what waits for a model or a run. */
  readonly timeoutMilliseconds?: number | undefined;
}

interface PendingCall {
  readonly accept: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const defaultTimeoutMilliseconds = 5000;

/**
 * One connection. Nothing is retried: when the connection ends, pending calls reject and {@link closed} resolves. All errors
 * are {@link DaemonError}s, except the reason of an aborted signal.
 */
export class DaemonClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #timeoutMilliseconds: number;
  readonly #pending = new Map<number, PendingCall>();
  readonly #closed = Promise.withResolvers<undefined>();
  readonly #listeners = new EventListeners();
  readonly #requests = requestParser();
  readonly #responses = responseParser();
  #daemon: Result<'hello'> | undefined;
  #failure: DaemonError | undefined;
  #isClosing = false;
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
        `The connection to the daemon failed: ${error.message}.`,
        startHint,
      );
    });
    socket.on('close', () => this.#onClose());
  }

  /**
   * Connects and says hello. Throws what {@link openSocket} throws, 'timeout' where nothing answers, 'busy' where the daemon ends
   * the connection at once, and 'protocol-version' where it speaks another version.
   */
  static async connect({
    socketPath,
    client,
    timeoutMilliseconds = defaultTimeoutMilliseconds,
    signal,
  }: ConnectOptions): Promise<DaemonClient> {
    signal?.throwIfAborted();
    const socket = await openSocket(socketPath, timeoutMilliseconds, signal);
    const connection = new DaemonClient(socket, timeoutMilliseconds);
    try {
      const daemon = await connection.call('hello', { protocolVersion, client }, { signal });
      if (daemon.protocolVersion !== protocolVersion) {
        throw new OtherVersionError(
          `The running daemon (${daemon.daemonVersion}) speaks version ${daemon.protocolVersion} of the protocol, and this ` +
            `client (${client.version}) version ${protocolVersion}.`,
          { daemonIsOlder: daemon.protocolVersion < protocolVersion, daemon },
        );
      }
      connection.#daemon = daemon;
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** What the daemon said about itself. */
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

  /** Why the connection ended, or what a call on it would throw. */
  get failure(): DaemonError {
    return this.#failure ?? clientError('no-daemon', 'The connection to the daemon is closed.', startHint);
  }

  /** Events that the daemon skipped because this client did not keep up. */
  get missedEvents(): number {
    return this.#listeners.missed;
  }

  /** Asks, and returns the answer as its schema reads it. */
  async call<M extends Method>(
    method: M,
    parameters: Parameters<M>,
    { signal, timeoutMilliseconds = this.#timeoutMilliseconds }: CallOptions = {},
  ): Promise<Result<M>> {
    signal?.throwIfAborted();
    if (!this.isOpen) {
      throw this.failure;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const frame = this.#encode(method, { id, method, parameters });
    const { promise, resolve, reject } = Promise.withResolvers<Result<M>>();
    const accept = (result: unknown): void => {
      const parsed = v.safeParse(methods[method].result, result);
      if (parsed.success) {
        resolve(parsed.output);
      } else {
        reject(unexpected(`The daemon's answer to ${method} is not what this client expects.`));
      }
    };
    const tooLate = (): void => {
      reject(
        clientError(
          'timeout',
          method === 'hello'
            ? `The daemon accepted the connection, but did not answer hello within ${timeoutMilliseconds / 1000} s: it hangs, or its process is stopped.`
            : `The daemon did not answer ${method} within ${timeoutMilliseconds / 1000} s.`,
          notAnsweringHint,
        ),
      );
    };
    const timer = timeoutMilliseconds === 0 ? undefined : setTimeout(tooLate, timeoutMilliseconds);
    const onAbort = (): void => reject(signal?.reason);
    this.#pending.set(id, { accept, reject });
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      this.#socket.write(frame);
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
    }
  }

  /**
   * Receives every event of one topic from now on, until the returned function is called. What a listener throws becomes
   * a warning of the process: it must not end what others wait for.
   */
  async subscribe<T extends Topic>(
    topic: T,
    listener: (data: EventData<T>) => void,
    options?: CallOptions,
  ): Promise<() => void> {
    const remove = this.#listeners.add(topic, listener);
    try {
      await this.#sendTopics(options);
    } catch (error) {
      remove();
      throw error;
    }
    return () => {
      remove();
      if (!this.#listeners.topics.includes(topic) && this.isOpen) {
        // If that fails the events continue, and nobody receives them.
        this.#sendTopics().catch(() => undefined);
      }
    };
  }

  /** Ends the connection; pending calls reject. Resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#socket.destroy();
    await this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sendTopics(options?: CallOptions): Promise<void> {
    await this.call('subscribe', { topics: this.#listeners.topics }, options);
  }

  #encode(method: Method, frame: object): string {
    try {
      return this.#requests.encode(wireEvents.request, frame);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw clientError(
        'bad-request',
        `The request ${method} cannot be sent: ${what}.`,
        'Send less at once: a request can be at most 64 KiB.',
      );
    }
  }

  #receive(chunk: string): void {
    try {
      this.#buffer = this.#responses.read(this.#buffer, chunk, ({ type, data }) => {
        if (type === wireEvents.response) {
          this.#onResponse(data);
        } else {
          this.#listeners.dispatch(data);
        }
      });
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#end(
        unexpected(`The process listening on the daemon's socket does not speak its protocol: ${what}.`),
      );
    }
  }

  #onResponse(data: unknown): void {
    const parsed = v.safeParse(responseFrame, data);
    if (!parsed.success) {
      this.#end(unexpected("This client cannot read the daemon's answer."));
    } else if (!('error' in parsed.output)) {
      this.#pending.get(parsed.output.id)?.accept(parsed.output.result);
    } else if (parsed.output.id === null) {
      // The daemon could not read what came, and ends the connection.
      this.#end(new DaemonError(parsed.output.error));
    } else {
      this.#pending.get(parsed.output.id)?.reject(new DaemonError(parsed.output.error));
    }
  }

  #end(failure: DaemonError): void {
    this.#failure ??= failure;
    this.#socket.destroy();
  }

  #onClose(): void {
    this.#buffer = '';
    if (this.#daemon === undefined && !this.#isClosing) {
      this.#failure = turnedAway(this.#failure);
    }
    for (const { reject } of this.#pending.values()) {
      reject(this.failure);
    }
    this.#closed.resolve(undefined);
  }
}

/** Of a daemon that has ended a connection before it said hello; what else went wrong by then is told as it is. */
const turnedAway = (failure: DaemonError | undefined): DaemonError =>
  failure === undefined || failure.code === 'no-daemon'
    ? clientError(
        'busy',
        'The daemon closed the connection at once: it has as many as it accepts, or it is ending.',
        'Try again in a moment. If this continues, close other clients of the daemon, and check `tidemark logs`.',
      )
    : failure;

const unexpected = (message: string): DaemonError =>
  clientError('protocol-version', message, 'Install the same version of the daemon and its clients.');
