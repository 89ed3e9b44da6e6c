/** One client's connection: its handshake, its requests with their answers, and the events that it is told. */

import type { IpcServer, IpcSocket } from 'node-ipc';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isMethod, methods } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { Method } from '@tidemark/shared/protocol/daemon/methods.ts';
import { protocolVersion, requestFrame, wireEvents } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Topic } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Log } from '../logging/log.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { ConnectionTimers } from './connection-timers.ts';
import type { RequestContext } from './handlers.ts';
import { issueSentence, noHello, shortened, toWireError, unknownMethod, unreadable } from './wire-errors.ts';

/** What all connections of a server share. */
export interface Surroundings {
  readonly server: IpcServer;
  readonly encode: (type: string, data: unknown) => string;
  readonly limits: ConnectionLimits;
  readonly log: Log;
  /** The answer to a handshake. */
  readonly hello: object;
  /** Does what is asked. May throw, or give a promise. */
  readonly handle: (method: Method, parameters: unknown, context: RequestContext) => unknown;
}

type Message = { readonly data: unknown } | { readonly fault: string };

export class Connection {
  readonly #socket: IpcSocket;
  readonly #around: Surroundings;
  readonly #timers: ConnectionTimers;
  readonly #ended = new AbortController();
  /** Messages that came faster than they may be worked on. */
  readonly #waiting: Message[] = [];
  readonly #inFlight = new Set<number>();
  #client = { name: 'unknown', version: 'unknown' };
  #clientVersion: number | undefined;
  #topics: readonly Topic[] = [];
  #sequence = 0;
  #handledThisTurn = 0;
  #isEnding = false;

