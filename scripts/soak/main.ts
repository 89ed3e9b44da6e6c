/** A soak: a real daemon does scheduled checks of a real model for half an hour, and the leak rule judges both processes. */

import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { judgeChannel } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { fewestIterations, leakRule } from '@tidemark/shared/analysis/leak-rule.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatTable } from '@tidemark/shared/format/terminal.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { ChannelVerdict, LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { resolveModel } from '../../daemon/src/models/resolve.ts';
import { dataFolder } from '../../daemon/src/paths.ts';
import { tidemarkVersion } from '../../daemon/src/version.ts';
import { DaemonUnderTest } from '../bench/daemon-under-test.ts';
import { describeMachine, machineLine } from '../bench/machine.ts';

const usage = `Usage: npm run soak -- [options]

  --minutes N      how long (default 34; the rule needs 32 checks); a check begins every minute
  --model NAME     (default bf16)
  --iterations N   of each check (default 10)
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
if (values.help) {
  process.stdout.write(usage);
} else {
  process.exitCode = await soak();
}

async function soak(): Promise<number> {
  const { model, text } = values;
  const minutes = Number(values.minutes);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort());
  }
  await resolveModel(model, { dataFolder: dataFolder() });
  await using daemon = await DaemonUnderTest.start(dataFolder());
  await using client = await daemon.connect();
  const readings = await watchChecks(client, { model, text, minutes, signal: stop.signal });
  if (readings.length < leastChecks) {
    process.stderr.write(
      `Only ${readings.length} checks ended, and the leak rule needs ${leastChecks}. Give it more --minutes.\n`,
    );
    return 1;
  }
  const verdicts = judge(readings);
  report({ model, text, readings, verdicts });
  return verdicts.every(({ verdict }) => verdict.status !== 'leak') ? 0 : 1;
}

interface Watched {
  readonly model: string;
  readonly text: string;
  readonly minutes: number;
  readonly signal: AbortSignal;
}

async function watchChecks(
  client: DaemonClient,
  { model, text, minutes, signal }: Watched,
): Promise<Reading[]> {
  await client.call('setSchedule', {
    settings: {
      name: 'soak',
      timing: { kind: 'every', seconds: 60 },
      model,
      voice: 'af_heart',
      text,
      iterations: Number(values.iterations),
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
      process.stderr.write(
        `check ${readings.length}: daemon ${formatBytes(reading.daemonBytes)}, host ${formatBytes(reading.hostBytes)}, ` +
          `active ${formatBytes(reading.activeBytes)}, peak ${formatBytes(reading.peakBytes)}\n`,
      );
    }, broken.reject);
  });
  const over = wait(minutes * 60_000, undefined, { signal }).catch(() => undefined);
  await Promise.race([over, broken.promise]);
  return readings;
}

function readingOf({ asOf, daemon, host }: DaemonStatus): Reading {
  if (host.memory === undefined) {
    throw new Error('the host has not lived on after its check');
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

function report(result: {
  readonly model: string;
  readonly text: string;
  readonly readings: readonly Reading[];
  readonly verdicts: readonly Judged[];
}): void {
  const machine = describeMachine();
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ kind: 'soak', machine, ...result }, undefined, 2)}\n`);
    return;
  }
  const table = formatTable(
    [
      { header: 'memory' },
      { header: 'first', align: 'right' },
      { header: 'last', align: 'right' },
      { header: 'least', align: 'right' },
      { header: 'most', align: 'right' },
      { header: 'a check', align: 'right' },
      { header: 'verdict' },
    ],
    result.verdicts.map(({ what, series, verdict }) => [
      what,
      formatBytes(series[0] ?? 0),
      formatBytes(series.at(-1) ?? 0),
      formatBytes(Math.min(...series)),
      formatBytes(Math.max(...series)),
      formatBytes(Math.round(verdict.ratePerIteration)),
      verdict.status,
    ]),
  );
  process.stdout.write(
    `${result.readings.length} checks of ${result.model}, ${values.iterations} iterations each of “${result.text}”, ` +
      `the first ${warmUpChecks} left out\n${machineLine(machine)}; Tidemark ${tidemarkVersion}, Node ${process.versions.node}\n\n${table}\n`,
  );
}
