/** What the daemon does for each method, as the socket server calls it. */

import type * as v from 'valibot';
import type { Method, methods, Result } from '@tidemark/shared/protocol/daemon/methods.ts';

export interface RequestContext {
  /** As it said in its handshake. */
  readonly client: { readonly name: string; readonly version: string };
  /** Aborted when the connection has ended: nobody hears the answer. */
  readonly signal: AbortSignal;
}

/** `hello` and `subscribe` are the server's own. Parameters are checked; results are sent as they are. */
export type Handlers = {
  readonly [M in Exclude<Method, 'hello' | 'subscribe'>]: (
    parameters: v.InferOutput<(typeof methods)[M]['parameters']>,
    context: RequestContext,
  ) => Result<M> | Promise<Result<M>>;
};
