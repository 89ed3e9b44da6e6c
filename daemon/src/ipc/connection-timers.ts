/** The clocks of one connection: how long its handshake, the rest of a frame and its reading may take. */

import type { IpcSocket } from 'node-ipc';
import type { ConnectionLimits } from './connection-limits.ts';

export interface Expiries {
  readonly noHello: () => void;
  readonly unfinished: () => void;
  readonly stalled: () => void;
}

/** How long the last answer of a connection that is being ended may take. */
const farewellMilliseconds = 1000;

export class ConnectionTimers {
  readonly #socket: IpcSocket;
  readonly #limits: ConnectionLimits;
  readonly #expiries: Expiries;
  #hello: NodeJS.Timeout | undefined;
  #frame: NodeJS.Timeout | undefined;
  #reader: NodeJS.Timeout | undefined;
  #farewell: NodeJS.Timeout | undefined;
  #hasFrame = false;

  constructor(socket: IpcSocket, limits: ConnectionLimits, expiries: Expiries) {
    this.#socket = socket;
    this.#limits = limits;
    this.#expiries = expiries;
    this.#hello = setTimeout(expiries.noHello, limits.helloMilliseconds).unref();
    // node-ipc's own listener, which reads the frames, came first.
    socket.on('data', () => this.#dataCame());
    socket.on('drain', () => {
      clearTimeout(this.#reader);
      this.#reader = undefined;
    });
    socket.on('close', () => clearTimeout(this.#farewell));
  }

  helloCame(): void {
    clearTimeout(this.#hello);
  }

  /** A frame is whole, so what is left of this piece of data is another one's beginning. */
  frameCame(): void {
    this.#hasFrame = true;
  }

  /** Something waits to be sent. Each time that the limit has passed, some of it has to have gone. */
  waitForReader(): void {
    if (this.#reader !== undefined) {
      return;
    }
    const sentBefore = this.#sentBytes();
    this.#reader = setTimeout(() => {
      this.#reader = undefined;
      if (this.#sentBytes() > sentBefore) {
        this.waitForReader();
      } else {
        this.#expiries.stalled();
      }
    }, this.#limits.stallMilliseconds).unref();
  }

  /** Destroys the socket where what waits cannot be sent soon. */
  letGo(): void {
    this.#farewell ??= setTimeout(() => this.#socket.destroy(), farewellMilliseconds).unref();
  }

  clear(): void {
    clearTimeout(this.#hello);
    clearTimeout(this.#frame);
    clearTimeout(this.#reader);
  }

  #sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #dataCame(): void {
    const isNew = this.#hasFrame || this.#frame === undefined;
    this.#hasFrame = false;
    if (this.#socket.destroyed || this.#socket.ipcBuffer === '') {
      clearTimeout(this.#frame);
      this.#frame = undefined;
    } else if (isNew) {
      clearTimeout(this.#frame);
      this.#frame = setTimeout(this.#expiries.unfinished, this.#limits.messageMilliseconds).unref();
    }
  }
}
