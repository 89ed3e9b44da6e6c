/** A connection that is kept alive: reopened when it ends, with all subscriptions renewed, and its state reported. */

import type { EventData } from '../protocol/daemon/methods.ts';
import type { Topic } from '../protocol/daemon/wire.ts';
import { DaemonClient } from './daemon-client.ts';
import type { ConnectOptions } from './daemon-client.ts';
import { clientError, DaemonError } from './daemon-error.ts';
import { callListener } from './event-listeners.ts';

export type WatchState =
  /** At the start, and when a connection was lost. */
  | { readonly kind: 'connecting' }
  /** Subscribed to everything; the client is for calls, and belongs to the watch. */
  | { readonly kind: 'connected'; readonly client: DaemonClient }
  /** Nothing answers; it keeps trying. */
  | { readonly kind: 'no-daemon'; readonly error: DaemonError }
  /** What answers speaks another version; it keeps trying, since that may be replaced. */
  | { readonly kind: 'other-version'; readonly error: DaemonError };

export interface WatchOptions extends Omit<ConnectOptions, 'signal'> {
  /** Called when it changes, and at the start. */
  readonly onState?: ((state: WatchState) => void) | undefined;
  /** By topic. The status is also passed once connected, and at each heartbeat. */
  readonly on?: { readonly [T in Topic]?: ((data: EventData<T>) => void) | undefined };
  /** How often the daemon is asked whether it answers. Default: 15,000. */
  readonly heartbeatMilliseconds?: number | undefined;
  /** The wait before the first try, doubled with each, up to the longest. Default: 100 and 5000. */
  readonly firstWaitMilliseconds?: number | undefined;
  readonly longestWaitMilliseconds?: number | undefined;
  /** From 0 to below 1, for the jitter. Default: Math.random. */
  readonly random?: (() => number) | undefined;
}

const defaults = { heartbeatMilliseconds: 15_000, firstWaitMilliseconds: 100, longestWaitMilliseconds: 5000 };

/** Begins at once; callbacks come later than this returns. */
export const watchDaemon = (options: WatchOptions): DaemonWatch => new DaemonWatch(options);

export class DaemonWatch implements AsyncDisposable {
  readonly #options: WatchOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: WatchState = { kind: 'connecting' };
  #endWait: () => void = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get state(): WatchState {
    return this.#state;
  }

  /** For calls, while connected. */
  get client(): DaemonClient | undefined {
    return this.#state.kind === 'connected' ? this.#state.client : undefined;
  }

  /** Skips the wait for the next try: for when the daemon was just started. */
  tryNow(): void {
    this.#endWait();
  }

  /** Ends the connection and all retries; no callback is called any more. Resolves when the socket is closed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#endWait();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #run(): Promise<void> {
    // So that the caller has this object before the first callback.
    await Promise.resolve();
    this.#report(this.#state);
    for (let failures = 0; !this.#isStopped(); failures += 1) {
      const began = performance.now();
      const error = await this.#connectOnce();
      if (performance.now() - began > this.#longestWait) {
        failures = 0;
      }
      if (!this.#isStopped()) {
        this.#enter(this.#stateAfter(error));
        await this.#wait(failures);
      }
    }
  }

  /** One connection from start to end, and what ended it. */
  async #connectOnce(): Promise<unknown> {
    const { socketPath, client: name, timeoutMilliseconds } = this.#options;
    const { signal } = this.#stop;
    let client: DaemonClient | undefined;
    try {
      client = await DaemonClient.connect({ socketPath, client: name, timeoutMilliseconds, signal });
      await this.#subscribe(client);
      await this.#stayWith(client);
      return client.failure;
    } catch (error) {
      return error;
    } finally {
      await client?.close();
    }
  }

  async #subscribe(client: DaemonClient): Promise<void> {
    const { progress, status, alerts } = this.#options.on ?? {};
    const { signal } = this.#stop;
    if (progress !== undefined) {
      await client.subscribe('progress', this.#unlessStopped(progress), { signal });
    }
    if (status !== undefined) {
      await client.subscribe('status', this.#unlessStopped(status), { signal });
    }
    if (alerts !== undefined) {
      await client.subscribe('alerts', this.#unlessStopped(alerts), { signal });
    }
  }

  #unlessStopped<Data>(listener: (data: Data) => void): (data: Data) => void {
    return (data) => {
      if (!this.#isStopped()) {
        listener(data);
      }
    };
  }

  /** Until the connection ends. Throws if the daemon does not answer. */
  async #stayWith(client: DaemonClient): Promise<void> {
    const { heartbeatMilliseconds = defaults.heartbeatMilliseconds, on } = this.#options;
    let isFirst = true;
    while (client.isOpen) {
      const status = await client.call('status', {}, { signal: this.#stop.signal });
      if (isFirst) {
        // Not before an answer that can be read has come.
        this.#enter({ kind: 'connected', client });
        isFirst = false;
      }
      callListener(() => on?.status?.(status));
      await Promise.race([client.closed, this.#sleep(heartbeatMilliseconds)]);
      // Where the connection ended first, so that no timer is left.
      this.#endWait();
      this.#stop.signal.throwIfAborted();
    }
  }

  #stateAfter(error: unknown): WatchState {
    if (this.#state.kind === 'connected') {
      return { kind: 'connecting' };
    }
    const known =
      error instanceof DaemonError ? error : clientError('internal', `The watch failed: ${String(error)}.`);
    return known.code === 'protocol-version'
      ? { kind: 'other-version', error: known }
      : { kind: 'no-daemon', error: known };
  }

  #enter(state: WatchState): void {
    const before = this.#state;
    this.#state = state;
    const isSame =
      'error' in before && 'error' in state
        ? before.kind === state.kind && before.error.message === state.error.message
        : before.kind === state.kind && state.kind !== 'connected';
    if (!isSame) {
      this.#report(state);
    }
  }

  #report(state: WatchState): void {
    const { onState } = this.#options;
    if (onState !== undefined && !this.#isStopped()) {
      callListener(() => onState(state));
    }
  }

  get #longestWait(): number {
    return this.#options.longestWaitMilliseconds ?? defaults.longestWaitMilliseconds;
  }

  /** Between half of what the back-off says and all of it, so that several clients do not reconnect at once. */
  async #wait(failures: number): Promise<void> {
    const { firstWaitMilliseconds = defaults.firstWaitMilliseconds, random = Math.random } = this.#options;
    const most = Math.min(this.#longestWait, firstWaitMilliseconds * 2 ** failures);
    await this.#sleep(most * (0.5 + random() / 2));
  }

  /** Ended by stop(), and by tryNow(). */
  async #sleep(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#endWait = () => resolve(undefined);
    if (this.#isStopped()) {
      // By a callback, before there was anything to end.
      return;
    }
    const timer = setTimeout(this.#endWait, milliseconds);
    await promise;
    clearTimeout(timer);
  }
}
