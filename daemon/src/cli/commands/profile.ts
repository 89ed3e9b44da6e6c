/** `tidemark profile MODEL`: the memory of one model over many iterations. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ProfileParameters } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { granularities } from '@tidemark/shared/protocol/profile-document.ts';
import type {
  Granularity,
  ProfileDocument,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { traceOrders } from '@tidemark/shared/protocol/trace-document.ts';
import type { TraceOrder } from '@tidemark/shared/protocol/trace-document.ts';
import { checkNames } from '../../models/voices.ts';
import { profileModel } from '../../profiler/profile.ts';
import { profileDefaults, refuseOfEngine, settleSettings } from '../../profiler/settings.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { addPlaceOptions, daemonForRun } from '../daemon-connection.ts';
import type { PlaceOptions } from '../daemon-connection.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { asTyped } from '../given-names.ts';
import {
  addMeasuredEngineOptions,
  addLoopOptions,
  addMlxOptions,
  engineFrom,
  mlxFrom,
  modelArgument,
  requestOf,
} from '../options.ts';
import type { EngineOptions, LoopOptions, MlxOptions } from '../options.ts';
import { addExamples } from '../program.ts';
import { profileReport } from '../reports/profile-report.ts';
import { addYesOption, announce, showPreparation } from '../runs/announce.ts';
import type { AnnounceOptions } from '../runs/announce.ts';
import { runByDaemon } from '../runs/remote-run.ts';
import { showLoop } from '../runs/show-steps.ts';
import { findSubject, settleHere } from '../runs/subject.ts';
import { addStrategyOption, addWorkloadOptions, workloadFrom } from '../workload-options.ts';
import type { StrategyOptions, WorkloadOptions } from '../workload-options.ts';

interface ProfileOptions
  extends
    LoopOptions,
    WorkloadOptions,
    StrategyOptions,
    MlxOptions,
    EngineOptions,
    AnnounceOptions,
    OutputOptions,
    PlaceOptions {
  readonly attribute?: Granularity;
  readonly order?: TraceOrder;
  readonly fresh?: true;
}

export function addProfileCommand(program: Command): void {
  const command = program
    .command('profile')
    .summary('measure one model')
    .description(
      'Loads a model once, says the same text repeatedly, or the next of many texts, and shows for each iteration the active ' +
        'memory after it (garbage collected, cache cleared) and the peak memory during it. If the daemon is running, it ' +
        'executes the run in its loaded host, or in a new one if something of MLX is set, and keeps it in the history.',
    )
    .addArgument(modelArgument())
    .addOption(
      new Option(
        '--attribute <parts>',
        'after the measurement, evaluate one more iteration part by part, and show the memory of each part; with operations, trace ' +
          'each one and show what is alive at the peak',
      ).choices(granularities),
    )
    .addOption(
      new Option(
        '--order <order>',
        'with --attribute operations: evaluate in the order of MLX (default), depth first, or in all orders one after the other',
      ).choices(traceOrders),
    );
  addExamples(command, [
    'tidemark profile bf16',
    'tidemark profile bf16 --attribute stages',
    'tidemark profile 4bit-fp32 --attribute operations --order all',
    'tidemark profile 4bit-fp32 --iterations 50 --voice bf_emma',
    'tidemark profile bf16 --texts sentences.txt --keep-cache --cache-limit 512MB',
    'tidemark profile bf16 --strategy lean',
    'tidemark profile bf16 --ops-per-buffer 5 --bfs-width 1',
    'tidemark profile bf16 --engine mlx-audio',
    'tidemark profile ./my-checkpoint --phonemes "həlˈO." --json > run.json',
  ]);
  addYesOption(
    addLoopOptions(command, `${profileDefaults.iterations}, or the number of texts if that is greater`),
  );
  addMeasuredEngineOptions(addMlxOptions(addStrategyOption(addWorkloadOptions(command))));
  addPlaceOptions(command).option(
    '--fresh',
    "measure in a new process instead of the daemon's loaded host; without a daemon, always the case",
  );
  printResult(command, async (context, model: string, options: ProfileOptions) => {
    const { voice, attribute, order, fresh } = options;
    checkNames([model], voice);
    if (order !== undefined && attribute !== 'operations') {
      throw new TidemarkError(
        'bad-input',
        'Only operations are traced in an order, and --attribute does not ask for them.',
        {
          hint: 'Add --attribute operations, or leave --order out.',
        },
      );
    }
    const mlx = mlxFrom(options);
    const engine = engineFrom(options);
    refuseOfEngine({ ...engine, attribute });
    const workload = { ...(await workloadFrom(options)), ...engine };
    const request = await requestOf(options, mlx === undefined ? workload : { ...workload, mlx });
    const settings = await settleSettings(request, context.signal, showPreparation(context.progress));
    await announce(settings, options, context);
    const show = (ofRun: ProfileSettings): OnStep => showLoop(context, asTyped(model), ofRun);
    const parameters: ProfileParameters = {
      model,
      ...request,
      attribute,
      order,
      host: fresh === true ? 'fresh' : undefined,
    };
    await using daemon = await daemonForRun(options, context);
    const here = async (): Promise<ProfileDocument> => {
      const { signal } = context;
      const own = await settleHere(settings, engine, context);
      const subject = await findSubject(model, voice, context, own.request);
      return await profileModel(subject, own.settings, {
        signal,
        attribute,
        order,
        onStep: show(own.settings),
      });
    };
    const document =
      daemon === undefined
        ? await here()
        : await runByDaemon(
            daemon,
            'profile',
            { start: () => daemon.call('startProfile', parameters), show: () => show(settings) },
            context,
          );
    return {
      document,
      text: () => profileReport(document),
      exitCode: exitCodeOfRun(document.outcome.status === 'complete', context.signal),
    };
  });
}
