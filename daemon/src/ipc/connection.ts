/** One client's connection: its handshake, its requests with their answers, and the events that it subscribed to. */

import type { Socket } from 'node:net';
import * as v from 'valibot';
import { requestParser, responseParser } from '@tidemark/shared/client/framing.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isMethod } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { Method } from '@tidemark/shared/protocol/daemon/methods.ts';
import {
  protocolVersion,
  requestFrame,
  wireEvents,
  wireLimits,
} from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Topic } from '@tidemark/shared/protocol/daemon/wire.ts';
import { guarded, letGo, soon } from '../background.ts';
import type { Log } from '../logging/log.ts';
import { ConnectionTimers } from './connection-limits.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import {
  badRequest,
  checkedParameters,
  idOf,
  issueSentence,
  otherHello,
  shortened,
  toWireError,
  unreadable,
  versionsHint,
} from './requests.ts';
import type { RequestContext } from './requests.ts';

/** The beginning of a frame is each connection's own, so one parser serves all. */
const requests = requestParser();
const responses = responseParser();

/** What all connections of a server share. */
export interface Surroundings {
  readonly limits: ConnectionLimits;
  readonly log: Log;
  /** The answer to a handshake. */
  readonly hello: object;
  /** Does what is asked. May throw, or return a promise. */
  readonly handle: (method: Method, parameters: unknown, context: RequestContext) => unknown;
}

export class Connection {
  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #timers: ConnectionTimers;
  readonly #ended = new AbortController();
  /** The handling of messages that came faster than they may be handled. */
  readonly #waiting: (() => void)[] = [];
  readonly #inFlight = new Set<number>();
  #client = { name: 'unknown', version: 'unknown' };
  #clientVersion: number | undefined;
  #topics: readonly Topic[] = [];
  #sequence = 0;
  /** The beginning of a frame whose rest has not come. */
  #beginning = '';
  #isUnreadable = false;
  #handledThisTurn = 0;
  #isEnding = false;
  /** Bytes of events that were sent since nothing was pending. */
  #pendingEvents = 0;

