/** The load: many clients of one process that ask for the status, with as little work of their own as can be. */

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { protocolVersion, wireEvents } from '@tidemark/shared/protocol/daemon/wire.ts';

interface LoadOptions {
  readonly socketPath: string;
  readonly clients: number;
  /** Over all clients. */
  readonly requests: number;
  /** Between an answer and the same client's next request, at most; drawn evenly. 0 to ask again at once. */
  readonly pauseMilliseconds: number;
}

/** Of all requests of a load. */
export interface LoadFigures {
  readonly requests: number;
  /** Not answered, or with an error. */
  readonly lost: number;
  readonly seconds: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly maximumMilliseconds: number;
  readonly answerBytes: number;
}

/** An answer that takes so long is counted as lost. */
const lostAfterMilliseconds = 10_000;

/**
 * A connection that reads no more of an answer than it needs to know which request it is for. Parsing and checking a status
 * takes several times as long as the daemon takes to make it, so a whole client would measure itself.
 */
class LeanClient {
  readonly #socket: Socket;
  #received = '';
  #onAnswer: (answer: string) => void = () => undefined;
  #nextId = 0;

  constructor(socketPath: string) {
    this.#socket = connect(socketPath);
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => {
      this.#received += chunk;
      if (chunk.endsWith('\f')) {
        const answer = this.#received;
        this.#received = '';
        this.#onAnswer(answer);
      }
    });
    // Whatever is wrong, the answer is missing, and is counted.
    this.#socket.on('error', () => undefined);
  }

  /** The answer's length, or undefined where there is none or an error. */
  async ask(method: string, parameters: object): Promise<number | undefined> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#onAnswer = resolve;
    const timer = setTimeout(() => resolve(''), lostAfterMilliseconds);
    const frame = { type: wireEvents.request, data: { id, method, parameters } };
    this.#socket.write(`${JSON.stringify(frame)}\f`);
    const answer = await promise;
    clearTimeout(timer);
    const isResult = answer.startsWith(`{"type":"${wireEvents.response}","data":{"id":${id},"result":{`);
    return isResult ? answer.length : undefined;
  }

  close(): void {
    this.#socket.destroy();
  }
}

export async function load(options: LoadOptions): Promise<LoadFigures> {
  const { clients: count, socketPath } = options;
  const hello = { protocolVersion, client: { name: 'benchmark', version: '1' } };
  const clients = Array.from({ length: count }, () => new LeanClient(socketPath));
  try {
    for (const client of clients) {
      if ((await client.ask('hello', hello)) === undefined) {
        throw new Error('load: the daemon did not answer the handshake');
      }
    }
    return await measure(clients, options);
  } finally {
    for (const client of clients) {
      client.close();
    }
  }
}

async function measure(
  clients: readonly LeanClient[],
  { requests, pauseMilliseconds }: LoadOptions,
): Promise<LoadFigures> {
  const milliseconds = new Float64Array(requests);
  let [sent, lost, bytes] = [0, 0, 0];
  const began = performance.now();
  const lanes = clients.map(async (client) => {
    while (sent < requests) {
      const place = sent;
      sent += 1;
      const asked = performance.now();
      const length = await client.ask('status', {});
      milliseconds[place] = performance.now() - asked;
      lost += length === undefined ? 1 : 0;
      bytes += length ?? 0;
      if (pauseMilliseconds > 0) {
        await wait(Math.random() * pauseMilliseconds);
      }
    }
  });
  await Promise.all(lanes);
  const seconds = (performance.now() - began) / 1000;
  milliseconds.sort();
  const quantile = (share: number): number =>
    milliseconds[Math.min(requests - 1, Math.ceil(share * requests) - 1)] ?? 0;
  return {
    requests,
    lost,
    seconds,
    p50Milliseconds: quantile(0.5),
    p99Milliseconds: quantile(0.99),
    maximumMilliseconds: quantile(1),
    answerBytes: Math.round(bytes / Math.max(1, requests - lost)),
  };
}
