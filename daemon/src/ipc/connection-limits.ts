/** What one connection may use of the daemon, besides the sizes that the protocol sets, and the timers that enforce it. */

import type { Socket } from 'node:net';
import { wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import { guarded, later } from '../background.ts';

export interface ConnectionLimits {
  /** How long a new connection may take to say hello. */
  readonly helloMilliseconds: number;
  /** How long the rest of a frame may take. */
  readonly messageMilliseconds: number;
  /** How long a client may read nothing of what is pending for it. */
  readonly stallMilliseconds: number;
  /** Bytes pending for a client, beyond which no more of its requests are handled and no status is sent to it. */
  readonly behindBytes: number;
  /** Bytes of events since a client had last read all; beyond that it is let go. */
  readonly eventBytes: number;
  /** Requests that are not answered yet; more are refused. */
  readonly requestsInFlight: number;
  /** Requests that are handled before other connections have their turn. */
  readonly requestsPerTurn: number;
}

export const connectionLimits: ConnectionLimits = {
  helloMilliseconds: wireLimits.helloMilliseconds,
  messageMilliseconds: wireLimits.messageMilliseconds,
  stallMilliseconds: 30_000,
  behindBytes: 1024 * 1024,
  eventBytes: 512 * 1024,
  requestsInFlight: 64,
  requestsPerTurn: 16,
};

/** How long the last answer of a connection that is being ended may take. */
const farewellMilliseconds = 1000;

interface Expiries {
  readonly noHello: () => void;
  readonly unfinished: () => void;
  readonly stalled: () => void;
}

export class ConnectionTimers {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #expiries: Expiries;
  readonly #hello: NodeJS.Timeout;
  #frame: NodeJS.Timeout | undefined;
  #reader: NodeJS.Timeout | undefined;
  #farewell: NodeJS.Timeout | undefined;

  constructor(socket: Socket, limits: ConnectionLimits, expiries: Expiries) {
    this.#socket = socket;
    this.#limits = limits;
    this.#expiries = expiries;
    this.#hello = later(
      'ending a client without a handshake',
      limits.helloMilliseconds,
      expiries.noHello,
    ).unref();
    socket.on(
      'drain',
      guarded('watching a client read', () => {
        clearTimeout(this.#reader);
        this.#reader = undefined;
      }),
    );
    socket.on(
      'close',
      guarded('ending a connection', () => clearTimeout(this.#farewell)),
    );
  }

  helloReceived(): void {
    clearTimeout(this.#hello);
  }

  /** After a piece of data: whether it ended a frame, and whether it ends within one. Each frame has its own time. */
  dataReceived({ endedFrame, isMidFrame }: { endedFrame: boolean; isMidFrame: boolean }): void {
    if (endedFrame || !isMidFrame) {
      clearTimeout(this.#frame);
      this.#frame = undefined;
    }
    if (isMidFrame) {
      this.#frame ??= later(
        'ending a client with an unfinished message',
        this.#limits.messageMilliseconds,
        this.#expiries.unfinished,
      ).unref();
    }
  }

  /** Something is pending. Each time that the limit has passed, some of it must have been sent. */
  waitForReader(): void {
    if (this.#reader !== undefined) {
      return;
    }
    const sentBefore = this.#sentBytes();
    this.#reader = later('watching a client read', this.#limits.stallMilliseconds, () => {
      this.#reader = undefined;
      if (this.#sentBytes() > sentBefore) {
        this.waitForReader();
      } else {
        this.#expiries.stalled();
      }
    }).unref();
  }

  /** Destroys the socket if what is pending cannot be sent soon. */
  destroySoon(): void {
    this.#farewell ??= later('ending a connection', farewellMilliseconds, () =>
      this.#socket.destroy(),
    ).unref();
  }

  clear(): void {
    clearTimeout(this.#hello);
    clearTimeout(this.#frame);
    clearTimeout(this.#reader);
  }

  #sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }
}
