/** `tidemark report RUN --out F.html`: a profile or a study as an HTML page, and its iterations as a table beside it. */

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
import { givenFile } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { digitsNote, readRunInput, runInputs, runReference } from '../runs/run-documents.ts';

interface ReportOptions {
  readonly out: string;
  readonly csv?: string;
  readonly json?: string | true;
  readonly verbose?: true;
}

interface Output extends FilePurpose {
  readonly path: string | undefined;
  readonly contentOf: (document: RunDocument) => string;
}

export function addReportCommand(program: Command): void {
  const command = program
    .command('report')
    .summary('write a profile or a study as an HTML page')
    .description(
      'Writes a profile or a study as one self-contained HTML file: the answer, the composition of the peak, the verdicts and ' +
        'their evidence, the iterations, and how they were measured. The page loads nothing from the network.',
    )
    .argument('<run>', runInputs, givenFile)
    .requiredOption('--out <file>', 'HTML file to write', givenFile)
    .option('--csv <file>', 'also write the iterations as CSV, one row per iteration', givenFile)
    .option(
      '--json [file]',
      'also write the document as JSON; without a file, print it on stdout instead of text',
      givenFile,
    )
    .option('--verbose', 'print stack traces when something fails')
    .action((input: string, { verbose, ...options }: ReportOptions) =>
      runCommand({ verbose, json: options.json === true || undefined }, async (context) => {
        const outputs = outputsOf(options);
        checkDistinct(input, outputs);
        const document = await readRunInput(input, context);
        for (const output of outputs) {
          await checkWritable(output.path, output);
        }
        const lines: string[] = [];
        for (const output of outputs) {
          const content = output.contentOf(document);
          await writeWhole(output.path, content, output);
          lines.push(`Wrote ${output.path} (${formatBytes(Buffer.byteLength(content))}).`);
        }
        if (options.json === true) {
          lines.forEach((line) => context.progress.note(line));
        }
        return { document, text: () => lines.join('\n') };
      }),
    );
  addExamples(
    command,
    [
      'tidemark report study.json --out study.html',
      'tidemark report run.json --out run.html --csv run.csv',
      'tidemark report 12 --out run-12.html',
      'tidemark profile bf16 --json | tidemark report - --out bf16.html --json bf16.json',
    ],
    digitsNote,
  );
}

type Chosen = Output & { readonly path: string };

function outputsOf({ out, csv, json }: ReportOptions): Chosen[] {
  const outputs: readonly Output[] = [
    { path: out, what: 'The report', example: '--out report.html', contentOf: renderReport },
    { path: csv, what: 'The table', example: '--csv iterations.csv', contentOf: iterationsCsv },
    {
      path: json === true ? undefined : json,
      what: 'The document',
      example: '--json document.json',
      contentOf: (document) => `${JSON.stringify(document, undefined, 2)}\n`,
    },
  ];
  return outputs.filter((output): output is Chosen => output.path !== undefined);
}

/** A report must not replace its input, nor two outputs each other. */
function checkDistinct(input: string, outputs: readonly Chosen[]): void {
  const seen = new Set(input === '-' || runReference(input) !== undefined ? [] : [resolve(input)]);
  for (const { path, what } of outputs) {
    if (seen.has(resolve(path)) && !path.startsWith('/dev/')) {
      throw new TidemarkError(
        'usage',
        `${what} cannot be written to “${path}”: this command already uses that file.`,
        {
          hint: 'Give each file a different name.',
        },
      );
    }
    seen.add(resolve(path));
  }
}
