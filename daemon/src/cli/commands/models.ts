/** `tidemark models`: the catalog of models that Tidemark builds, their building and removal. */

import type { Command } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type { ModelsDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { listChoices, recipeNamed, removeModel } from '../../models/catalogue.ts';
import { resolveModel } from '../../models/resolve.ts';
import { dataFolder } from '../../paths.ts';
import { printResult } from '../command.ts';
import { addExamples } from '../program.ts';
import { column, figures, inMegabytes, tableOf } from '../reports/layout.ts';
import { modelOptions } from '../runs/subject.ts';

export function addModelsCommand(program: Command): void {
  const models = program
    .command('models')
    .summary('list, build, and remove the models that Tidemark builds')
    .description(
      'Manages the models that Tidemark builds on this machine from the packaged weights. Each is built when it is first used. ' +
        'Other commands also accept repository ids and folders; of those, models that are in the Hugging Face cache are listed.',
    );
  addExamples(models, [
    'tidemark models',
    'tidemark models build 4bit-bf16 8bit-bf16',
    'tidemark models remove fp32',
  ]);
  printResult(
    models
      .command('list', { isDefault: true })
      .summary('list the models (default)')
      .description('Lists the models, and whether each is built on this machine.'),
    async () => {
      const document = await documentOf({});
      return { document, text: () => catalogTable(document) };
    },
  );
  printResult(
    models
      .command('build')
      .summary('build models now')
      .description('Builds models now instead of when they are first used.')
      .argument('<names...>', 'names listed by `tidemark models`'),
    async (context, names: string[]) => {
      // All names, before anything is done for one of them.
      names.forEach(recipeNamed);
      for (const name of names) {
        await resolveModel(name, modelOptions(context));
      }
      const document = await documentOf({ built: names });
      return { document, text: () => names.map((name) => `Built ${name}.`).join('\n') };
    },
  );
  printResult(
    models
      .command('remove')
      .summary('delete built models')
      .description('Deletes built models. Each is built again when it is next used.')
      .argument('<names...>', 'names listed by `tidemark models`'),
    async (context, names: string[]) => {
      // All names, before anything is done for one of them.
      names.forEach(recipeNamed);
      const removed: { name: string; freedBytes: number }[] = [];
      for (const name of names) {
        removed.push({ name, freedBytes: await removeModel(name, modelOptions(context)) });
      }
      const document = await documentOf({ removed });
      return { document, text: () => removed.map(removalLine).join('\n') };
    },
  );
}

async function documentOf(done: Pick<ModelsDocument, 'built' | 'removed'>): Promise<ModelsDocument> {
  return { ...(await listChoices(dataFolder())), ...done };
}

function catalogTable({ models, downloaded = [], dataFolder: folder }: ModelsDocument): string {
  const states = {
    built: 'built',
    absent: 'not built',
    damaged: 'damaged, rebuilt when used',
  } as const;
  const table = tableOf(models, [
    column('model', ({ name }) => name),
    column('description', ({ description }) => description),
    figures('MB loaded', ({ tensorBytes }) => inMegabytes(tensorBytes)),
    column('state', ({ state }) => states[state]),
  ]);
  const fromHub =
    downloaded.length === 0
      ? ''
      : `\n\nIn the Hugging Face cache:\n${downloaded.map(({ repository, diskBytes }) => `  ${repository} (${formatBytes(diskBytes)})`).join('\n')}`;
  return `${table}${fromHub}\n\nBuilt models are in ${folder}. Commands that take a name also take a repository id (owner/name) or a folder.`;
}

const removalLine = ({ name, freedBytes }: { readonly name: string; readonly freedBytes: number }): string =>
  freedBytes === 0 ? `${name} was not built.` : `Removed ${name}; freed ${formatBytes(freedBytes)}.`;
