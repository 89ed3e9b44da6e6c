/** `tidemark compare A B`: whether B is worse than A, by more than noise; made for scripts and CI. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { compareDocuments } from '@tidemark/shared/analysis/comparison.ts';
import { defaultThreshold, leastTimeThreshold } from '@tidemark/shared/analysis/regression.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { comparisonReport } from '../reports/comparison-report.ts';
import { nameOfInput, readRunInput, runInputs } from '../runs/run-documents.ts';
import { shareValue } from '../values.ts';

interface CompareOptions extends OutputOptions {
  readonly threshold: number;
}

export function addCompareCommand(program: Command): void {
  const command = program
    .command('compare')
    .summary('say whether a measurement got worse')
    .description(
      'Holds profile or study B against A and says of active memory, the peak and the time whether B is better, worse, the ' +
        'same, or whether nothing can be said. What counts lies beyond the noise of the iterations and beyond the ' +
        `threshold; for times that is at least ${percent(leastTimeThreshold)}, since they move with what else the machine does. ` +
        'Exits with 3 where anything got worse.',
    )
    .argument('<a>', `the profile or study before: ${runInputs}`)
    .argument('<b>', 'the one after')
    .optionsGroup('Comparison:')
    .addOption(
      new Option('--threshold <percent>', 'the difference from which it counts, as a share of A')
        .argParser(shareValue)
        .default(defaultThreshold, percent(defaultThreshold)),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark compare before.json after.json
  $ tidemark compare main.json branch.json --threshold 5% --json > comparison.json
  $ tidemark compare 12 15             runs of the history, as \`tidemark runs\` lists them
  $ tidemark compare 12 after.json

Digits alone are a run of the history; a file of such a name is ./12.

Exit codes: 0 nothing is shown to have got worse, which includes an inconclusive comparison (the last line and
--json's "status" tell the two apart); 3 something did; 1 the two cannot be compared.
`,
    );
  printResult(command, async (context, a: string, b: string, { threshold }: CompareOptions) => {
    if (a === '-' && b === '-') {
      throw new TidemarkError('usage', 'Only one of the two can come on stdin.', {
        hint: 'Keep the other in a file.',
      });
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
