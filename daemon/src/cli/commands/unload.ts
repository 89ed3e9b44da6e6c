/** `tidemark unload`: unloads the daemon's model and stops its host, which frees their memory. */

import type { Command } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { printResult } from '../command.ts';
import { cancelMilliseconds, withDaemon } from '../daemon-connection.ts';
import { addExamples } from '../program.ts';

export function addUnloadCommand(program: Command): void {
  const command = program
    .command('unload')
    .summary('unload the model and stop the model host')
    .description(
      "Unloads the daemon's model and stops the model host, which returns its memory to the system. Cancels `tidemark load` while " +
        'that is loading. Fails while a run is using the host. Requires a running daemon.',
    );
  addExamples(command, ['tidemark unload']);
  printResult(command, (context) =>
    withDaemon(context, async (daemon) => {
      const { host: before } = await daemon.call('status', {});
      const host = await daemon.call(
        'unload',
        {},
        { timeoutMilliseconds: cancelMilliseconds, signal: context.signal },
      );
      const document: HostDocument = { ...headOf('host'), host };
      return { document, text: () => unloadedWords(before) };
    }),
  );
}

function unloadedWords({ state, model, memory }: HostStatus): string {
  if (state === 'none') {
    return 'No model was loaded.';
  }
  const freed =
    memory === undefined ? '' : `; the host's footprint was ${formatBytes(memory.footprintBytes)}`;
  return `${model === undefined ? 'The host' : shortModel(model)} is unloaded${freed}.`;
}
