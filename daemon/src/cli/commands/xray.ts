/** `tidemark xray TARGET`: what a checkpoint contains, from its headers alone. */

import type { Command } from 'commander';
import { xray } from '../../models/xray/xray.ts';
import { printResult } from '../command.ts';
import { modelArgument } from '../options.ts';
import { addExamples } from '../program.ts';
import { xrayReport } from '../reports/xray-report.ts';
import { modelOptions } from '../runs/subject.ts';

export function addXrayCommand(program: Command): void {
  const command = program
    .command('xray')
    .summary('show what a checkpoint contains, without loading it')
    .description(
      'Reads the headers of a checkpoint and shows its bytes by dtype and by part of the network, which layers are quantized, ' +
        'and the active memory to expect after loading. For a remote file, downloads only the header.',
    )
    .addArgument(
      modelArgument('name listed by `tidemark models`, repository id, folder, or .safetensors file'),
    );
  addExamples(command, [
    'tidemark xray 4bit-fp32',
    'tidemark xray mlx-community/Kokoro-82M-4bit',
    'tidemark xray ./model.safetensors --json',
  ]);
  printResult(command, async (context, target: string) => {
    const document = await xray(target, modelOptions(context));
    return { document, text: () => xrayReport(document) };
  });
}
