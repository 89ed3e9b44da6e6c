/** `tidemark report FILE --out F.html`: a profile or a study as one page, and its iterations as a table beside it. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { iterationsCsv } from '@tidemark/shared/report/csv.ts';
import { renderReport } from '@tidemark/shared/report/report.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import type { FilePurpose } from '../../files/output-file.ts';
import { runCommand } from '../command.ts';
import { readRunInput, runInputs, runReference } from '../runs/run-documents.ts';

interface ReportOptions {
  readonly out: string;
  readonly csv?: string;
  readonly json?: string;
  readonly verbose?: true;
}

export const reportFile: FilePurpose = { what: 'The report', example: '--out report.html' };

interface Output {
  readonly path: string;
  readonly purpose: FilePurpose;
  readonly contentOf: (document: RunDocument) => string;
}

export function addReportCommand(program: Command): void {
  program
    .command('report')
    .summary('show a profile or a study as a page')
    .description(
      'Makes one HTML file of a profile or a study: the answer, what the peak is made of, the verdicts with what they ' +
        'rest on, the iterations, and how it was measured. The file needs nothing but itself, and asks no one for anything.',
    )
    .argument('<run>', runInputs)
    .requiredOption('--out <file>', 'the HTML file to write')
    .option('--csv <file>', 'write the iterations as CSV too, one row each')
    .option('--json <file>', 'write the document as JSON too')
    .option('--verbose', 'say more where something fails')
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark report study.json --out study.html
  $ tidemark report run.json --out run.html --csv run.csv
  $ tidemark report 12 --out run-12.html
  $ tidemark profile bf16 --json | tidemark report - --out bf16.html --json bf16.json

Digits alone are a run of the history, as \`tidemark runs\` lists it; a file of such a name is ./12.
`,
    )
    .action((file: string, { verbose, ...options }: ReportOptions) =>
      // The option --json names a file here; the words on stdout are the same with it.
      runCommand(verbose === true ? { verbose } : {}, async (context) => {
        const outputs = outputsOf(options);
        checkDistinct(file, outputs);
        const document = await readRunInput(file, context);
        for (const { path, purpose } of outputs) {
          await checkWritable(path, purpose);
        }
        const lines: string[] = [];
        for (const { path, purpose, contentOf } of outputs) {
          const content = contentOf(document);
          await writeWhole(path, content, purpose);
          lines.push(`Wrote ${path} (${formatBytes(Buffer.byteLength(content))}).`);
        }
        return { document, text: () => lines.join('\n') };
      }),
    );
}

function outputsOf({ out, csv, json }: ReportOptions): Output[] {
  return [
    { path: out, purpose: reportFile, contentOf: renderReport },
    ...(csv === undefined
      ? []
      : [
          {
            path: csv,
            purpose: { what: 'The table', example: '--csv iterations.csv' },
            contentOf: iterationsCsv,
          },
        ]),
    ...(json === undefined
      ? []
      : [
          {
            path: json,
            purpose: { what: 'The document', example: '--json document.json' },
            contentOf: (document: RunDocument) => `${JSON.stringify(document, undefined, 2)}\n`,
          },
        ]),
  ];
}

/** A report must not replace what it was made of, nor two outputs each other. */
function checkDistinct(file: string, outputs: readonly Output[]): void {
  const seen = new Set(file === '-' || runReference(file) !== undefined ? [] : [resolve(file)]);
  for (const { path, purpose } of outputs) {
    if (seen.has(resolve(path)) && !path.startsWith('/dev/')) {
      const message = `${purpose.what} cannot be written to “${path}”, which names a file that is used already.`;
      throw new TidemarkError('usage', message, { hint: 'Give each file a name of its own.' });
    }
    seen.add(resolve(path));
  }
}
