/** `tidemark study`: several models measured alike, and how they compare. */

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import type { StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { engines } from '@tidemark/shared/protocol/workload.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import type { EngineRequest } from '../../host/python-environment.ts';
import { checkNames } from '../../models/voices.ts';
import { xray } from '../../models/xray/xray.ts';
import { dataFolder } from '../../paths.ts';
import { settleSettings } from '../../profiler/settings.ts';
import { runStudies } from '../../profiler/engine-studies.ts';
import { studyModels } from '../../profiler/study.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { addPlaceOptions, daemonForRun } from '../daemon-connection.ts';
import type { PlaceOptions } from '../daemon-connection.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { addLoopOptions, addMeasuredEngineOptions, enginesFrom, requestOf } from '../options.ts';
import type { EngineOptions, LoopOptions } from '../options.ts';
import { givenFile, givenModel } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { studyReport } from '../reports/study-report.ts';
import { addYesOption, announce, showPreparation } from '../runs/announce.ts';
import type { AnnounceOptions } from '../runs/announce.ts';
import { runByDaemon } from '../runs/remote-run.ts';
import { checkPage, keepPage } from '../runs/run-documents.ts';
import { showStudy } from '../runs/show-steps.ts';
import { findSubject, settleEngines } from '../runs/subject.ts';
import { list } from '../values.ts';

interface StudyOptions extends LoopOptions, EngineOptions, AnnounceOptions, OutputOptions, PlaceOptions {
  readonly models: readonly string[];
  readonly explain: boolean;
  readonly engines?: readonly EngineName[];
  readonly report?: string;
}

export function addStudyCommand(program: Command): void {
  const command = program
    .command('study')
    .summary('measure several models, compare them, and explain their peaks')
    .description(
      'Measures several models with the same text, voice, and seed, one after the other, each in a fresh process, and compares ' +
        'their peak memory with that of the bfloat16 model. Then changes one factor at a time (interventions) to determine what ' +
        'makes a quantized model peak higher. A model that fails is recorded and does not stop the others. If the daemon is ' +
        'running, it executes the study and keeps it in the history.',
    )
    .optionsGroup('Measurement:')
    .addOption(
      new Option('--models <a,b,c>', 'names, repository ids, or folders')
        .argParser((value) => list(value).map(givenModel))
        .default([...studyModels], studyModels.join(',')),
    )
    .option('--no-explain', 'only measure; skip the interventions on which the verdicts are based');
  addExamples(command, [
    'tidemark study',
    'tidemark study --models bf16,4bit-fp32,4bit-bf16 --iterations 30',
    'tidemark study --engine mlx-audio --phonemes "həlˈO."',
    'tidemark study --engines tidemark,mlx-audio --models bf16,4bit-fp32 --phonemes "həlˈO."',
    'tidemark study --report study.html',
    'tidemark study --text "Good morning." --json > study.json',
  ]);
  addMeasuredEngineOptions(addYesOption(addLoopOptions(command))).addOption(
    new Option(
      '--engines <a,b>',
      'ask the same of several engines, one after the other, and say whether they agree on the causes',
    ).argParser(engineList),
  );
  addPlaceOptions(command);
  printResult(command, async (context, options: StudyOptions) => {
    const { models, explain, report } = options;
    const { signal } = context;
    await checkPage(report);
    checkNames(models, options.voice);
    const asked = enginesFrom(options);
    const [only, ...others] = asked;
    const several = others.length === 0 ? undefined : asked;
    const request = await requestOf(options, several === undefined ? only : {});
    const settings = await settleSettings(request, signal, showPreparation(context.progress));
    await announce(settings, options, context);
    const show = (ofRun: ProfileSettings): OnStep => showStudy(context, ofRun);
    const parameters = {
      ...{ models: [...models], ...request, engines: undefined, explain },
      // The Python of one engine is in the request.
      ...(several === undefined ? {} : severalOf(several)),
    };
    await using daemon = await daemonForRun(options, context);
    for (const each of daemon === undefined ? [] : (several ?? [])) {
      // Before the run is queued: one that cannot be had is said at once.
      await daemon?.call('checkEngine', each, { timeoutMilliseconds: checkMilliseconds });
    }
    const here = async (): Promise<StudyDocument> => {
      const own = await settleEngines(settings, asked, context);
      return await runStudies(models, own, {
        find: (model) => findSubject(model, settings.voice, context),
        // Reads the headers of a model that is on this machine.
        examine: explain
          ? ({ model }) => xray(model.folder, { dataFolder: dataFolder(), signal })
          : undefined,
        signal,
        onStep: show(own[0]?.settings ?? settings),
      });
    };
    const document =
      daemon === undefined
        ? await here()
        : await runByDaemon(
            daemon,
            'study',
            { start: () => daemon.call('startStudy', parameters), show: () => show(settings) },
            context,
          );
    const isKept = await keepPage(report, () => document, context);
    const exitCode = exitCodeOfRun(document.outcome === 'complete', signal);
    return {
      document,
      text: () => studyReport(document),
      exitCode: exitCode === 0 && !isKept ? 1 : exitCode,
    };
  }).option('--report <file>', 'also write the study as an HTML page', givenFile);
}

/** A Python that has mlx-audio takes seconds to import it, on a busy machine many. */
const checkMilliseconds = 120_000;

/** What the daemon is told of several engines. */
const severalOf = (requests: readonly EngineRequest[]) => ({
  engines: requests.map(({ engine = 'tidemark' }) => engine),
  python: requests.find(({ python }) => python !== undefined)?.python,
});

const engineList = (value: string): EngineName[] =>
  list(value).map((name) => {
    const known = engines.find((each) => each === name);
    if (known === undefined) {
      throw new InvalidArgumentError(
        `There is no engine “${name}”. The engines are ${engines.join(' and ')}.`,
      );
    }
    return known;
  });
