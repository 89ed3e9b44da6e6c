/** `tidemark tune MODEL`: the peak against time, over settings of MLX's. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { checkNames } from '../../models/voices.ts';
import { settleSettings } from '../../profiler/settings.ts';
import { runTuning, tuneDefaults } from '../../profiler/tune.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { givenFile } from '../given-names.ts';
import { addLoopOptions, modelArgument, requestOf } from '../options.ts';
import type { LoopOptions } from '../options.ts';
import { addExamples } from '../program.ts';
import { tuneReport } from '../reports/tune-report.ts';
import { addYesOption, announce, showPreparation } from '../runs/announce.ts';
import type { AnnounceOptions } from '../runs/announce.ts';
import { checkPage, keepPage } from '../runs/run-documents.ts';
import { findSubject } from '../runs/subject.ts';
import { bytesValue, list, wholeNumber } from '../values.ts';

interface TuneCommandOptions extends LoopOptions, AnnounceOptions, OutputOptions {
  readonly opsPerBuffer?: number[];
  readonly bfsWidth?: number[];
  readonly memoryLimit?: number[];
  readonly rounds: number;
  readonly report?: string;
}

/** Values with commas between them, or `none`. */
const values =
  (read: (value: string) => number) =>
  (value: string): number[] =>
    value.trim() === 'none' ? [] : [...new Set(list(value).map(read))];

const counts = values(wholeNumber(1, 1_000_000));

export function addTuneCommand(program: Command): void {
  const command = program
    .command('tune')
    .summary('find the MLX settings with the best trade of memory for time')
    .description(
      'Measures the peak memory and the time of one model with different settings of MLX: operations per command buffer of a GPU, ' +
        'the width of evaluation, and memory limits. Each setting gets a new process in each round, and the best of each kind are ' +
        'measured together in the end. Names the best trade: the lowest product of peak and time. Any program that uses MLX can ' +
        'be started with the same variables. The daemon is not used; other work on the machine disturbs the times.',
    )
    .addArgument(modelArgument())
    .optionsGroup('Settings:')
    .addOption(
      new Option(
        '--ops-per-buffer <a,b>',
        'values of MLX_MAX_OPS_PER_BUFFER, or none (default: 1,2,5,10,20,50 on a GPU, none on the CPU)',
      ).argParser(counts),
    )
    .addOption(
      new Option('--bfs-width <a,b>', 'values of MLX_BFS_MAX_WIDTH, or none (default: 1,2,5)').argParser(
        counts,
      ),
    )
    .addOption(
      new Option(
        '--memory-limit <a,b>',
        "memory limits such as 250MB,300MB, or none (default: 3 between active memory and MLX's own peak)",
      ).argParser(values(bytesValue)),
    )
    .optionsGroup('Measurement:')
    .option(
      '--rounds <n>',
      'how often each setting is measured, in a new process',
      wholeNumber(1, 100),
      tuneDefaults.rounds,
    );
  addExamples(command, [
    'tidemark tune bf16',
    'tidemark tune bf16 --report tune.html',
    'tidemark tune 4bit-bf16 --bfs-width 1 --memory-limit none --iterations 10',
    'tidemark tune bf16 --json > tune.json',
  ]);
  addYesOption(addLoopOptions(command, String(tuneDefaults.iterations)));
  printResult(command, async (context, model: string, options: TuneCommandOptions) => {
    const { voice, report, rounds, opsPerBuffer, bfsWidth, memoryLimit } = options;
    const { signal, progress } = context;
    await checkPage(report);
    checkNames([model], voice);
    const request = await requestOf({
      ...options,
      iterations: options.iterations ?? tuneDefaults.iterations,
    });
    const settings = await settleSettings(request, signal, showPreparation(progress));
    await announce(settings, options, context);
    const subject = await findSubject(model, voice, context);
    const all = settings.warmupIterations + settings.iterations;
    let [done, total, where] = [0, 0, ''];
    const document = await runTuning(subject, settings, {
      rounds,
      values: { opsPerBuffer, bfsWidth, memoryLimitBytes: memoryLimit },
      signal,
      onHost: ({ setting, round, place, of }) => {
        done = (place - 1) * all;
        where = `${setting}, round ${round}`;
        if (total !== of * all) {
          total = of * all;
          progress.begin({ title: `Tuning ${subject.model.name}`, total, lineShare: 1 / of });
        }
        progress.advance(done, where);
      },
      onStep: (step) => {
        if (step.kind === 'iteration') {
          progress.advance(done + step.sample.index + 1, where);
        }
      },
      onFailure: (setting, error) => {
        progress.note(`${setting} could not be measured.`);
        context.report(error);
      },
    });
    progress.end();
    const isKept = await keepPage(report, () => document, context);
    return {
      document,
      text: () => tuneReport(document),
      exitCode: document.failures.length === 0 && isKept ? 0 : 1,
    };
  }).option('--report <file>', 'also write the curve as an HTML page', givenFile);
}
