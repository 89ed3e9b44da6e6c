/** `tidemark watch-python -- python my_script.py`: a person's own program, iteration by iteration, and what that says. */

import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type { WatchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import { iterationLabel } from '@tidemark/shared/format/work-words.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import { programName } from '../../profiler/probe-events.ts';
import { probeModule, watchProgram } from '../../profiler/watched-program.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
import { ProgramFailure } from '../exit-codes.ts';
import { givenFile } from '../given-names.ts';
import { widthOf } from '../output.ts';
import { addExamples } from '../program.ts';
import { watchedReport } from '../reports/watched-report.ts';
import { checkPage, keepPage } from '../runs/run-documents.ts';
import { keepMeasured } from '../runs/runs-transfer.ts';
import { numberBetween, wholeNumber } from '../values.ts';

interface WatchPythonOptions extends OutputOptions {
  readonly warmup: number;
  readonly every?: number;
  readonly out?: string;
  readonly report?: string;
  readonly local?: true;
}

const purpose = { what: 'The document', example: '--out watched.json' } as const;

export function addWatchPythonCommand(program: Command): void {
  const command = program
    .command('watch-python')
    .summary("watch a Python program's MLX memory, iteration by iteration")
    .description(
      'Runs a Python program that uses MLX, unchanged, and says at its end whether anything leaks and what its peak memory does. ' +
        'Iterations are those that the program marks with tidemark_probe; or else its calls of mx.clear_cache, or of mx.eval if ' +
        'it never clears the cache. The program keeps its input, output, and exit code; the report goes to stderr. If the ' +
        'daemon is running, the run is added to its history through it.',
    )
    .argument('<command...>', 'the command after --, beginning with the Python')
    .optionsGroup('Measurement:')
    .option('--warmup <n>', 'first iterations that are shown but not judged', wholeNumber(0, 1_000_000), 1)
    .option(
      '--every <seconds>',
      'sample on a timer instead: each interval counts as an iteration',
      numberBetween(0.01, 86_400),
    );
  addExamples(
    command,
    [
      'tidemark watch-python -- python my_script.py',
      'tidemark watch-python --report watched.html -- .venv/bin/python -m my_package --voice af_heart',
      'tidemark watch-python --every 5 --warmup 12 -- python server.py',
      'tidemark watch-python -o watched.json -- uv run my_script.py',
    ],
    'A script marks its iterations with `import tidemark_probe` and `for text in tidemark_probe.iterations(texts):`. A copy of ' +
      `that one file beside the script lets it also run without Tidemark: ${probeModule}`,
    'With --json, what the program prints goes to stderr, since stdout has the document.',
  );
  printResult(command, watchPython)
    .option('-o, --out <file>', 'also write the JSON document to a file', givenFile)
    .option('--report <file>', 'also write the run as an HTML page', givenFile)
    .optionsGroup('Daemon:')
    .option('--local', 'keep the run out of the history');
}

async function watchPython(
  context: Context,
  command: readonly string[],
  options: WatchPythonOptions,
): Promise<CommandResult> {
  const { warmup, every, out, report, json, local } = options;
  const { progress, signal } = context;
  await checkPage(report);
  if (out !== undefined) {
    await checkWritable(out, purpose);
  }
  context.sayOnStop('waiting for the program to end');
  const { watched, exitCode } = await watchProgram(command, {
    warmupIterations: warmup,
    everySeconds: every,
    isStdoutTaken: json,
    signal,
    onProgress: progressOf(context, programName(command)),
  });
  progress.end();
  if (watched instanceof TidemarkError) {
    throw new ProgramFailure(watched, exitCode);
  }
  if (json !== true) {
    progress.note(`\n${watchedReport(watched, widthOf(process.stderr))}\n`);
  }
  const isKept = [
    await keepDocument(out, watched, context),
    await keepPage(report, () => watched, context),
    local === true || (await keepInHistory(watched, context)),
  ].every(Boolean);
  return {
    document: watched,
    // The program's own output may be on stdout.
    text: () => '',
    exitCode: exitCode === 0 && !isKept ? 1 : exitCode,
  };
}

/** A line now and then, since the program writes to the same terminal. */
function progressOf({ progress }: Context, name: string): Parameters<typeof watchProgram>[1]['onProgress'] {
  let shown = 0;
  return ({ iterations }) => {
    const last = iterations.at(-1);
    if (last !== undefined && iterations.length > shown) {
      shown = iterations.length;
      const warmupIterations = iterations.filter(({ warmup }) => warmup).length;
      progress.note(
        `${name}: ${iterationLabel(last.index, warmupIterations)}, active ${formatBytes(last.activeBytes)}, ` +
          `peak ${formatBytes(last.peakBytes)}`,
      );
    }
  };
}

async function keepDocument(
  path: string | undefined,
  document: WatchDocument,
  { progress, report }: Context,
): Promise<boolean> {
  if (path === undefined) {
    return true;
  }
  try {
    await writeWhole(path, `${JSON.stringify(document, undefined, 2)}\n`, purpose);
  } catch (error) {
    report(error);
    return false;
  }
  progress.note(`Wrote the document to ${path}.`);
  return true;
}

/** What is measured stays measured: a history that cannot be written is reported. */
async function keepInHistory(document: WatchDocument, context: Context): Promise<boolean> {
  try {
    const id = await keepMeasured(document);
    context.progress.note(
      id === undefined ? 'The run is in the history.' : `The run is #${id} in the history.`,
    );
    return true;
  } catch (error) {
    context.report(error);
    return false;
  }
}