  constructor(socket: Socket, surroundings: Surroundings) {
    const { limits } = surroundings;
    this.#socket = socket;
    this.#around = surroundings;
    this.#timers = new ConnectionTimers(socket, limits, {
      noHello: () => {
        this.#endWith(unreadable(`no handshake arrived within ${limits.helloMilliseconds / 1000} s`));
      },
      unfinished: () => {
        this.#endWith(
          unreadable(`the rest of it did not arrive within ${limits.messageMilliseconds / 1000} s`),
        );
      },
      stalled: () => {
        this.#around.log.warn({ client: this.#client }, 'Disconnected a client that stopped reading.');
        socket.destroy();
      },
    });
    const receiving = 'reading requests';
    socket.setEncoding('utf8');
    socket.on(
      'data',
      guarded(receiving, (chunk: string) => this.#receive(chunk)),
    );
    socket.on(
      'drain',
      guarded(receiving, () => this.#work()),
    );
    socket.on(
      'error',
      guarded('ending a connection', (error: Error) => this.#logBroken(error)),
    );
    socket.on(
      'close',
      guarded('ending a connection', () => {
        this.#isEnding = true;
        this.#waiting.length = 0;
        this.#timers.clear();
        this.#ended.abort(new TidemarkError('interrupted', 'The client disconnected.'));
      }),
    );
  }

  hears(topic: Topic): boolean {
    return this.#topics.includes(topic);
  }

  /** Sends an event whose data is JSON already. */
  sendEvent(topic: Topic, json: string): void {
    const sequence = this.#sequence;
    this.#sequence += 1;
    // A status is as good as the next one: a client that is behind gets a gap in the sequence instead of a queue.
    if (this.#isEnding || (topic === 'status' && this.#isBehind())) {
      return;
    }
    const text = `{"type":"${wireEvents.event}","data":{"topic":"${topic}","sequence":${sequence},"data":${json}}}\f`;
    this.#pendingEvents =
      this.#socket.writableLength === 0 ? 0 : this.#pendingEvents + Buffer.byteLength(text);
    if (this.#pendingEvents > this.#around.limits.eventBytes) {
      this.#letGo();
    } else {
      this.#write(text);
    }
  }

  /** Answers what is pending, and ends the connection once that is sent. */
  end(): void {
    const error = new TidemarkError('shutting-down', 'The daemon stopped before the request was done.');
    for (const id of this.#inFlight) {
      this.#answer({ id, error: toWireError(error) });
    }
    this.#end();
  }

  /** Never throws. What is no frame is the end: there is no telling where the next one would begin. */
  #receive(chunk: string): void {
    if (this.#isEnding || this.#isUnreadable) {
      return;
    }
    let endedFrame = false;
    try {
      this.#beginning = requests.read(this.#beginning, chunk, ({ data }) => {
        endedFrame = true;
        this.#enqueue(() => this.#handle(data));
      });
    } catch (error) {
      this.#beginning = '';
      this.#isUnreadable = true;
      const fault = unreadable(error instanceof Error ? error.message : String(error));
      this.#enqueue(() => this.#endWith(fault));
    }
    this.#timers.dataReceived({ endedFrame, isMidFrame: this.#beginning !== '' });
  }

  #enqueue(handle: () => void): void {
    if (!this.#isEnding) {
      this.#waiting.push(handle);
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
        soon('reading requests', () => {
          this.#handledThisTurn = 0;
          this.#work();
        });
      }
      this.#handledThisTurn += 1;
      this.#waiting.shift()?.();
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
      this.#fail(id, unreadable(`another pending request has the same id ${id}`));
      return;
    }
    try {
      const result = this.#resultOf(method, parameters);
      if (result instanceof Promise) {
        this.#inFlight.add(id);
        const answered = result
          .then(
            (value) => this.#answer({ id, result: value }),
            (error: unknown) => this.#fail(id, error, method),
          )
          .finally(() => this.#inFlight.delete(id));
        letGo('answering a request', answered);
      } else {
        this.#answer({ id, result });
      }
    } catch (error) {
      this.#fail(id, error, method);
    }
  }

  #resultOf(method: string, given: Record<string, unknown>): unknown {
    if (method === 'hello') {
      return this.#hello(given);
    }
    if (this.#clientVersion === undefined) {
      throw badRequest(
        `${shortened(method)} was sent before the handshake.`,
        'Send hello first on every connection.',
      );
    }
    if (this.#clientVersion !== protocolVersion) {
      throw new TidemarkError(
        'protocol-version',
        `The daemon speaks version ${protocolVersion} of the protocol, and the client version ${this.#clientVersion}.`,
        { hint: versionsHint },
      );
    }
    if (!isMethod(method)) {
      throw badRequest(`The daemon has no method "${shortened(method)}".`);
    }
    const { requestsInFlight } = this.#around.limits;
    if (this.#inFlight.size >= requestsInFlight) {
      throw new TidemarkError('busy', `This connection already has ${requestsInFlight} pending requests.`, {
        hint: 'Wait for their answers first.',
      });
    }
    if (method === 'subscribe') {
      this.#topics = checkedParameters(method, given).topics;
      return {};
    }
    return this.#around.handle(method, checkedParameters(method, given), {
      client: this.#client,
      signal: this.#ended.signal,
    });
  }

  /** A client of another version is answered too, so that it can say which one runs; nothing else is known of it. */
  #hello(given: Record<string, unknown>): unknown {
    const other = v.safeParse(otherHello, given);
    if (other.success && other.output.protocolVersion !== protocolVersion) {
      this.#clientVersion = other.output.protocolVersion;
    } else {
      this.#client = checkedParameters('hello', given).client;
      this.#clientVersion = protocolVersion;
    }
    this.#timers.helloReceived();
    return this.#around.hello;
  }

  #fail(id: number, error: unknown, method?: string): void {
    if (!(error instanceof TidemarkError) && !this.#isEnding) {
      this.#around.log.error(
        { error, method, client: this.#client },
        'A request failed because of a defect.',
      );
    }
    this.#answer({ id, error: toWireError(error) });
  }

  #answer(frame: { id: number | null; result?: unknown; error?: object }): void {
    if (this.#isEnding || !this.#socket.writable) {
      return;
    }
    let text;
    try {
      text = responses.encode(wireEvents.response, frame);
    } catch (error) {
      this.#around.log.error({ error, client: this.#client }, 'Could not send an answer.');
      const why = error instanceof Error ? error.message : String(error);
      const failure = new TidemarkError('internal', `The answer cannot be sent: ${shortened(why)}.`);
      text = responses.encode(wireEvents.response, { id: frame.id, error: toWireError(failure) });
    }
    this.#write(text);
  }

  #write(text: string): void {
    if (this.#socket.writableLength + Buffer.byteLength(text) > wireLimits.pendingBytes) {
      this.#letGo();
    } else if (!this.#socket.write(text) && !this.#socket.destroyed) {
      this.#timers.waitForReader();
    }
  }

  /** Of a client that does not read, or not as fast as it is told. */
  #letGo(): void {
    if (!this.#socket.destroyed) {
      this.#around.log.warn({ client: this.#client }, 'Disconnected a client that does not keep up.');
      this.#socket.destroy();
    }
  }

  #logBroken(error: Error): void {
    this.#around.log.debug({ error, client: this.#client }, 'A connection broke.');
  }

  #endWith(error: TidemarkError): void {
    if (!this.#isEnding) {
      this.#around.log.debug({ client: this.#client, why: error.message }, 'Ending a connection.');
      this.#answer({ id: null, error: toWireError(error) });
      this.#end();
    }
  }

  /** What still comes is discarded. */
  #end(): void {
    this.#isEnding = true;
    this.#topics = [];
    this.#waiting.length = 0;
    this.#timers.clear();
    this.#timers.destroySoon();
    this.#socket.resume();
    this.#socket.destroySoon();
  }
}
