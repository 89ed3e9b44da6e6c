/** The parsers of both sides' frames: node-ipc's assured one, with event names and limits for each direction. */

// Whoever imports this needs the types too, and their package has none.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference
/// <reference path="./node-ipc-parsers.d.ts" preserve="true" />

import { AssuredParser, IPCProtocolError } from 'node-ipc/parsers';
import type { IncomingMessage } from 'node-ipc/parsers';
import { wireEvents, wireLimits } from '../protocol/daemon/wire.ts';

const delimiter = '\f';

const common = {
  delimiter,
  maxPendingBytes: wireLimits.pendingBytes,
  maxEventNameLength: 64,
  // Only node-ipc's own server and client read this one. The daemon's timer starts again with each frame.
  messageTimeout: 0,
  allowReservedEvents: false,
} as const;

/**
 * An assured parser that collects the pieces of a frame without looking at them again: node-ipc's own measures and searches
 * everything received whenever more arrives, so a frame of 16 MiB would take a second, and one sent byte by byte 2 GB of
 * reading.
 */
class FrameParser extends AssuredParser {
  readonly #maximumLength: number;

  constructor(allowedEvents: readonly string[], maxMessageSize: number) {
    super({ ...common, allowedEvents, maxMessageSize });
    this.#maximumLength = maxMessageSize;
  }

  override read(buffer: string, data: string, receive: (message: IncomingMessage) => void): string {
    if (data.includes(delimiter)) {
      return super.read(buffer, data, receive);
    }
    // A string has at most as many UTF-16 units as bytes in UTF-8; the bytes are counted when the frame is whole.
    if (buffer.length + data.length > this.#maximumLength) {
      throw new IPCProtocolError('ERR_IPC_FRAME_TOO_LARGE', 'message exceeds maxMessageSize');
    }
    return buffer + data;
  }
}

/** For what clients send. */
export const requestParser = (): AssuredParser =>
  new FrameParser([wireEvents.request], wireLimits.requestBytes);

/** For what the daemon sends. */
export const responseParser = (): AssuredParser =>
  new FrameParser([wireEvents.response, wireEvents.event], wireLimits.responseBytes);
