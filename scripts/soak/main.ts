/** A soak: a real daemon does scheduled checks of a real model for half an hour, and the leak rule judges both processes. */

import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { judgeChannel } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { fewestIterations, leakRule } from '@tidemark/shared/analysis/leak-rule.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { figures, formatTable } from '@tidemark/shared/format/terminal.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { ChannelVerdict, LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { resolveModel } from '../../daemon/src/models/resolve.ts';
import { dataFolder } from '../../daemon/src/paths.ts';
import { tidemarkVersion } from '../../daemon/src/version.ts';
import { DaemonUnderTest } from '../bench/daemon-under-test.ts';
import { describeMachine, machineLine, runScript, wholeNumber } from '../bench/script.ts';
import type { Machine } from '../bench/script.ts';

const usage = `Usage: npm run soak -- [options]

  --minutes N      duration (default 34; the rule needs 32 checks); a check starts every minute
  --model NAME     (default bf16)
  --iterations N   number of iterations in each check (default 10)
  --text TEXT      (default: Good morning.)
  --json           print one JSON document on stdout
`;

/** The first checks fill what later ones find filled: V8's code, SQLite's pages, the allocator's arenas. */
const warmUpChecks = 2;

/** As many as the rule needs for its first look, and for its second. */
const leastChecks = warmUpChecks + (1 + leakRule.confirmationFactor) * fewestIterations;

/** What each check leaves behind. */
interface Reading {
  readonly at: string;
  readonly daemonBytes: number;
  readonly hostBytes: number;
  readonly activeBytes: number;
  readonly peakBytes: number;
}

interface Options {
  readonly minutes: number;
  readonly model: string;
  readonly iterations: number;
  readonly text: string;
  readonly json: boolean;
  readonly help: boolean;
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '34' },
      model: { type: 'string', default: 'bf16' },
      iterations: { type: 'string', default: '10' },
      text: { type: 'string', default: 'Good morning.' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    ...values,
    minutes: Number(values.minutes),
    iterations: wholeNumber('--iterations', values.iterations, 1),
  };
}

interface Soak {
  readonly kind: 'soak';
  readonly machine: Machine;
  readonly model: string;
  readonly text: string;
  readonly readings: readonly Reading[];
  readonly verdicts: readonly Judged[];
}

async function soak(options: Options, note: (step: string) => void): Promise<Soak> {
  const { model, text } = options;
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort());
  }
  await resolveModel(model, { dataFolder: dataFolder() });
  await using daemon = await DaemonUnderTest.start(dataFolder());
  await using client = await daemon.connect();
  const readings = await watchChecks(client, options, note, stop.signal);
  if (readings.length < leastChecks) {
    throw new TidemarkError(
      'bad-input',
      `Only ${readings.length} checks ended, and the leak rule needs ${leastChecks}.`,
      { hint: 'Set a higher --minutes.' },
    );
  }
  return { kind: 'soak', machine: describeMachine(), model, text, readings, verdicts: judge(readings) };
}

async function watchChecks(
  client: DaemonClient,
  { model, text, minutes, iterations }: Options,
  note: (step: string) => void,
  signal: AbortSignal,
): Promise<Reading[]> {
  await client.call('setSchedule', {
    settings: {
      name: 'soak',
      timing: { kind: 'every', seconds: 60 },
      model,
      voice: 'af_heart',
      text,
      iterations,
      warmupIterations: 1,
      jitterSeconds: 0,
      skipOnBattery: false,
      skipInLowPowerMode: false,
      paused: false,
    },
  });
  const readings: Reading[] = [];
  const broken = Promise.withResolvers<never>();
  await client.subscribe('progress', ({ step }) => {
    if (step.kind !== 'ended') {
      return;
    }
    const { id, state, reason = '' } = step.record;
    if (state !== 'complete') {
      broken.reject(new Error(`check #${id} ended as ${state}: ${reason}`));
      return;
    }
    client.call('status', {}).then((status) => {
      const reading = readingOf(status);
      readings.push(reading);
      note(
        `check ${readings.length}: daemon ${formatBytes(reading.daemonBytes)}, host ${formatBytes(reading.hostBytes)}, ` +
          `active ${formatBytes(reading.activeBytes)}, peak ${formatBytes(reading.peakBytes)}`,
      );
    }, broken.reject);
  });
  const over = wait(minutes * 60_000, undefined, { signal }).catch(() => undefined);
  await Promise.race([over, broken.promise]);
  return readings;
}

function readingOf({ asOf, daemon, host }: DaemonStatus): Reading {
  if (host.memory === undefined) {
    throw new Error('the host did not stay alive after its check');
  }
  const { footprintBytes, activeBytes, peakBytes } = host.memory;
  return {
    at: asOf,
    daemonBytes: daemon.residentBytes,
    hostBytes: footprintBytes,
    activeBytes,
    peakBytes,
  };
}

interface Judged {
  readonly what: string;
  readonly series: readonly number[];
  readonly verdict: ChannelVerdict;
}

/** The leak rule, a check being its iteration: a third of them first, and the rest as their confirmation. */
function judge(readings: readonly Reading[]): Judged[] {
  const measured = readings.slice(warmUpChecks);
  const first = Math.floor(measured.length / (1 + leakRule.confirmationFactor));
  const judged = (what: string, channel: LeakChannel, series: readonly number[]): Judged => ({
    what,
    series,
    verdict: judgeChannel({ channel, first: series.slice(0, first), confirmation: series.slice(first) }),
  });
  return [
    judged(
      'daemon, resident',
      'footprintBytes',
      measured.map(({ daemonBytes }) => daemonBytes),
    ),
    judged(
      'host, footprint',
      'footprintBytes',
      measured.map(({ hostBytes }) => hostBytes),
    ),
    judged(
      'host, active memory',
      'activeBytes',
      measured.map(({ activeBytes }) => activeBytes),
    ),
  ];
}

function formatReport({ machine, model, text, readings, verdicts }: Soak, { iterations }: Options): string {
  const table = formatTable(
    [
      { header: 'memory' },
      figures('first'),
      figures('last'),
      figures('minimum'),
      figures('maximum'),
      figures('per check'),
      { header: 'verdict' },
    ],
    verdicts.map(({ what, series, verdict }) => [
      what,
      formatBytes(series[0] ?? 0),
      formatBytes(series.at(-1) ?? 0),
      formatBytes(Math.min(...series)),
      formatBytes(Math.max(...series)),
      formatBytes(Math.round(verdict.ratePerIteration)),
      verdict.status,
    ]),
  );
  return (
    `${readings.length} checks of ${model}, ${iterations} iterations each of “${text}”, excluding the first ${warmUpChecks}\n` +
    `${machineLine(machine)}; Tidemark ${tidemarkVersion}, Node ${process.versions.node}\n\n${table}`
  );
}

await runScript({
  usage,
  parseOptions,
  measure: soak,
  format: formatReport,
  isGood: ({ verdicts }) => verdicts.every(({ verdict }) => verdict.status !== 'leak'),
});
