/** `tidemark profile MODEL`: the memory of one model over many iterations. */

import { Option } from 'commander';
import type { Command } from 'commander';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ProfileDocument, ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { checkNames } from '../../models/voices.ts';
import { profileModel } from '../../profiler/profile.ts';
import { settleSettings } from '../../profiler/settings.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';
import { printResult } from '../command.ts';
import type { Context, OutputOptions } from '../command.ts';
import { addPlaceOptions, daemonForRun } from '../daemon-connection.ts';
import type { PlaceOptions } from '../daemon-connection.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { addLoopOptions, modelArgument, requestOf } from '../options.ts';
import type { LoopOptions } from '../options.ts';
import { addExamples } from '../program.ts';
import { profileReport } from '../reports/profile-report.ts';
import { keptNote } from '../reports/run-words.ts';
import { documentOf, followToEnd } from '../runs/remote-run.ts';
import { showLoop } from '../runs/show-steps.ts';
import { absoluteModel, findSubject, loopParameters } from '../runs/subject.ts';

interface ProfileOptions extends LoopOptions, OutputOptions, PlaceOptions {
  readonly attribute?: 'stages' | 'layers';
  readonly fresh?: true;
}

export function addProfileCommand(program: Command): void {
  const command = program
    .command('profile')
    .summary('measure one model')
    .description(
      'Loads a model once, says the same text repeatedly, and shows for each iteration the active memory after it (garbage ' +
        'collected, cache cleared) and the peak memory during it. If the daemon is running, it executes the run in its loaded ' +
        'host and keeps it in the history.',
    )
    .addArgument(modelArgument())
    .addOption(
      new Option(
        '--attribute <parts>',
        'after the measurement, evaluate one more iteration part by part, and show the memory of each part',
      ).choices(['stages', 'layers']),
    );
  addExamples(command, [
    'tidemark profile bf16',
    'tidemark profile bf16 --attribute stages',
    'tidemark profile 4bit-fp32 --iterations 50 --voice bf_emma',
    'tidemark profile ./my-checkpoint --phonemes "həlˈO." --json > run.json',
  ]);
  addLoopOptions(command);
  addPlaceOptions(command).option(
    '--fresh',
    "measure in a new process instead of the daemon's loaded host; without a daemon, always the case",
  );
  printResult(command, async (context, model: string, options: ProfileOptions) => {
    checkNames([model], options.voice);
    const request = await requestOf(options);
    const asked = { model, request, settings: await settleSettings(request, context.signal), options };
    await using daemon = await daemonForRun(options, context);
    const document =
      daemon === undefined ? await profileHere(asked, context) : await profileThere(daemon, asked, context);
    return {
      document,
      text: () => profileReport(document),
      exitCode: exitCodeOfRun(document.outcome.status === 'complete', context.signal),
    };
  });
}

interface Asked {
  readonly model: string;
  readonly request: ProfileRequest;
  readonly settings: ProfileSettings;
  readonly options: Pick<ProfileOptions, 'attribute' | 'fresh'>;
}

/** In a host of this process. */
async function profileHere({ model, settings, options }: Asked, context: Context): Promise<ProfileDocument> {
  const subject = await findSubject(model, settings.voice, context);
  return await profileModel(subject, settings, {
    signal: context.signal,
    attribute: options.attribute,
    onStep: showLoop(context, model, settings),
  });
}

/** By the daemon, which keeps the run. */
async function profileThere(
  daemon: DaemonClient,
  { model, request, settings, options: { attribute, fresh } }: Asked,
  context: Context,
): Promise<ProfileDocument> {
  const detail = await followToEnd(
    daemon,
    {
      start: () =>
        daemon.call('startProfile', {
          model: absoluteModel(model),
          ...loopParameters(request),
          attribute,
          host: fresh === true ? 'fresh' : undefined,
        }),
      onStep: showLoop(context, model, settings),
    },
    context,
  );
  context.progress.end();
  const document = documentOf(detail, context);
  context.progress.note(keptNote(detail.record));
  if (document.kind !== 'profile') {
    throw new TidemarkError(
      'internal',
      `Run #${detail.record.id} is a profile, but its document is a study.`,
    );
  }
  return document;
}
