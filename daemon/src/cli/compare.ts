/** `tidemark compare A B`: whether B is worse than A, by more than noise; made for scripts and CI. */

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { compareDocuments } from '@tidemark/shared/analysis/comparison.ts';
import { defaultThreshold, leastTimeThreshold } from '@tidemark/shared/analysis/regression.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import { readRunDocument } from '../files/read-run-document.ts';
import { runCommand } from './command.ts';
import { comparisonReport } from './comparison-report.ts';
import { exitCodeOfComparison } from './exit-codes.ts';
import { addOutputOptions } from './options.ts';
import type { OutputOptions } from './options.ts';

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
    .argument('<a>', 'the profile or study before, as --json printed it; - for stdin')
    .argument('<b>', 'the one after')
    .optionsGroup('Comparison:')
    .addOption(
      new Option('--threshold <percent>', 'the difference from which it counts, as a share of A')
        .argParser(share)
        .default(defaultThreshold, percent(defaultThreshold)),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark compare before.json after.json
  $ tidemark compare main.json branch.json --threshold 5% --json > comparison.json

Exit codes: 0 nothing got worse, 3 something did, 1 the two cannot be compared.
`,
    );
  addOutputOptions(command).action((a: string, b: string, { threshold, ...options }: CompareOptions) =>
    runCommand(options, async () => {
      if (a === '-' && b === '-') {
        throw new TidemarkError('usage', 'Only one of the two can come on stdin.', {
          hint: 'Keep the other in a file.',
        });
      }
      const before = { file: nameOf(a), document: await readRunDocument(a) };
      const after = { file: nameOf(b), document: await readRunDocument(b) };
      const document = compareDocuments(before, after, threshold);
      return {
        document,
        text: () => comparisonReport(document),
        exitCode: exitCodeOfComparison(document.status),
      };
    }),
  );
}

const nameOf = (file: string): string => (file === '-' ? 'stdin' : file);

function percent(value: number): string {
  return formatPercent(value, { fractionDigits: 0 });
}

/** `2%` as 0.02. The sign is asked for, since 0.02 could be either. */
function share(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim());
  const number = match === null ? Number.NaN : Number(match[1]) / 100;
  if (!(number >= 0 && number <= 10)) {
    throw new InvalidArgumentError('Give a percentage from 0% to 1000%, as in 2%.');
  }
  return number;
}