  constructor(socket: IpcSocket, surroundings: Surroundings) {
    const { limits } = surroundings;
    this.#socket = socket;
    this.#around = surroundings;
    this.#timers = new ConnectionTimers(socket, limits, {
      noHello: () => {
        this.#endWith(unreadable(`no handshake came within ${limits.helloMilliseconds / 1000} s`));
      },
      unfinished: () => {
        this.#endWith(unreadable(`its rest did not come within ${limits.messageMilliseconds / 1000} s`));
      },
      stalled: () => {
        this.#around.log.warn({ client: this.#client }, 'A client that stopped reading was let go.');
        socket.destroy();
      },
    });
    socket.on('drain', () => this.#work());
    socket.on('close', () => {
      this.#isEnding = true;
      this.#waiting.length = 0;
      this.#timers.clear();
      this.#ended.abort(new TidemarkError('interrupted', 'The client went away.'));
    });
  }

  hears(topic: Topic): boolean {
    return this.#topics.includes(topic);
  }

  /** A whole frame's message. Never throws. */
  receive(data: unknown): void {
    this.#timers.frameCame();
    this.#enqueue({ data });
  }

  /** What came is no frame: there is no telling where the next one would begin, so this is the end. Never throws. */
  fault(error: unknown): void {
    this.#enqueue({ fault: error instanceof Error ? error.message : String(error) });
  }

  /** Tells an event whose data is JSON already. */
  tell(topic: Topic, json: string): void {
    const sequence = this.#sequence;
    this.#sequence += 1;
    // A status is as good as the next one: a client that is behind gets a gap in the sequence instead of a queue.
    if (this.#isEnding || (topic === 'status' && this.#isBehind())) {
      return;
    }
    this.#write(
      `{"type":"${wireEvents.event}","data":{"topic":"${topic}","sequence":${sequence},"data":${json}}}\f`,
    );
  }

  /** Answers what is open, and ends the connection once that is sent. */
  end(): void {
    const error = new TidemarkError('shutting-down', 'The daemon ended before it was done.');
    for (const id of this.#inFlight) {
      this.#answer({ id, error: toWireError(error) });
    }
    this.#end();
  }

  #enqueue(message: Message): void {
    if (!this.#isEnding) {
      this.#waiting.push(message);
      if (this.#waiting.length === 1) {
        this.#work();
      }
    }
  }

  /** One message after the other, but no more than a share in each turn of the event loop, so that others have theirs. */
  #work(): void {
    const { limits } = this.#around;
    while (this.#waiting.length > 0 && this.#handledThisTurn < limits.requestsPerTurn && !this.#isBehind()) {
      if (this.#handledThisTurn === 0) {
        setImmediate(() => {
          this.#handledThisTurn = 0;
          this.#work();
        });
      }
      this.#handledThisTurn += 1;
      const message = this.#waiting.shift();
      if (message !== undefined && 'fault' in message) {
        this.#endWith(unreadable(message.fault));
      } else {
        this.#handle(message?.data);
      }
    }
    if (this.#waiting.length > 0) {
      this.#socket.pause();
    } else if (this.#socket.isPaused()) {
      this.#socket.resume();
    }
  }

  #isBehind(): boolean {
    return this.#socket.writableLength > this.#around.limits.behindBytes;
  }

  #handle(data: unknown): void {
    const frame = v.safeParse(requestFrame, data, { abortEarly: true });
    if (!frame.success) {
      const id = idOf(data);
      const error = unreadable(issueSentence(frame.issues[0]));
      if (id === null) {
        this.#endWith(error);
      } else {
        this.#answer({ id, error: toWireError(error) });
      }
      return;
    }
    const { id, method, parameters = {} } = frame.output;
    if (this.#inFlight.has(id)) {
      this.#fail(id, unreadable(`its id ${id} is that of another one that is open`));
      return;
    }
    try {
      const result = this.#resultOf(method, parameters);
      if (result instanceof Promise) {
        this.#await(id, method, result);
      } else {
        this.#answer({ id, result });
      }
    } catch (error) {
      this.#fail(id, error, method);
    }
  }

  #await(id: number, method: string, result: Promise<unknown>): void {
    this.#inFlight.add(id);
    result
      .then(
        (value) => this.#inFlight.has(id) && this.#answer({ id, result: value }),
        (error: unknown) => this.#inFlight.has(id) && this.#fail(id, error, method),
      )
      .finally(() => this.#inFlight.delete(id));
  }

  #resultOf(method: string, given: Record<string, unknown>): unknown {
    if (method === 'hello') {
      return this.#hello(given);
    }
    if (this.#clientVersion === undefined) {
      throw noHello(shortened(method));
    }
    if (this.#clientVersion !== protocolVersion) {
      throw new TidemarkError(
        'protocol-version',
        `The daemon speaks version ${protocolVersion} of the protocol, and its client version ${this.#clientVersion}.`,
        { hint: 'Bring the daemon and its clients to the same version.' },
      );
    }
    if (!isMethod(method)) {
      throw unknownMethod(shortened(method));
    }
    const { requestsInFlight } = this.#around.limits;
    if (this.#inFlight.size >= requestsInFlight) {
      throw new TidemarkError('busy', `This connection has ${requestsInFlight} open requests already.`, {
        hint: 'Wait for their answers first.',
      });
    }
    const parameters = checked(method, given);
    if (method === 'subscribe') {
      this.#topics = (parameters as v.InferOutput<(typeof methods)['subscribe']['parameters']>).topics;
      return {};
    }
    return this.#around.handle(method, parameters, { client: this.#client, signal: this.#ended.signal });
  }

  /** A client of another version is answered too, so that it can say which one runs; nothing else is known of it. */
  #hello(given: Record<string, unknown>): unknown {
    const other = v.safeParse(otherHello, given);
    if (other.success && other.output.protocolVersion !== protocolVersion) {
      this.#clientVersion = other.output.protocolVersion;
    } else {
      const { client } = checked('hello', given) as v.InferOutput<(typeof methods)['hello']['parameters']>;
      this.#client = client;
      this.#clientVersion = protocolVersion;
    }
    this.#timers.helloCame();
    return this.#around.hello;
  }

  #fail(id: number, error: unknown, method?: string): void {
    if (!(error instanceof TidemarkError) && !this.#ended.signal.aborted) {
      this.#around.log.error({ error, method, client: this.#client }, 'A request failed by a defect.');
    }
    this.#answer({ id, error: toWireError(error) });
  }

  #answer(frame: { id: number | null; result?: unknown; error?: object }): void {
    if (this.#isEnding || !this.#socket.writable) {
      return;
    }
    let text;
    try {
      text = this.#around.encode(wireEvents.response, frame);
    } catch (error) {
      this.#around.log.error({ error, client: this.#client }, 'An answer cannot be sent.');
      const why = error instanceof Error ? error.message : String(error);
      const failure = new TidemarkError('internal', `The answer cannot be sent: ${shortened(why)}.`);
      text = this.#around.encode(wireEvents.response, { id: frame.id, error: toWireError(failure) });
    }
    this.#write(text);
  }

  #write(text: string): void {
    if (!this.#around.server.write(this.#socket, text) && !this.#socket.destroyed) {
      this.#timers.waitForReader();
    }
  }

  #endWith(error: TidemarkError): void {
    if (!this.#isEnding) {
      this.#around.log.debug({ client: this.#client, why: error.message }, 'A connection is ended.');
      this.#answer({ id: null, error: toWireError(error) });
      this.#end();
    }
  }

  /** What still comes is thrown away. */
  #end(): void {
    this.#isEnding = true;
    this.#topics = [];
    this.#waiting.length = 0;
    this.#timers.clear();
    this.#timers.letGo();
    this.#socket.resume();
    this.#socket.destroySoon();
  }
}

const otherHello = v.object({ protocolVersion: v.pipe(v.number(), v.integer()) });

function checked(method: Method, given: Record<string, unknown>): unknown {
  const parameters = v.safeParse(methods[method].parameters, given, { abortEarly: true });
  if (!parameters.success) {
    throw new TidemarkError(
      'bad-request',
      `The parameters of ${method} cannot be taken: ${issueSentence(parameters.issues[0])}.`,
      { hint: 'Bring the daemon and its clients to the same version.' },
    );
  }
  return parameters.output;
}

/** The id of a request that is wrong otherwise. */
function idOf(data: unknown): number | null {
  const id = typeof data === 'object' && data !== null && 'id' in data ? data.id : null;
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : null;
}
