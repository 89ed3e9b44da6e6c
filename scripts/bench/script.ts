/** What the benchmarks and the soak share: their options, how they print their results and errors, and the machine that they ran on. */

import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';

export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of the last minute, when it is asked: a busy machine is no place to measure time. */
  readonly loadAverage: number;
}

export const describeMachine = (): Machine => ({
  platform: `${platform()} ${release()}`,
  architecture: arch(),
  processor: cpus()[0]?.model.trim() ?? 'an unknown processor',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  loadAverage: loadavg()[0] ?? 0,
});

/** In a line, as a report begins. */
export const machineLine = ({
  processor,
  cores,
  memoryBytes,
  platform: system,
  architecture,
  loadAverage,
}: Machine): string =>
  `${processor}, ${cores} cores, ${formatBytes(memoryBytes, { unit: 'GiB', fractionDigits: 0 })}, ` +
  `${system} ${architecture}, load ${loadAverage.toFixed(2)}`;

/** Throws a TidemarkError, 'bad-input'. */
export function wholeNumber(name: string, given: string, least: number): number {
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TidemarkError(
      'bad-input',
      `${name} must be a whole number of at least ${least}, not ${given}.`,
    );
  }
  return value;
}

export interface Script<Options extends { readonly help: boolean; readonly json: boolean }, Document> {
  readonly usage: string;
  readonly parseOptions: () => Options;
  /** `note` tells a person which step begins. */
  readonly measure: (options: Options, note: (step: string) => void) => Promise<Document>;
  readonly format: (document: Document, options: Options) => string;
  /** Whether what was measured is as it should be. */
  readonly isGood: (document: Document) => boolean;
}

/** Prints a document as text or JSON, and sets the exit code: 1 for an error, and for a document that is not good. */
export async function runScript<Options extends { readonly help: boolean; readonly json: boolean }, Document>(
  script: Script<Options, Document>,
): Promise<void> {
  try {
    const options = script.parseOptions();
    if (options.help) {
      process.stdout.write(script.usage);
      return;
    }
    const document = await script.measure(options, (step) => process.stderr.write(`${step}\n`));
    process.stdout.write(
      `${options.json ? JSON.stringify(document, undefined, 2) : script.format(document, options)}\n`,
    );
    process.exitCode = script.isGood(document) ? 0 : 1;
  } catch (error) {
    if (error instanceof TidemarkError) {
      process.stderr.write(`${[error.message, error.hint].filter(Boolean).join(' ')}\n`);
    } else if (
      error instanceof TypeError &&
      'code' in error &&
      String(error.code).startsWith('ERR_PARSE_ARGS')
    ) {
      process.stderr.write(`${error.message}\n`);
    } else {
      throw error;
    }
    process.exitCode = 1;
  }
}
