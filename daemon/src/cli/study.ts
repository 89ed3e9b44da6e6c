/** `tidemark study`: several models measured alike, and how they compare. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { settleSettings } from '../profiler/settings.ts';
import { runStudy, studyModels } from '../profiler/study.ts';
import type { StudyEvent } from '../profiler/study.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { runCommand } from './command.ts';
import type { Context } from './command.ts';
import { exitCodeOfRun } from './exit-codes.ts';
import { addLoopOptions, addOutputOptions, list } from './options.ts';
import type { LoopOptions, OutputOptions } from './options.ts';
import { requestOf, showLoop } from './profile.ts';
import { studyReport } from './study-report.ts';
import { checkNames, findSubject } from './subject.ts';

interface StudyOptions extends LoopOptions, OutputOptions {
  readonly models: readonly string[];
}

export function addStudyCommand(program: Command): void {
  const command = program
    .command('study')
    .summary('measure several models and compare them')
    .description(
      'Measures several models with the same text, voice and seed, each in a fresh process, one after the other, and ' +
        'compares their peaks with the bfloat16 one. A model that fails is recorded and does not stop the others.',
    )
    .optionsGroup('Measurement:')
    .addOption(
      new Option('--models <a,b,c>', 'names, repository ids or folders')
        .argParser(list)
        .default([...studyModels], studyModels.join(',')),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark study
  $ tidemark study --models bf16,4bit-fp32,4bit-bf16 --iterations 30
  $ tidemark study --text "Good morning." --json > study.json
`,
    );
  addLoopOptions(command);
  addOutputOptions(command).action((options: StudyOptions) =>
    runCommand(options, async (context) => {
      checkNames(options.models, options.voice);
      const settings = await settleSettings(await requestOf(options), context.signal);
      const document = await runStudy(options.models, settings, {
        find: (model) => findSubject(model, settings.voice, context),
        signal: context.signal,
        onEvent: showStudy(context, settings),
      });
      return {
        document,
        text: () => studyReport(document),
        exitCode: exitCodeOfRun(document.outcome === 'complete', context.signal),
      };
    }),
  );
}

function showStudy(context: Context, settings: ProfileSettings): (event: StudyEvent) => void {
  const { progress, report } = context;
  let showModel: ReturnType<typeof showLoop> | undefined;
  return (event) => {
    switch (event.kind) {
      case 'model-began':
        showModel = showLoop(context, `${event.model} (${event.place} of ${event.of})`, settings);
        break;
      case 'model-ended':
        progress.end();
        break;
      case 'model-failed':
        progress.end();
        progress.note(`${event.model} could not be measured:`);
        report(event.error);
        break;
      case 'loaded':
      case 'iteration':
      case 'ended-early':
        showModel?.(event);
        break;
    }
  };
}
