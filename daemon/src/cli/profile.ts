/** `tidemark profile MODEL`: the memory of one model over many iterations. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { checkNames } from '../models/check-names.ts';
import { iterationLabel } from '../profiler/loop.ts';
import { profileModel } from '../profiler/profile.ts';
import type { ProfileEvent } from '../profiler/profile.ts';
import { profileDefaults, settleSettings } from '../profiler/settings.ts';
import type { ProfileRequest } from '../profiler/settings.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { runCommand } from './command.ts';
import type { Context } from './command.ts';
import { exitCodeOfRun } from './exit-codes.ts';
import { addLoopOptions, addOutputOptions } from './options.ts';
import type { LoopOptions, OutputOptions } from './options.ts';
import { profileReport } from './profile-report.ts';
import { loadNote, sampleDetail } from './progress.ts';
import { findSubject } from './subject.ts';
import { textFrom } from './text-input.ts';

interface ProfileOptions extends LoopOptions, OutputOptions {
  readonly attribute?: 'stages' | 'layers';
}

export function addProfileCommand(program: Command): void {
  const command = program
    .command('profile')
    .summary('measure one model')
    .description(
      'Loads a model once, says a fixed text again and again, and shows for each iteration the active memory after ' +
        'it (garbage collected, cache cleared) and the peak during it.',
    )
    .argument('<model>', 'a name that `tidemark models` lists, a repository id (owner/name), or a folder')
    .addOption(
      new Option(
        '--attribute <borders>',
        'after the loop, speak once more evaluating at each border, and say what each part took',
      ).choices(['stages', 'layers']),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark profile bf16
  $ tidemark profile bf16 --attribute stages
  $ tidemark profile 4bit-fp32 --iterations 50 --voice bf_emma
  $ tidemark profile ./my-checkpoint --phonemes "həlˈO." --json > run.json
`,
    );
  addLoopOptions(command);
  addOutputOptions(command).action((model: string, options: ProfileOptions) =>
    runCommand(options, async (context) => {
      checkNames([model], options.voice);
      const settings = await settleSettings(await requestOf(options), context.signal);
      const subject = await findSubject(model, settings.voice, context);
      const document = await profileModel(subject, settings, {
        signal: context.signal,
        attribute: options.attribute,
        onEvent: showLoop(context, model, settings),
      });
      return {
        document,
        text: () => profileReport(document),
        exitCode: exitCodeOfRun(document.outcome.status === 'complete', context.signal),
      };
    }),
  );
}

/** The options of the loop as the profiler's request. */
export async function requestOf({
  text,
  phonemes,
  warmup,
  deterministic,
  ...rest
}: LoopOptions): Promise<ProfileRequest> {
  return {
    ...rest,
    text: (await textFrom(text)) ?? (phonemes === undefined ? profileDefaults.text : undefined),
    phonemes,
    warmupIterations: warmup,
    deterministic: deterministic ?? false,
  };
}

/** A listener that shows loading, iterations, and what ended them early. */
export function showLoop(
  { progress, report, signal }: Context,
  title: string,
  { iterations, warmupIterations }: ProfileSettings,
): (event: ProfileEvent) => void {
  const total = warmupIterations + iterations;
  let confirmations = 0;
  return (event) => {
    switch (event.kind) {
      case 'loaded':
        progress.note(loadNote(title, event.load));
        progress.begin({ title, total });
        break;
      case 'iteration': {
        const { index, warmup } = event.sample;
        const label = iterationLabel(index, warmupIterations);
        progress.advance(
          index + 1,
          sampleDetail(label, warmup ? warmupIterations : iterations, event.sample),
        );
        if (index + 1 === total) {
          progress.end();
        }
        break;
      }
      case 'confirming': {
        const names = new Intl.ListFormat('en-GB').format(
          event.channels.map((channel) => channelNames[channel]),
        );
        confirmations = event.iterations;
        progress.note(
          `${title}: rising: ${names}; ${confirmations} more iterations will tell whether it goes on.`,
        );
        progress.begin({ title, total: confirmations });
        break;
      }
      case 'confirmation':
        progress.advance(
          event.place,
          sampleDetail(`confirmation ${event.place}`, confirmations, event.sample),
        );
        if (event.place === confirmations) {
          progress.end();
        }
        break;
      case 'attributing':
        progress.note(`${title}: once more, evaluating at each border`);
        break;
      case 'ended-early':
        progress.end();
        // That the person stopped it is said already.
        if (!signal.aborted) {
          report(event.error);
        }
        break;
    }
  };
}
