/** `tidemark compare A B`: whether B is worse than A by more than noise, for scripts and CI. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { compareDocuments } from '@tidemark/shared/analysis/comparison.ts';
import { defaultThreshold, leastTimeThreshold } from '@tidemark/shared/analysis/regression.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { givenFile } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { comparisonReport } from '../reports/comparison-report.ts';
import { digitsNote, nameOfInput, onlyOneFromStdin, readRunInput, runInputs } from '../runs/run-documents.ts';
import { shareValue } from '../values.ts';

interface CompareOptions extends OutputOptions {
  readonly threshold: number;
}

export function addCompareCommand(program: Command): void {
  const command = program
    .command('compare')
    .summary('check whether a measurement got worse')
    .description(
      'Compares profile or study B with A, and classifies the change in active memory, peak memory, and time as better, worse, ' +
        'same, or inconclusive. A change counts if it exceeds both the noise of the iterations and the threshold. For times the ' +
        `threshold is at least ${percent(leastTimeThreshold)}, because they also depend on what else the machine is doing. ` +
        'Exits with 3 if anything got worse.',
    )
    .argument('<a>', `profile or study from before the change: ${runInputs}`, givenFile)
    .argument('<b>', 'profile or study from after the change, given in the same ways', givenFile)
    .optionsGroup('Comparison:')
    .addOption(
      new Option('--threshold <percent>', 'smallest difference that counts, as a percentage of A')
        .argParser(shareValue)
        .default(defaultThreshold, percent(defaultThreshold)),
    );
  addExamples(
    command,
    [
      'tidemark compare before.json after.json',
      'tidemark compare main.json branch.json --threshold 5% --json > comparison.json',
      'tidemark compare 12 15             compare runs listed by `tidemark runs`',
      'tidemark compare 12 after.json',
    ],
    digitsNote,
    'Exit codes: 0 nothing was shown to have got worse, including an inconclusive comparison (the last line and the "status" ' +
      'field of --json tell them apart); 3 something got worse; 1 the two cannot be compared.',
  );
  printResult(command, async (context, a: string, b: string, { threshold }: CompareOptions) => {
    if (a === '-' && b === '-') {
      throw onlyOneFromStdin();
    }
    const before = { file: nameOfInput(a), document: await readRunInput(a, context) };
    const after = { file: nameOfInput(b), document: await readRunInput(b, context) };
    const document = compareDocuments(before, after, threshold);
    return {
      document,
      text: () => comparisonReport(document),
      // A code of its own, so that a script can tell a regression from a comparison that failed.
      exitCode: document.status === 'worse' ? 3 : 0,
    };
  });
}

function percent(value: number): string {
  return formatPercent(value, { fractionDigits: 0 });
}
