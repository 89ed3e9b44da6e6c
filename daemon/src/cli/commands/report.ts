/** `tidemark report RUN --out F.html`: a profile or a study as an HTML page, as a table, and its traces for other viewers. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { iterationsCsv } from '@tidemark/shared/report/csv.ts';
import { flameGraph } from '@tidemark/shared/report/flame-graph.ts';
import { renderReport } from '@tidemark/shared/report/report.ts';
import { traceEvents } from '@tidemark/shared/report/trace-events.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import type { FilePurpose } from '../../files/output-file.ts';
import { runCommand } from '../command.ts';
import { givenFile } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { issueForMlx } from '../reports/issue/issue.ts';
import {
  digitsNote,
  onlyOneFromStdin,
  readRunInput,
  runInputs,
  runReference,
} from '../runs/run-documents.ts';

interface ReportOptions {
  readonly out?: string;
  readonly beside?: string;
  readonly csv?: string;
  readonly trace?: string;
  readonly flameGraph?: string;
  readonly issue?: string;
  readonly json?: string | true;
  readonly verbose?: true;
}

interface Output extends FilePurpose {
  readonly path: string | undefined;
  readonly contentOf: (document: RunDocument, beside: readonly RunDocument[]) => string;
}

export function addReportCommand(program: Command): void {
  const command = program
    .command('report')
    .summary('write a run as an HTML page')
    .description(
      'Writes a profile, a study, or a watched program as one self-contained HTML file: the answer, the composition of the peak, the verdicts and ' +
        'their evidence, the iterations, and how they were measured. The page loads nothing from the network.',
    )
    .argument('<run>', runInputs, givenFile)
    .option('--out <file>', 'HTML file to write', givenFile)
    .option(
      '--beside <run>',
      'on the page, draw the trace of another run below, on the same scale (a file or a run number)',
      givenFile,
    )
    .option('--csv <file>', 'also write the iterations as CSV, one row per iteration', givenFile)
    .option(
      '--trace <file>',
      'write the trace of operations as Chrome trace events, which Perfetto opens',
      givenFile,
    )
    .option(
      '--flame-graph <file>',
      'write what is alive at the peak of the trace, by layer, for speedscope',
      givenFile,
    )
    .option(
      '--issue <file>',
      'write what this run shows of MLX (a leak, or the cost of its order of evaluation) as a bug report in Markdown, for you to read and send',
      givenFile,
    )
    .option(
      '--json [file]',
      'also write the document as JSON; without a file, print it on stdout instead of text',
      givenFile,
    )
    .option('--verbose', 'print stack traces when something fails')
    .action((input: string, { verbose, ...options }: ReportOptions) =>
      runCommand({ verbose, json: options.json === true || undefined }, async (context) => {
        const outputs = outputsOf(options);
        checkOutputs([input, ...(options.beside === undefined ? [] : [options.beside])], options, outputs);
        const document = await readRunInput(input, context);
        const beside = options.beside === undefined ? [] : [await readRunInput(options.beside, context)];
        for (const output of outputs) {
          await checkWritable(output.path, output);
        }
        // All of them before the first is written: what cannot be made of this run leaves nothing half done.
        const contents = outputs.map((output) => ({ output, content: output.contentOf(document, beside) }));
        const lines: string[] = [];
        for (const { output, content } of contents) {
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
      'tidemark report 12 --beside 15 --out traces.html',
      'tidemark report 12 --trace run-12.trace.json --flame-graph run-12.speedscope.json',
      'tidemark report study.json --issue mlx-issue.md',
      'tidemark profile bf16 --json | tidemark report - --out bf16.html --json bf16.json',
    ],
    digitsNote,
  );
}

type Chosen = Output & { readonly path: string };

function outputsOf({ out, csv, json, trace, flameGraph: flames, issue }: ReportOptions): Chosen[] {
  const outputs: readonly Output[] = [
    { path: out, what: 'The report', example: '--out report.html', contentOf: renderReport },
    { path: csv, what: 'The table', example: '--csv iterations.csv', contentOf: iterationsCsv },
    { path: trace, what: 'The trace', example: '--trace trace.json', contentOf: traceEvents },
    {
      path: flames,
      what: 'The flame graph',
      example: '--flame-graph peak.speedscope.json',
      contentOf: flameGraph,
    },
    { path: issue, what: 'The bug report', example: '--issue issue.md', contentOf: issueForMlx },
    {
      path: json === true ? undefined : json,
      what: 'The document',
      example: '--json document.json',
      contentOf: (document) => `${JSON.stringify(document, undefined, 2)}\n`,
    },
  ];
  return outputs.filter((output): output is Chosen => output.path !== undefined);
}

/** There is something to write, which must not replace an input, nor another output. */
function checkOutputs(
  inputs: readonly string[],
  { out, beside, json }: ReportOptions,
  outputs: readonly Chosen[],
): void {
  if (outputs.length === 0 && json === undefined) {
    throw new TidemarkError('usage', 'There is nothing to write: --out FILE is missing.', {
      hint: 'Give --out FILE for the page, or one of --csv, --trace, --flame-graph, --issue, and --json.',
    });
  }
  if (beside !== undefined && out === undefined) {
    throw new TidemarkError('usage', '--beside is for the page, and there is no --out FILE.', {
      hint: 'Add --out FILE, or leave out --beside.',
    });
  }
  if (inputs.length > 1 && inputs.every((input) => input === '-')) {
    throw onlyOneFromStdin();
  }
  const seen = new Set(
    inputs
      .filter((input) => input !== '-' && runReference(input) === undefined)
      .map((input) => resolve(input)),
  );
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
