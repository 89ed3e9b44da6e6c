/** `tidemark study`: several models measured alike, and how they compare. */

import { Option } from 'commander';
import type { Command } from 'commander';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import type { StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { checkNames } from '../../models/voices.ts';
import { xray } from '../../models/xray/xray.ts';
import { dataFolder } from '../../paths.ts';
import type { Subject } from '../../profiler/profile.ts';
import { settleSettings } from '../../profiler/settings.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';
import { runStudy, studyModels } from '../../profiler/study.ts';
import { printResult } from '../command.ts';
import type { Context, OutputOptions } from '../command.ts';
import { addPlaceOptions, daemonForRun } from '../daemon-connection.ts';
import type { PlaceOptions } from '../daemon-connection.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { addLoopOptions, requestOf } from '../options.ts';
import type { LoopOptions } from '../options.ts';
import { addExamples } from '../program.ts';
import { keptNote } from '../reports/run-words.ts';
import { studyReport } from '../reports/study-report.ts';
import { documentOf, followToEnd } from '../runs/remote-run.ts';
import { checkPage, keepPage } from '../runs/run-documents.ts';
import { showStudy } from '../runs/show-steps.ts';
import { absoluteModel, findSubject, loopParameters } from '../runs/subject.ts';
import { list } from '../values.ts';

interface StudyOptions extends LoopOptions, OutputOptions, PlaceOptions {
  readonly models: readonly string[];
  readonly explain: boolean;
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
        .argParser(list)
        .default([...studyModels], studyModels.join(',')),
    )
    .option('--no-explain', 'only measure; skip the interventions on which the verdicts are based');
  addExamples(command, [
    'tidemark study',
    'tidemark study --models bf16,4bit-fp32,4bit-bf16 --iterations 30',
    'tidemark study --report study.html',
    'tidemark study --text "Good morning." --json > study.json',
  ]);
  addLoopOptions(command);
  addPlaceOptions(command);
  printResult(command, async (context, options: StudyOptions) => {
    await checkPage(options.report);
    checkNames(options.models, options.voice);
    const request = await requestOf(options);
    const asked = { request, settings: await settleSettings(request, context.signal), options };
    await using daemon = await daemonForRun(options, context);
    const document =
      daemon === undefined ? await studyHere(asked, context) : await studyThere(daemon, asked, context);
    const isKept = await keepPage(options.report, () => document, context);
    const exitCode = exitCodeOfRun(document.outcome === 'complete', context.signal);
    return {
      document,
      text: () => studyReport(document),
      exitCode: exitCode === 0 && !isKept ? 1 : exitCode,
    };
  }).option('--report <file>', 'also write the study as an HTML page');
}

interface Asked {
  readonly request: ProfileRequest;
  readonly settings: ProfileSettings;
  readonly options: Pick<StudyOptions, 'models' | 'explain'>;
}

/** In hosts of this process. */
const studyHere = (
  { settings, options: { models, explain } }: Asked,
  context: Context,
): Promise<StudyDocument> =>
  runStudy(models, settings, {
    find: (model) => findSubject(model, settings.voice, context),
    examine: explain ? examineWith(context) : undefined,
    signal: context.signal,
    onStep: showStudy(context, settings),
  });

/** By the daemon, which keeps the run. */
async function studyThere(
  daemon: DaemonClient,
  { request, settings, options: { models, explain } }: Asked,
  context: Context,
): Promise<StudyDocument> {
  const detail = await followToEnd(
    daemon,
    {
      start: () =>
        daemon.call('startStudy', { models: models.map(absoluteModel), ...loopParameters(request), explain }),
      onStep: showStudy(context, settings),
    },
    context,
  );
  context.progress.end();
  const document = documentOf(detail, context);
  context.progress.note(keptNote(detail.record));
  if (document.kind !== 'study') {
    throw new TidemarkError(
      'internal',
      `Run #${detail.record.id} is a study, but its document is a profile.`,
    );
  }
  return document;
}

/** Reads the headers of a model that is on this machine. */
const examineWith =
  ({ signal }: Context) =>
  ({ model }: Subject) =>
    xray(model.folder, { dataFolder: dataFolder(), signal });
