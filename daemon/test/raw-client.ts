/** A client that can say anything: for tests of what the daemon's socket does with it. */

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { protocolVersion } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { WireError } from '@tidemark/shared/protocol/daemon/wire.ts';

export interface RawAnswer {
  readonly id: number | null;
  readonly result?: unknown;
  readonly error?: WireError;
}

export const frameOf = (type: string, data: unknown): string => `${JSON.stringify({ type, data })}\f`;

export const requestOf = (id: number, method: string, parameters: unknown = {}): string =>
  frameOf('tidemark.request', { id, method, parameters });

export const helloOf = (version = protocolVersion): string =>
  requestOf(0, 'hello', { protocolVersion: version, client: { name: 'raw', version: '1' } });

export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  /** Everything that came, as data of its frames. */
  readonly received: { readonly type: string; readonly data: unknown }[] = [];
  readonly closed: Promise<undefined>;
  #buffer = '';

  private constructor(socket: Socket) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.socket = socket;
    this.closed = promise;
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const frames = (this.#buffer + chunk).split('\f');
      this.#buffer = frames.pop() ?? '';
      this.received.push(...frames.map((frame) => JSON.parse(frame) as { type: string; data: unknown }));
    });
    // A daemon that lets it go in mid-write breaks the pipe, which is what such tests are about.
    socket.on('error', () => undefined).on('close', () => resolve(undefined));
  }

  /** Connects without a word. */
  static async connect(socketPath: string): Promise<RawClient> {
    const socket = connect(socketPath);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    socket.once('connect', () => resolve(undefined)).once('error', reject);
    await promise;
    return new RawClient(socket);
  }

  /** Connects and says hello. */
  static async greeted(socketPath: string): Promise<RawClient> {
    const client = await RawClient.connect(socketPath);
    client.send(helloOf());
    await client.answer(0);
    return client;
  }

  send(text: string): void {
    this.socket.write(text);
  }

  get answers(): RawAnswer[] {
    return this.received
      .filter(({ type }) => type === 'tidemark.response')
      .map(({ data }) => data as RawAnswer);
  }

  /** The answer to a request, or to null. Throws where none comes within five seconds. */
  async answer(id: number | null): Promise<RawAnswer> {
    const began = performance.now();
    for (;;) {
      const found = this.answers.find((each) => each.id === id);
      if (found !== undefined) {
        return found;
      }
      if (performance.now() - began > 5000) {
        throw new Error(`no answer to ${String(id)} within 5 s`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
