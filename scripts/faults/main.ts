/**
 * Kills a real daemon at random system calls and lets its system calls fail, over a day's worth of runs, and compares what it
 * serves afterwards with a ledger of what it had acknowledged.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { figures, formatTable } from '@tidemark/shared/format/terminal.ts';
import { repositoryRoot } from '../../daemon/src/paths.ts';
import { tidemarkVersion } from '../../daemon/src/version.ts';
import { describeMachine, machineLine, runScript, wholeNumber } from '../bench/script.ts';
import type { Machine } from '../bench/script.ts';
import { checksOfADay } from './day.ts';
import { findingKinds as kinds, foundNothing } from './home-under-test.ts';
import type { Findings } from './home-under-test.ts';
import { straceVersion } from './injection.ts';
import { Draws } from './random.ts';
import { Rounds } from './rounds.ts';
import type { Round } from './rounds.ts';

const usage = `Usage: npm run faults -- [options]

  --kills N     number of times that the daemon is killed at a system call (default 200)
  --bursts N    number of bursts of errors (default 50)
  --checks N    number of runs in the history at the beginning (default ${checksOfADay}, a day with a check every 5 min)
  --seed N      repeats the draws of an earlier run (default: a new one, which is printed)
  --quick       8 kills and 5 bursts over 40 runs
  --keep        keep the folder with the history, the ledger, and the traces
  --json        print one JSON document on stdout
`;

interface Options {
  readonly kills: number;
  readonly bursts: number;
  readonly checks: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string' },
      bursts: { type: 'string' },
      checks: { type: 'string' },
      seed: { type: 'string' },
      quick: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const whole = (name: 'kills' | 'bursts' | 'checks' | 'seed', least: number, otherwise: number): number =>
    values[name] === undefined ? otherwise : wholeNumber(`--${name}`, values[name], least);
  return {
    kills: whole('kills', 0, quick ? 8 : 200),
    bursts: whole('bursts', 0, quick ? 5 : 50),
    checks: whole('checks', 1, quick ? 40 : checksOfADay),
    seed: whole('seed', 0, Math.floor(Math.random() * 2 ** 32)),
    keep: values.keep,
    json: values.json,
    help: values.help,
  };
}

interface FaultsDocument {
  readonly kind: 'faults';
  readonly startedAt: string;
  readonly machine: Machine;
  readonly versions: {
    readonly tidemark: string;
    readonly commit: string;
    readonly node: string;
    readonly strace: string;
  };
  readonly seed: number;
  readonly checks: number;
  readonly acknowledged: number;
  readonly seconds: number;
  readonly rounds: readonly Round[];
  /** After the last round: an orderly end. */
  readonly last: Findings;
}

async function measure(options: Options, note: (step: string) => void): Promise<FaultsDocument> {
  const { kills, bursts, checks, seed } = options;
  const strace = straceVersion();
  if (strace === undefined) {
    throw new TidemarkError('usage', 'There is no strace that can trace processes here.', {
      hint: 'Install it (`apt-get install strace`), and run this on Linux where ptrace is allowed.',
    });
  }
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new TidemarkError('interrupted', 'Interrupted.'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, interrupt);
  }
  const startedAt = new Date();
  const machine = describeMachine();
  const commit = commitHash();
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-faults-'));
  note(`Seed ${seed}${options.keep ? `; everything is kept in ${folder}` : ''}`);
  try {
    await using all = new Rounds(folder, new Draws(seed), checks);
    note('Counting the system calls of a daemon …');
    await all.countCalls();
    const rounds: Round[] = [];
    for (const [kind, wanted] of [
      ['kill', kills],
      ['burst', bursts],
    ] as const) {
      for (let done = 0, missed = 0; done < wanted;) {
        stop.signal.throwIfAborted();
        const round = kind === 'kill' ? await all.kill() : await all.burst();
        if (round.isMet || !foundNothing(round)) {
          rounds.push(round);
        }
        if (!round.isMet) {
          if (!foundNothing(round)) {
            note(lineOf(round, done, wanted));
          }
          missed += 1;
          if (missed > 20 + 2 * wanted) {
            throw new TidemarkError('internal', 'Too many of the drawn system calls do not come.');
          }
          continue;
        }
        done += 1;
        note(lineOf(round, done, wanted));
      }
    }
    stop.signal.throwIfAborted();
    const last = await all.finish();
    return {
      kind: 'faults',
      startedAt: startedAt.toISOString(),
      machine,
      versions: { tidemark: tidemarkVersion, commit, node: process.versions.node, strace },
      seed,
      checks,
      acknowledged: all.acknowledged,
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      rounds,
      last,
    };
  } catch (error) {
    // Ctrl-C in a terminal reaches the daemon too, and what a round makes of that is of no interest.
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    if (!options.keep) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

const commitHash = (): string =>
  execFileSync('git', ['-C', repositoryRoot, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();

function lineOf(round: Round, done: number, wanted: number): string {
  const { kind, phase, call, when, seconds } = round;
  const found = kinds.flatMap((name) => round[name].map((each) => `\n  ${name}: ${each}`));
  return `${kind} ${done} of ${wanted}: ${call} ${when}, ${phase}, ${seconds.toFixed(1)} s${found.join('')}`;
}

function formatReport({ machine, versions, rounds, last, ...document }: FaultsDocument): string {
  const row = (name: string, those: readonly Round[], all: readonly Findings[] = those): string[] => [
    name,
    String(those.length),
    String(new Set(those.map(({ call }) => call)).size),
    ...kinds.map((kind) => String(all.reduce((sum, each) => sum + each[kind].length, 0))),
  ];
  const table = formatTable(
    [
      { header: 'at' },
      figures('rounds'),
      figures('calls'),
      figures('lost'),
      figures('silent'),
      figures('processes left'),
      figures('files left'),
      figures('bad starts'),
      figures('bad ends'),
    ],
    [
      ...(['kill', 'burst'] as const).flatMap((kind) => {
        const those = rounds.filter((round) => round.kind === kind);
        const classes = [...new Set(those.map((round) => round.class))].sort();
        return [
          ...classes.map((name) =>
            row(
              name,
              those.filter((round) => round.class === name),
            ),
          ),
          row(kind === 'kill' ? 'all kills' : 'all bursts', those),
        ];
      }),
      row('all', rounds, [...rounds, last]),
    ],
  );
  return [
    `${rounds.length} rounds over ${document.checks} runs, ${document.acknowledged} acknowledgements, ` +
      `${Math.round(document.seconds)} s, seed ${document.seed}`,
    machineLine(machine),
    `Tidemark ${versions.tidemark} (${versions.commit}), Node ${versions.node}, strace ${versions.strace}`,
    '',
    table,
  ].join('\n');
}

await runScript({
  usage,
  parseOptions,
  measure,
  format: formatReport,
  isGood: ({ rounds, last }) => [...rounds, last].every(foundNothing),
});
