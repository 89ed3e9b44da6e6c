/** `tidemark load MODEL`: loads a model into the host that the daemon keeps. */

import type { Command } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { checkNames } from '../../models/voices.ts';
import { speechDefaults } from '../../profiler/settings.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { modelArgument } from '../options.ts';
import { shortModel } from '../reports/run-words.ts';
import { absoluteModel, absoluteVoice } from '../runs/subject.ts';

export function addLoadCommand(program: Command): void {
  const command = program
    .command('load')
    .summary("load a model into the daemon's host")
    .description(
      'Loads a model into the host that the daemon keeps, in the place of the one there, building or downloading it where that ' +
        'is needed. The next profile of it begins at once. Needs a daemon.',
    )
    .addArgument(modelArgument())
    .option('--voice <name>', 'the voice', speechDefaults.voice)
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark load 4bit-bf16
  $ tidemark load ./my-checkpoint --voice bf_emma
`,
    );
  printResult(command, (context, model: string, options: OutputOptions & { readonly voice: string }) => {
    checkNames([model], options.voice);
    context.sayOnStop('leaving the daemon to it');
    return withDaemon(context, async (daemon) => {
      context.progress.note(`Loading ${model}.`);
      const host = await daemon.call(
        'load',
        { model: absoluteModel(model), voice: absoluteVoice(options.voice) },
        { timeoutMilliseconds: 0, signal: context.signal },
      );
      const document: HostDocument = { ...headOf('host'), host };
      return { document, text: () => loadedWords(host) };
    });
  });
}

function loadedWords({ model = 'The model', voice, memory }: HostStatus): string {
  const withVoice = voice === undefined ? '' : ` with ${voice}`;
  return memory === undefined
    ? `${shortModel(model)}${withVoice} is loaded.`
    : `${shortModel(model)}${withVoice} is loaded: ${formatBytes(memory.activeBytes)} active, ` +
        `${formatBytes(memory.footprintBytes)} of footprint.`;
}
