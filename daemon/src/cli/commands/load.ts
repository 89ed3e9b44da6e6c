/** `tidemark load MODEL`: loads a model into the daemon's host. */

import type { Command } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { checkNames } from '../../models/voices.ts';
import { speechDefaults } from '../../profiler/settings.ts';
import { printResult } from '../command.ts';
import { cancelMilliseconds, waitOrCancel, withDaemon } from '../daemon-connection.ts';
import { asTyped, givenVoice } from '../given-names.ts';
import { modelArgument } from '../options.ts';
import { addExamples } from '../program.ts';

export function addLoadCommand(program: Command): void {
  const command = program
    .command('load')
    .summary("load a model into the daemon's model host")
    .description(
      "Loads a model into the daemon's model host, in place of the loaded one, so that its next profile starts at once. Builds or " +
        'downloads the model first if necessary. Ctrl-C and `tidemark unload` cancel it. Requires a running daemon.',
    )
    .addArgument(modelArgument())
    .option('--voice <name>', 'voice to load with it', givenVoice, speechDefaults.voice);
  addExamples(command, ['tidemark load 4bit-bf16', 'tidemark load ./my-checkpoint --voice bf_emma']);
  printResult(command, (context, model: string, { voice }: { readonly voice: string }) => {
    checkNames([model], voice);
    return withDaemon(context, async (daemon) => {
      context.progress.note(`Loading ${asTyped(model)}.`);
      context.sayOnStop('canceling the load');
      const host = await waitOrCancel(
        () => daemon.call('load', { model, voice }, { timeoutMilliseconds: 0 }),
        () => daemon.call('unload', {}, { timeoutMilliseconds: cancelMilliseconds }),
        context,
      );
      const document: HostDocument = { ...headOf('host'), host };
      return { document, text: () => loadedWords(host) };
    });
  });
}

function loadedWords({ model = 'The model', voice, memory }: HostStatus): string {
  const figures =
    memory === undefined
      ? '.'
      : `: ${formatBytes(memory.activeBytes)} active, ${formatBytes(memory.footprintBytes)} footprint.`;
  return `${shortModel(model)}${voice === undefined ? '' : ` with ${voice}`} is loaded${figures}`;
}
