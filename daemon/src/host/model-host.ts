/** The parent's side of a model host: starts it, asks it, and makes sure that it ends. */

import type { ChildProcess } from 'node:child_process';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { MlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import { guarded, later, letGo, whenAborted } from '../background.ts';
import { started } from '../child-task.ts';
import { interruptionOf, throwIfInterrupted } from '../interruption.ts';
import { HostDeath } from './host-death.ts';
import type { HostEnd } from './host-death.ts';
import { addHost } from './host-processes.ts';
import { hostMessage, results } from './messages.ts';
import type {
  HostDescription,
  HostFailure,
  HostMessage,
  HostMethod,
  HostParameters,
  HostRequest,
  HostResult,
} from './messages.ts';

import { ownHost, pythonHost } from './transport.ts';
import type { Engine, Transport } from './transport.ts';

export type { HostParameters } from './messages.ts';

export interface StartOptions {
  /** Ends the host while it starts. */
  readonly signal?: AbortSignal | undefined;
  /** After so long without a word from the host it is ended. Default: 60. */
  readonly timeoutSeconds?: number | undefined;
  /** Variables of MLX's that the host is started with, beside this process's own: MLX reads them once, as it is loaded. */
  readonly environment?: MlxEnvironment | undefined;
  /** The script to run; a test gives one that misbehaves. */
  readonly entry?: string | undefined;
  /** Another program that is the host; absent for Tidemark's own. */
  readonly engine?: Engine | undefined;
}

export interface CallOptions {
  /** Ends the host: native work cannot be stopped in any other way. */
  readonly signal?: AbortSignal | undefined;
  /** What the host is doing, for the error if it ends: `in iteration 7`. */
  readonly doing?: string;
}

interface PendingCall {
  readonly doing: string;
  readonly accept: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a host gets before it is ended by force: to leave on request, and then to obey SIGTERM. */
const leaveMilliseconds = 2000;
const obeyMilliseconds = 1000;
/** How long one that was ended by force may stay: one that waits for a disk or a driver cannot end, and nobody waits for it. */
const killedMilliseconds = 5000;

/** How long what a dead host wrote may take to arrive. */
const drainMilliseconds = 200;

/** What is done in the background, for a person who reads that it failed. */
const noting = 'noting the end of a model host';
const stopping = 'stopping a model host';

/** As much of a host's output as is kept. */
const lastWordsLength = 4000;

/**
 * A child process with libmlx, one loaded model and one voice. Calls are answered in order. When the process dies, every
 * call that is open or comes later rejects with a {@link HostDeath}.
 */
export class ModelHost implements AsyncDisposable {
  readonly #transport: Transport;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, PendingCall>();
  readonly #ended = Promise.withResolvers<HostEnd>();
  #description: HostDescription | undefined;
  #end: HostEnd | undefined;
  #lastWords = '';
  #nextId = 0;

  private constructor(transport: Transport) {
    const { child, output, onPrinted } = transport;
    this.#transport = transport;
    this.#child = child;
    // The host's own output is for whoever looks into its death; on our stdout it would break --json.
    const note = (text: string): void => {
      this.#lastWords = (this.#lastWords + text).slice(-lastWordsLength);
    };
    for (const stream of output) {
      stream.setEncoding('utf8').on('data', guarded('reading what a model host prints', note));
    }
    onPrinted?.(note);
    // Not `close`, which Node does not emit for a child whose channel this side has closed.
    child.on(
      'exit',
      guarded(noting, async (code: number | null, signal: NodeJS.Signals | null) => {
        const drained = Promise.all(output.map((stream) => finished(stream).catch(() => undefined)));
        await Promise.race([drained, delay(drainMilliseconds, undefined, { ref: false })]);
        this.#onEnd({ code, signal, lastWords: this.#lastWords.trim() });
      }),
    );
  }

  /**
   * Starts a host and waits until libmlx is loaded in it. Throws a TidemarkError: what the host says where it cannot load
   * the addon, 'host-died', 'host-timeout', or the reason of an aborted signal.
   */
  static async start(options: StartOptions = {}): Promise<ModelHost> {
    const { signal, timeoutSeconds = 60, environment = {}, entry, engine } = options;
    signal?.throwIfAborted();
    const transport = engine === undefined ? ownHost(environment, entry) : pythonHost(engine, environment);
    const { child } = transport;
    await started(child, 'The model host', 'host-died');
    addHost(child);
    const host = new ModelHost(transport);
    try {
      await host.#untilReady(signal, timeoutSeconds);
    } catch (error) {
      await host.kill();
      throw error;
    }
    return host;
  }

  get pid(): number {
    return this.description.pid;
  }

  get description(): HostDescription {
    if (this.#description === undefined) {
      throw new Error('ModelHost: not ready yet');
    }
    return this.#description;
  }

  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** Resolves when the process has ended, in whatever way. */
  get ended(): Promise<HostEnd> {
    return this.#ended.promise;
  }

  /** Reads its memory: the heart-beat of a host that has nothing to do. */
  readonly memory = this.#method('memory', 'while it was idle');
  /** What the engine's own text front end makes of texts, where it has one; needs no model. */
  readonly phonemes = this.#method('phonemes', 'while reading the text');
  /** Loads a model and a voice in the place of what is there. */
  readonly load = this.#method('load', 'while loading the model');
  /** Empties MLX's cache before a run, and sets its limit. */
  readonly resetCache = this.#method('resetCache', 'while emptying the cache');
  /** Runs and measures one iteration. */
  readonly iterate = this.#method('iterate', ({ index }) => `in iteration ${index}`);
  /** Says one utterance. */
  readonly synthesize = this.#method('synthesize', 'while speaking');
  /** The frames of each token, as the model predicts them. */
  readonly durations = this.#method('durations', 'while predicting durations');
  /** Speaks once with evaluation at the borders of stages or layers, and says what each took. */
  readonly attribute = this.#method('attribute', 'during the attribution');
  /** Measures each quantized layer's product alone, for an input of so many tokens. */
  readonly layerTransients = this.#method('layerTransients', 'while measuring single layers');
  /** Which lines of Python hold more than after the run's first iteration, where the heap is traced. */
  readonly heapSites = this.#method('heapSites', 'while looking for what grew');
  /** Runs several models one after the other, and never resets the peak. The host holds none of them afterwards. */
  readonly unresetSequence = this.#method('unresetSequence', 'during the sequence without a reset');
  /** Plants a leak of one kind once, for a check of the leak check. */
  readonly plant = this.#method('plant', 'while planting a leak');

  /** Asks the host to leave, by closing its channel; ends it by force where it does not. Resolves when it is gone. */
  async close(): Promise<void> {
    this.#transport.letGo();
    if (!(await this.#endsWithin(leaveMilliseconds))) {
      await this.kill();
    }
  }

  /** Ends the host now: SIGTERM, and SIGKILL where that does nothing. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.pid === undefined) {
      return;
    }
    this.#child.kill('SIGTERM');
    if (!(await this.#endsWithin(obeyMilliseconds))) {
      this.#child.kill('SIGKILL');
      if (!(await this.#endsWithin(killedMilliseconds))) {
        this.#onEnd({ code: null, signal: 'SIGKILL', lastWords: this.#lastWords.trim() });
        this.#child.unref();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #untilReady(signal: AbortSignal | undefined, timeoutSeconds: number): Promise<void> {
    const ready = Promise.withResolvers<HostDescription>();
    const starting = 'starting a model host';
    const { misstart } = this.#transport;
    this.#transport.onMessage((message) => {
      try {
        this.#onMessage(v.parse(hostMessage, message), ready);
      } catch (error) {
        ready.reject(error);
        this.#rejectAll(() => error);
        letGo(stopping, this.kill());
      }
    });
    // What the system refuses later, a signal say, does not end this process: the host's own end says what matters.
    this.#child.on(
      'error',
      guarded(starting, (error: unknown) => ready.reject(error)),
    );
    letGo(
      noting,
      this.#ended.promise.then((end) =>
        ready.reject(misstart?.(end) ?? new HostDeath(end, 'while starting')),
      ),
    );
    const timer = later(starting, timeoutSeconds * 1000, () => {
      ready.reject(
        new TidemarkError('host-timeout', `The model host did not start within ${timeoutSeconds} s.`, {
          hint: 'The machine may be very busy. Try again, and run `tidemark doctor` if it fails again.',
        }),
      );
    });
    const aborted = whenAborted(signal, starting, () => ready.reject(interruptionOf(signal)));
    try {
      this.#description = await ready.promise;
    } finally {
      clearTimeout(timer);
      aborted[Symbol.dispose]();
    }
  }

  /** A function that calls `method`; `doing` is what the host does meanwhile, where the caller's options do not say it. */
  #method<Method extends HostMethod>(
    method: Method,
    doing: string | ((parameters: HostParameters<Method>) => string),
  ) {
    return (parameters: HostParameters<Method>, options: CallOptions = {}): Promise<HostResult<Method>> =>
      this.#call(method, parameters, {
        doing: typeof doing === 'string' ? doing : doing(parameters),
        ...options,
      });
  }

  async #call<Method extends HostMethod>(
    method: Method,
    parameters: HostParameters<Method>,
    { signal, doing }: CallOptions & { readonly doing: string },
  ): Promise<HostResult<Method>> {
    throwIfInterrupted(signal);
    if (this.#end !== undefined) {
      throw new HostDeath(this.#end, `before it could ${method}`);
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<HostResult<Method>>();
    this.#pending.set(id, {
      doing,
      accept: (result) => resolve(v.parse(results[method], result)),
      reject,
    });
    const aborted = whenAborted(signal, stopping, () => {
      reject(interruptionOf(signal));
      return this.kill();
    });
    this.#transport.send({ id, method, parameters } as HostRequest);
    try {
      return await promise;
    } finally {
      this.#pending.delete(id);
      aborted[Symbol.dispose]();
    }
  }

  #onMessage(message: HostMessage, ready: PromiseWithResolvers<HostDescription>): void {
    switch (message.type) {
      case 'ready':
        ready.resolve(message.description);
        break;
      case 'unusable':
        ready.reject(toError(message.failure));
        break;
      case 'result':
        this.#pending.get(message.id)?.accept(message.result);
        break;
      case 'failure':
        this.#pending.get(message.id)?.reject(toError(message.failure));
        break;
    }
  }

  #onEnd(end: HostEnd): void {
    this.#end = end;
    this.#ended.resolve(end);
    this.#rejectAll((doing) => new HostDeath(end, doing));
  }

  #rejectAll(reason: (doing: string) => unknown): void {
    for (const { reject, doing } of this.#pending.values()) {
      reject(reason(doing));
    }
  }

  async #endsWithin(milliseconds: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>();
    const timer = later(stopping, milliseconds, () => resolve(false));
    const ended = await Promise.race([this.#ended.promise.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }
}

/** A host's failure as the error that it was there, its stack as the cause. */
function toError({ code, message, hint, stack }: HostFailure): TidemarkError {
  const cause = stack === undefined ? undefined : Object.assign(new Error(message), { stack });
  return new TidemarkError(code, message, { hint, cause });
}
