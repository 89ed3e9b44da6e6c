/** The daemon's side of the frames: reads requests, writes answers and events, and turns what is no frame into a message. */

import { AssuredParser } from 'node-ipc/parsers';
import type { IncomingMessage, ParserConfiguration } from 'node-ipc/parsers';
import { requestParser, responseParser } from '@tidemark/shared/client/framing.ts';
import { wireEvents, wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';

/** Handed over for what cannot be read, its data being the error. No peer can send it: it is not among the allowed. */
export const faultEvent = 'tidemark.fault';

/**
 * node-ipc makes one for each server from its configuration; the limits are the protocol's. node-ipc destroys a
 * connection without a word when a frame is bad, and throws out of the socket's listener, so out of the process, what is
 * not its own kind of error; here both become a {@link faultEvent}.
 */
export class ServerParser extends AssuredParser {
  readonly #requests = requestParser();
  readonly #responses = responseParser();

  constructor(configuration: ParserConfiguration) {
    super({
      delimiter: configuration.delimiter,
      maxMessageSize: wireLimits.requestBytes,
      maxPendingBytes: wireLimits.pendingBytes,
      maxEventNameLength: 64,
      messageTimeout: 0,
      allowReservedEvents: false,
      allowedEvents: [wireEvents.request],
    });
  }

  override encode(type: string, data: unknown): string {
    return this.#responses.encode(type, data);
  }

  override read(buffer: string, data: string, receive: (message: IncomingMessage) => void): string {
    try {
      return this.#requests.read(buffer, data, receive);
    } catch (error) {
      receive({ type: faultEvent, data: error });
      return '';
    }
  }
}
