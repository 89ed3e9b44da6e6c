/** The parser of both sides' frames: node-ipc's assured one, with limits of their own for each direction. */

import { AssuredParser } from 'node-ipc/parsers';
import { wireEvents, wireLimits } from '../protocol/daemon/wire.ts';

const common = {
  delimiter: '\f',
  maxPendingBytes: wireLimits.pendingBytes,
  maxEventNameLength: 64,
  messageTimeout: wireLimits.messageMilliseconds,
  allowReservedEvents: false,
  allowedEvents: Object.values(wireEvents),
} as const;

/** For what clients send. */
export const requestParser = (): AssuredParser =>
  new AssuredParser({ ...common, maxMessageSize: wireLimits.requestBytes });

/** For what the daemon sends. */
export const responseParser = (): AssuredParser =>
  new AssuredParser({ ...common, maxMessageSize: wireLimits.responseBytes });
