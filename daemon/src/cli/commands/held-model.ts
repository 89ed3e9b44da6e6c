/** `tidemark load MODEL` and `tidemark unload`: the model in the host that the daemon keeps. */

import type { Command } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { checkNames } from '../../models/check-names.ts';
import { speechDefaults } from '../../profiler/settings.ts';
import { runCommand } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { addOutputOptions } from '../options.ts';
import type { OutputOptions } from '../options.ts';
import { absoluteModel, absoluteVoice } from '../runs/run-place.ts';
import { shortModel } from '../reports/run-words.ts';

export function addLoadCommand(program: Command): void {
  const command = program
    .command('load')
    .summary("load a model into the daemon's host")
    .description(
      'Loads a model into the host that the daemon keeps, in the place of the one there, building or downloading it where that ' +
        'is needed. The next profile of it begins at once. Needs a daemon.',
    )
    .argument('<model>', 'a name that `tidemark models` lists, a repository id (owner/name), or a folder')
    .option('--voice <name>', 'the voice', speechDefaults.voice)
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark load 4bit-bf16
  $ tidemark load ./my-checkpoint --voice bf_emma
`,
    );
  addOutputOptions(command).action((model: string, options: OutputOptions & { readonly voice: string }) =>
    runCommand(options, (context) => {
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
    }),
  );
}

export function addUnloadCommand(program: Command): void {
  const command = program
    .command('unload')
    .summary("end the daemon's host, which gives its memory back")
    .description(
      'Ends the host that the daemon keeps, which gives its memory back to the system. Is refused while a run uses it.',
    )
    .addHelpText('after', '\nExamples:\n  $ tidemark unload\n');
  addOutputOptions(command).action((options: OutputOptions) =>
    runCommand(options, (context) =>
      withDaemon(context, async (daemon) => {
        const { host: before } = await daemon.call('status', {});
        const host = await daemon.call('unload', {}, { timeoutMilliseconds: 60_000 });
        const document: HostDocument = { ...headOf('host'), host };
        return { document, text: () => unloadedWords(before) };
      }),
    ),
  );
}

function loadedWords({ model = 'The model', voice, memory }: HostStatus): string {
  const withVoice = voice === undefined ? '' : ` with ${voice}`;
  return memory === undefined
    ? `${shortModel(model)}${withVoice} is loaded.`
    : `${shortModel(model)}${withVoice} is loaded: ${formatBytes(memory.activeBytes)} active, ` +
        `${formatBytes(memory.footprintBytes)} of footprint.`;
}

function unloadedWords({ state, model, memory }: HostStatus): string {
  if (state === 'none') {
    return 'No model was loaded.';
  }
  const freed = memory === undefined ? '' : `; its process weighed ${formatBytes(memory.footprintBytes)}`;
  return `${model === undefined ? 'The host' : shortModel(model)} is unloaded${freed}.`;
}
