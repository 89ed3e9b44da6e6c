/** Options that several commands share, and the reading of their values. */

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { mostIterations, profileDefaults, speechDefaults, speedRange } from '../profiler/settings.ts';

export interface OutputOptions {
  readonly json?: true;
  readonly verbose?: true;
}

export interface SpeechOptions {
  readonly phonemes?: string;
  readonly voice: string;
  readonly seed: number;
  readonly deterministic?: true;
  readonly speed: number;
}

export interface LoopOptions extends SpeechOptions {
  readonly text?: string;
  readonly iterations: number;
  readonly warmup: number;
}

export function addOutputOptions(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .option('--json', 'print one JSON document on stdout, and nothing else there')
    .option('--verbose', 'say more where something fails: stacks, and the last words of a model host');
}

export function addSpeechOptions(command: Command): Command {
  return command
    .optionsGroup('Speech:')
    .option('--phonemes <ipa>', "say these phonemes instead of a text, in Kokoro's symbols")
    .option('--voice <name>', 'the voice; its first letter is its language', speechDefaults.voice)
    .option('--seed <n>', "where MLX's random numbers begin", wholeNumber(0), speechDefaults.seed)
    .option('--deterministic', 'leave the random part of the excitation out')
    .addOption(
      new Option('--speed <factor>', `from ${speedRange.minimum} to ${speedRange.maximum}`)
        .argParser(speed)
        .default(speechDefaults.speed),
    );
}

export function addLoopOptions(command: Command): Command {
  command
    .optionsGroup('Measurement:')
    .option(
      '--iterations <n>',
      'measured iterations',
      wholeNumber(1, mostIterations),
      profileDefaults.iterations,
    )
    .option(
      '--warmup <n>',
      'iterations before them, shown and left out of the summary',
      wholeNumber(0, mostIterations),
      profileDefaults.warmupIterations,
    );
  return addSpeechOptions(
    command
      .optionsGroup('Speech:')
      .option(
        '--text <text>',
        `what is said in each iteration, \`-\` for standard input (default: ${JSON.stringify(profileDefaults.text)})`,
      ),
  );
}

/** Reads a whole number within bounds; anything else is an error of usage. */
export function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (value: string) => number {
  const range =
    maximum === Number.MAX_SAFE_INTEGER
      ? `a whole number from ${minimum}`
      : `a whole number from ${minimum} to ${maximum.toLocaleString('en-US')}`;
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < minimum || number > maximum) {
      throw new InvalidArgumentError(`Give ${range}.`);
    }
    return number;
  };
}

function speed(value: string): number {
  const factor = value.trim() === '' ? Number.NaN : Number(value);
  if (!(factor >= speedRange.minimum && factor <= speedRange.maximum)) {
    throw new InvalidArgumentError(`Give a number from ${speedRange.minimum} to ${speedRange.maximum}.`);
  }
  return factor;
}

/** `a,b, c` as a list without empty items. */
export function list(value: string): string[] {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) {
    throw new InvalidArgumentError('Give at least one, separated by commas.');
  }
  return items;
}
