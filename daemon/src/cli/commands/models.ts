/** `tidemark models`: the catalogue, and the making and removing of what is in it. */

import type { Command } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatTable } from '@tidemark/shared/format/table.ts';
import { modelsSchemaVersion } from '@tidemark/shared/protocol/models-document.ts';
import type { ModelsDocument } from '@tidemark/shared/protocol/models-document.ts';
import { listCatalogue, recipeNamed, removeModel } from '../../models/catalogue.ts';
import { resolveModel } from '../../models/resolve.ts';
import { dataFolder } from '../../paths.ts';
import { printResult } from '../command.ts';
import { inMegabytes } from '../reports/layout.ts';
import { modelOptions } from '../runs/subject.ts';

export function addModelsCommand(program: Command): void {
  const models = program
    .command('models')
    .summary('list, build and remove the models that Tidemark makes')
    .description(
      'The models that Tidemark makes on this machine from the packaged weights. Each is built when it is first used. ' +
        'Repository ids and folders can be given to the other commands without being listed here.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark models
  $ tidemark models build 4bit-bf16 8bit-bf16
  $ tidemark models remove fp32
`,
    );
  printResult(
    models
      .command('list', { isDefault: true })
      .description('List the catalogue, and what of it is on this machine.'),
    async () => {
      const document = await documentOf({});
      return { document, text: () => catalogueTable(document) };
    },
  );
  printResult(
    models
      .command('build')
      .description('Build models now rather than when they are first used.')
      .argument('<names...>', 'names of the catalogue'),
    async (context, names: string[]) => {
      // All names, before anything is done for one of them.
      names.forEach(recipeNamed);
      for (const name of names) {
        await resolveModel(name, modelOptions(context));
      }
      const document = await documentOf({ built: names });
      return { document, text: () => names.map((name) => `${name} is built.`).join('\n') };
    },
  );
  printResult(
    models
      .command('remove')
      .description('Delete models; they are built again when they are next used.')
      .argument('<names...>', 'names of the catalogue'),
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
  return {
    kind: 'models',
    schemaVersion: modelsSchemaVersion,
    dataFolder: dataFolder(),
    models: await listCatalogue(dataFolder()),
    ...done,
  };
}

function catalogueTable({ models, dataFolder: folder }: ModelsDocument): string {
  const states = {
    built: 'built',
    absent: 'not built yet',
    damaged: 'damaged, built anew when used',
  } as const;
  const table = formatTable(
    [
      { header: 'model' },
      { header: 'what it is' },
      { header: 'MB loaded', align: 'right' },
      { header: 'on this machine' },
    ],
    models.map(({ name, description, tensorBytes, state }) => [
      name,
      description,
      inMegabytes(tensorBytes),
      states[state],
    ]),
  );
  return `${table}\n\nBuilt models are in ${folder}. Repository ids (owner/name) and folders work wherever these names do.`;
}

const removalLine = ({ name, freedBytes }: { readonly name: string; readonly freedBytes: number }): string =>
  freedBytes === 0 ? `${name} was not there.` : `${name} is removed: ${formatBytes(freedBytes)} freed.`;
