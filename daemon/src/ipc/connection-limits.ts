/** What one connection may take of the daemon, besides the sizes that the protocol sets. */

import { wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';

export interface ConnectionLimits {
  /** How long a new connection may take to say hello. */
  readonly helloMilliseconds: number;
  /** How long the rest of a frame may take. */
  readonly messageMilliseconds: number;
  /** How long a client may read nothing of what waits for it. */
  readonly stallMilliseconds: number;
  /** Bytes that wait for a client, beyond which nothing more of its is worked on and no status is told. */
  readonly behindBytes: number;
  /** Requests that are not answered yet; more are refused. */
  readonly requestsInFlight: number;
  /** Requests that are worked on before other connections have their turn. */
  readonly requestsPerTurn: number;
}

export const connectionLimits: ConnectionLimits = {
  helloMilliseconds: wireLimits.helloMilliseconds,
  messageMilliseconds: wireLimits.messageMilliseconds,
  stallMilliseconds: 30_000,
  behindBytes: 1024 * 1024,
  requestsInFlight: 64,
  requestsPerTurn: 16,
};
