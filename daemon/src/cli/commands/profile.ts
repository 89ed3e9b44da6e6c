/** `tidemark profile MODEL`: the memory of one model over many iterations. */

import { Option } from 'commander';
import type { Command } from 'commander';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import type { ProfileDocument, ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { checkNames } from '../../models/voices.ts';
import { iterationLabel } from '../../profiler/loop.ts';
import { profileModel } from '../../profiler/profile.ts';
import type { ProfileEvent } from '../../profiler/profile.ts';
import { settleSettings } from '../../profiler/settings.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';
import { printResult } from '../command.ts';
import type { Context, OutputOptions } from '../command.ts';
import { addPlaceOptions, daemonForRun } from '../daemon-connection.ts';
import type { PlaceOptions } from '../daemon-connection.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { addLoopOptions, modelArgument, requestOf } from '../options.ts';
import type { LoopOptions } from '../options.ts';
import { loadNote, sampleDetail } from '../progress.ts';
import { profileReport } from '../reports/profile-report.ts';
import { keptNote } from '../reports/run-words.ts';
import { showRemoteProfile } from '../runs/remote-progress.ts';
import { documentOf, followRun } from '../runs/remote-run.ts';
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
      'Loads a model once, says a fixed text again and again, and shows for each iteration the active memory after ' +
        'it (garbage collected, cache cleared) and the peak during it. Where a daemon runs, it measures, in the host ' +
        'that it keeps, and its history has the run.',
    )
    .addArgument(modelArgument())
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
  addPlaceOptions(command).option(
    '--fresh',
    'let the daemon measure in a new process rather than in the host that it keeps; without a daemon it is one anyway',
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
    onEvent: showLoop(context, model, settings),
  });
}

/** By the daemon, which keeps the run. */
async function profileThere(
  daemon: DaemonClient,
  { model, request, settings, options: { attribute, fresh } }: Asked,
  context: Context,
): Promise<ProfileDocument> {
  const detail = await followRun(
    daemon,
    {
      start: () =>
        daemon.call('startProfile', {
          model: absoluteModel(model),
          ...loopParameters(request),
          attribute,
          host: fresh === true ? 'fresh' : undefined,
        }),
      onProgress: showRemoteProfile(context, showLoop(context, model, settings)),
    },
    context,
  );
  context.progress.end();
  const document = documentOf(detail, context);
  context.progress.note(keptNote(detail.record));
  if (document.kind !== 'profile') {
    throw new TidemarkError('internal', `Run #${detail.record.id} is a profile, and its document a study.`);
  }
  return document;
}

/** A listener that shows loading, iterations, and what ended them early. */
export function showLoop(
  { progress, report, signal }: Context,
  title: string,
  { iterations, warmupIterations }: Pick<ProfileSettings, 'iterations' | 'warmupIterations'>,
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
