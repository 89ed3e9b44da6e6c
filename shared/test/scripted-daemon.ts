/** A peer for tests of the client: listens on a socket, and does with each connection and request what the test says. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protocolVersion, wireEvents } from '../src/protocol/daemon/wire.ts';

export interface ScriptedRequest {
  readonly id: number;
  readonly method: string;
  readonly parameters: Record<string, unknown>;
}

/** One connection, from the daemon's side. */
export class ScriptedPeer {
  readonly socket: Socket;
  #sequence = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(type: string, data: unknown): void {
    this.socket.write(`${JSON.stringify({ type, data })}\f`);
  }

  answer(id: number | null, answer: object): void {
    this.send(wireEvents.response, { id, ...answer });
  }

  tell(topic: string, data: unknown, sequence = this.#sequence): void {
    this.#sequence = sequence + 1;
    this.send(wireEvents.event, { topic, sequence, data });
  }
}

export type Script = (request: ScriptedRequest, peer: ScriptedPeer) => void;

export class ScriptedDaemon implements AsyncDisposable {
  readonly socketPath: string;
  readonly peers = new Set<ScriptedPeer>();
  /** Everything that was asked, over all connections. */
  readonly requests: ScriptedRequest[] = [];
  readonly #folder: string;
  readonly #script: Script;
  #version: number;
  #server: Server | undefined;

  /** The handshake is answered by itself. */
  constructor(script: Script = () => undefined, version: number = protocolVersion) {
    this.#folder = mkdtempSync(join(tmpdir(), 'tidemark-scripted-'));
    this.socketPath = join(this.#folder, 'daemon.sock');
    this.#script = script;
    this.#version = version;
  }

  static async listening(script?: Script, version?: number): Promise<ScriptedDaemon> {
    const daemon = new ScriptedDaemon(script, version);
    await daemon.listen();
    return daemon;
  }

  async listen(version = this.#version): Promise<void> {
    this.#version = version;
    const server = createServer((socket) => this.#onConnection(socket));
    this.#server = server;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.listen(this.socketPath, () => resolve(undefined));
    await promise;
  }

  /** Ends every connection, and the listening. */
  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    if (this.#server === undefined) {
      return;
    }
    this.#server.close(() => resolve(undefined));
    for (const { socket } of this.peers) {
      socket.destroy();
    }
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #onConnection(socket: Socket): void {
    const peer = new ScriptedPeer(socket);
    this.peers.add(peer);
    let buffer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const frames = (buffer + chunk).split('\f');
      buffer = frames.pop() ?? '';
      for (const frame of frames) {
        const { data } = JSON.parse(frame) as { data: ScriptedRequest };
        this.#onRequest(data, peer);
      }
    });
    socket.on('error', () => undefined).on('close', () => this.peers.delete(peer));
  }

  #onRequest(request: ScriptedRequest, peer: ScriptedPeer): void {
    this.requests.push(request);
    if (request.method === 'hello') {
      const startedAt = '2026-11-24T10:00:00.000Z';
      const hello = { protocolVersion: this.#version, daemonVersion: '9.8.7', pid: 1, startedAt };
      peer.answer(request.id, { result: hello });
    } else if (request.method === 'subscribe') {
      peer.answer(request.id, { result: {} });
      this.#script(request, peer);
    } else {
      this.#script(request, peer);
    }
  }
}
