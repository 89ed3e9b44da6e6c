/** `tidemark unload`: stops the host that the daemon keeps, and frees its memory. */

import type { Command } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { printResult } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { shortModel } from '../reports/run-words.ts';

export function addUnloadCommand(program: Command): void {
  const command = program
    .command('unload')
    .summary("end the daemon's host, which gives its memory back")
    .description(
      'Ends the host that the daemon keeps, which gives its memory back to the system. Is refused while a run uses it.',
    )
    .addHelpText('after', '\nExamples:\n  $ tidemark unload\n');
  printResult(command, (context) =>
    withDaemon(context, async (daemon) => {
      const { host: before } = await daemon.call('status', {});
      const host = await daemon.call('unload', {}, { timeoutMilliseconds: 60_000 });
      const document: HostDocument = { ...headOf('host'), host };
      return { document, text: () => unloadedWords(before) };
    }),
  );
}

function unloadedWords({ state, model, memory }: HostStatus): string {
  if (state === 'none') {
    return 'No model was loaded.';
  }
  const freed = memory === undefined ? '' : `; its process weighed ${formatBytes(memory.footprintBytes)}`;
  return `${model === undefined ? 'The host' : shortModel(model)} is unloaded${freed}.`;
}
