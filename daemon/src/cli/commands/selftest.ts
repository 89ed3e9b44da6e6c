/** `tidemark selftest`: leaks planted on purpose, and whether the leak rule detects them. */

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fewestIterations } from '@tidemark/shared/analysis/leak-rule.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { plantKinds } from '@tidemark/shared/protocol/command-documents.ts';
import type { PlantKind } from '@tidemark/shared/protocol/command-documents.ts';
import { checkNames } from '../../models/voices.ts';
import { plantsOf, runSelftest, selftestDefaults } from '../../profiler/selftest.ts';
import type { SelftestOptions as SelftestRunOptions } from '../../profiler/selftest.ts';
import { mostIterations, settleSettings, speechDefaults } from '../../profiler/settings.ts';
import { printResult } from '../command.ts';
import type { Context, OutputOptions } from '../command.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { givenModel } from '../given-names.ts';
import { addMeasuredEngineOptions, engineFrom, modelWords } from '../options.ts';
import type { EngineOptions } from '../options.ts';
import { addExamples } from '../program.ts';
import { resultWords, selftestReport } from '../reports/selftest-report.ts';
import { showLoop } from '../runs/show-steps.ts';
import { findSubject, settleHere } from '../runs/subject.ts';
import { list, wholeNumber } from '../values.ts';

interface SelftestOptions extends EngineOptions, OutputOptions {
  readonly model: string;
  readonly iterations: number;
  readonly only: readonly PlantKind[];
}

export function addSelftestCommand(program: Command): void {
  const command = program
    .command('selftest')
    .summary('plant known leaks and check that they are detected')
    .description(
      'Plants leaks of known size in a real model host, one kind after the other, each in a separate process. Checks that the ' +
        'leak rule detects each one in the right place and at the right rate, and reports no false leaks. Takes a few minutes. ' +
        'Exits with 1 if any result differs from what is expected.',
    )
    .optionsGroup('Measurement:')
    .option('--model <model>', modelWords, givenModel, selftestDefaults.model)
    .option(
      '--iterations <n>',
      `number of measured iterations, at least ${fewestIterations}; if memory grows, twice as many are added`,
      wholeNumber(fewestIterations, mostIterations),
      selftestDefaults.iterations,
    )
    .addOption(
      new Option('--only <a,b,c>', `plant only these: ${plantKinds.join(', ')}`)
        .argParser(kinds)
        .default([...plantKinds], 'all'),
    );
  addMeasuredEngineOptions(command);
  addExamples(command, [
    'tidemark selftest',
    'tidemark selftest --model 4bit-bf16 --only native-malloc,nothing',
    'tidemark selftest --json > selftest.json',
  ]);
  printResult(command, async (context, options: SelftestOptions) => {
    const { voice, seed, speed } = speechDefaults;
    checkNames([options.model], voice);
    const { phonemes } = selftestDefaults;
    const engine = engineFrom(options);
    const chosen = plantsOf(engine.engine, options.only);
    const asked = await settleSettings(
      {
        ...engine,
        phonemes,
        voice,
        seed,
        speed,
        deterministic: false,
        iterations: options.iterations,
        warmupIterations: 1,
      },
      context.signal,
    );
    const { settings, request } = await settleHere(asked, engine, context);
    const subject = await findSubject(options.model, voice, context, request);
    const document = await runSelftest(chosen, subject, settings, {
      signal: context.signal,
      ...showSelftest(context, settings),
    });
    return {
      document,
      text: () => selftestReport(document),
      exitCode: exitCodeOfRun(document.outcome === 'passed', context.signal),
    };
  });
}

function kinds(value: string): PlantKind[] {
  return list(value).map((name) => {
    const kind = plantKinds.find((each) => each === name);
    if (kind === undefined) {
      throw new InvalidArgumentError(
        `There is no plant ${name}. Available plants: ${plantKinds.join(', ')}.`,
      );
    }
    return kind;
  });
}

function showSelftest(
  context: Context,
  settings: ProfileSettings,
): Pick<SelftestRunOptions, 'onPlant' | 'onResult' | 'onStep'> {
  let showPlant: OnStep | undefined;
  return {
    onPlant: ({ plant, place, of }) => {
      showPlant = showLoop(context, `${plant.kind} (${place} of ${of})`, settings);
    },
    onResult: (planted) => {
      const { plant, result, seconds, reason } = planted;
      const why = result === 'as-expected' ? '' : `. ${reason ?? ''}`;
      context.progress.end();
      context.progress.note(`${plant}: ${resultWords(planted)} in ${formatDuration(seconds)}${why}`);
    },
    onStep: (step, error) => showPlant?.(step, error),
  };
}
