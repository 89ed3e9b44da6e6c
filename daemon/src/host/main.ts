/** The model host's process: answers its parent's requests one at a time, and ends with it. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { hostRequest } from './messages.ts';
import type { HostFailure, HostMessage, HostRequest } from './messages.ts';
import type { HostSession } from './session.ts';

// Ctrl-C in a terminal reaches the whole process group. The parent decides what becomes of the host; its SIGTERM does end
// it, in the midst of native work too, since nothing handles that.
process.on('SIGINT', () => undefined);

// The channel closes when the parent lets go of it, or ends before libmlx is loaded; see endWithParent for later.
process.on('disconnect', () => process.exit());

if (process.send === undefined) {
  process.stderr.write('This is the model host, which `tidemark` starts. Run `tidemark --help` instead.\n');
  process.exit(2);
}

await serve();

async function serve(): Promise<void> {
  let session: HostSession;
  try {
    // Here and not above, so that a missing addon is a message to the parent rather than a stack.
    const { HostSession } = await import('./session.ts');
    const { endWithParent } = await import('../mlx/process.ts');
    endWithParent(Number(process.argv[2]));
    session = new HostSession();
    await send({ type: 'ready', description: session.describe() });
  } catch (error) {
    await send({ type: 'unusable', failure: toFailure(error) });
    process.exit();
  }
  let queue = Promise.resolve();
  process.on('message', (message) => {
    const request = v.parse(hostRequest, message);
    queue = queue.then(() => respond(session, request));
  });
}

async function respond(session: HostSession, request: HostRequest): Promise<void> {
  let message: HostMessage;
  try {
    message = { type: 'result', id: request.id, result: await answer(session, request) };
  } catch (error) {
    message = { type: 'failure', id: request.id, failure: toFailure(error) };
  }
  await send(message);
}

async function answer(session: HostSession, request: HostRequest): Promise<unknown> {
  switch (request.method) {
    case 'memory':
      return session.memory();
    case 'phonemes':
      // The text front end is the program's, and not a model host's.
      return {};
    case 'load':
      return session.load(request.parameters);
    case 'resetCache':
      return session.resetCache(request.parameters);
    case 'iterate':
      return session.iterate(request.parameters);
    case 'synthesize':
      return session.synthesize(request.parameters);
    case 'durations':
      return session.durations(request.parameters);
    case 'attribute':
      return session.attribute(request.parameters);
    case 'plant':
      return session.plant(request.parameters);
    case 'layerTransients':
      return session.layerTransients(request.parameters.tokens);
    case 'heapSites':
      return [];
    case 'unresetSequence':
      return session.unresetSequence(request.parameters);
  }
}

/** Settles when the message is on its way. A parent that has gone cannot be told; `disconnect` follows. */
function send(message: HostMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

function toFailure(error: unknown): HostFailure {
  return { ...toErrorRecord(asOutOfMemory(error)), stack: error instanceof Error ? error.stack : undefined };
}

/** MLX's allocators throw a runtime_error like any other; only its words tell. */
function asOutOfMemory(error: unknown): unknown {
  const isAllocation =
    error instanceof Error &&
    !(error instanceof TidemarkError) &&
    /unable to allocate|out of memory|insufficient memory|maximum allowed buffer size|bad_alloc/i.test(
      error.message,
    );
  return isAllocation
    ? new TidemarkError('out-of-memory', `MLX could not allocate the memory it needs: ${error.message}`, {
        hint: 'Close other programs, or use a shorter text or a smaller model.',
        cause: error,
      })
    : error;
}
