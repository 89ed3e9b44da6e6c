/** `tidemark xray TARGET`: what a checkpoint is made of, by its headers alone. */

import type { Command } from 'commander';
import { xray } from '../../models/xray/xray.ts';
import { printResult } from '../command.ts';
import { xrayReport } from '../reports/xray-report.ts';
import { modelOptions } from '../runs/subject.ts';

export function addXrayCommand(program: Command): void {
  const command = program
    .command('xray')
    .summary('show what a checkpoint is made of, without loading it')
    .description(
      'Reads the headers of a checkpoint and shows its bytes by dtype and by part of the network, what is quantized and ' +
        'what is not, and the active memory to expect once it is loaded. Of a remote file only the header is fetched.',
    )
    .argument(
      '<model>',
      'a name that `tidemark models` lists, a repository id, a folder, or a .safetensors file',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark xray 4bit-fp32
  $ tidemark xray mlx-community/Kokoro-82M-4bit
  $ tidemark xray ./model.safetensors --json
`,
    );
  printResult(command, async (context, target: string) => {
    const document = await xray(target, modelOptions(context));
    return { document, text: () => xrayReport(document) };
  });
}
