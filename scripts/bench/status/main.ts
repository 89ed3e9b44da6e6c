/** How long the daemon takes to say its status, with its host idle and at work, and what it costs itself. */

import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { figures, formatTable } from '@tidemark/shared/format/terminal.ts';
import { dataFolder } from '../../../daemon/src/paths.ts';
import { tidemarkVersion } from '../../../daemon/src/version.ts';
import { DaemonUnderTest } from '../daemon-under-test.ts';
import { describeMachine, machineLine, runScript, wholeNumber } from '../script.ts';
import type { Machine } from '../script.ts';
import { load } from './requests.ts';
import type { LoadFigures } from './requests.ts';

const usage = `Usage: npm run bench:status -- [options]

  --requests N       number of requests in each load, over all clients (default 10000)
  --clients N        number of connections (default 8)
  --pause MS         maximum pause between an answer and the next request in the paced load (default 20)
  --idle-seconds N   period over which the daemon's own CPU use is measured (default 60)
  --model NAME       a model that is already built (default bf16)
  --json             print one JSON document on stdout
`;

interface Options {
  readonly requests: number;
  readonly clients: number;
  readonly pauseMilliseconds: number;
  readonly idleSeconds: number;
  readonly model: string;
  readonly json: boolean;
  readonly help: boolean;
}

interface Row extends LoadFigures {
  readonly host: 'idle' | 'at work';
  readonly pauseMilliseconds: number;
  /** Iterations that the host did meanwhile. */
  readonly iterations: number;
}

interface StatusBenchmark {
  readonly kind: 'status-benchmark';
  readonly startedAt: string;
  readonly machine: Machine;
  readonly versions: { readonly tidemark: string; readonly node: string };
  readonly settings: Omit<Options, 'json' | 'help'>;
  readonly loads: readonly Row[];
  readonly daemon: {
    readonly residentBytesAtStart: number;
    readonly residentBytesAtEnd: number;
    readonly idleSeconds: number;
    readonly idleProcessorShare: number;
  };
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '10000' },
      clients: { type: 'string', default: '8' },
      pause: { type: 'string', default: '20' },
      'idle-seconds': { type: 'string', default: '60' },
      model: { type: 'string', default: 'bf16' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    requests: wholeNumber('--requests', values.requests, 1),
    clients: wholeNumber('--clients', values.clients, 1),
    pauseMilliseconds: wholeNumber('--pause', values.pause, 1),
    idleSeconds: wholeNumber('--idle-seconds', values['idle-seconds'], 1),
    model: values.model,
    json: values.json,
    help: values.help,
  };
}

async function benchmark(options: Options, note: (step: string) => void): Promise<StatusBenchmark> {
  const { requests, clients, pauseMilliseconds, idleSeconds, model } = options;
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  await using daemon = await DaemonUnderTest.start(dataFolder());
  await using client = await daemon.connect();
  const residentBytesAtStart = daemon.residentBytes();

  note(`Loading ${model} …`);
  await client.call('load', { model }, { timeoutMilliseconds: 0 });

  note(`Idle for ${idleSeconds} s …`);
  const before = daemon.processorSeconds();
  await wait(idleSeconds * 1000);
  const idleProcessorShare = (daemon.processorSeconds() - before) / idleSeconds;

  const { socketPath } = daemon;
  const pauses = [0, pauseMilliseconds];
  const loads: Row[] = [];
  // Not counted: what the first thousand take is compilation.
  await load({ socketPath, clients, requests: 1000, pauseMilliseconds: 0 });
  for (const pause of pauses) {
    note(`${requests} requests from ${clients} clients, the host idle …`);
    const figures = await load({ socketPath, clients, requests, pauseMilliseconds: pause });
    loads.push({ ...figures, host: 'idle', pauseMilliseconds: pause, iterations: 0 });
  }

  note('Running synthesis in the host without a pause …');
  const run = await client.call('startProfile', { model, iterations: 100_000, warmupIterations: 0 });
  await iterationsDone(client, 1);
  for (const pause of pauses) {
    note(`${requests} requests from ${clients} clients, the host busy …`);
    const first = await iterationsDone(client);
    const figures = await load({ socketPath, clients, requests, pauseMilliseconds: pause });
    const iterations = (await iterationsDone(client)) - first;
    loads.push({ ...figures, host: 'at work', pauseMilliseconds: pause, iterations });
  }
  await client.call('cancel', { runId: run.id }, { timeoutMilliseconds: 60_000 });
  return {
    kind: 'status-benchmark',
    startedAt,
    machine,
    versions: { tidemark: tidemarkVersion, node: process.versions.node },
    settings: { requests, clients, pauseMilliseconds, idleSeconds, model },
    loads,
    daemon: {
      residentBytesAtStart,
      residentBytesAtEnd: daemon.residentBytes(),
      idleSeconds,
      idleProcessorShare,
    },
  };
}

/** How many iterations the run at work has done, once they are `least`. Throws where it is not at work any more. */
async function iterationsDone(client: DaemonClient, least = 0): Promise<number> {
  for (;;) {
    const { host, current } = await client.call('status', {});
    const done = current?.progress?.done ?? 0;
    if (done >= least) {
      if (host.state !== 'busy') {
        throw new TidemarkError('internal', `The host is ${host.state}, but should be busy.`);
      }
      return done;
    }
    if (current === undefined) {
      const { runs } = await client.call('listRuns', { limit: 1 });
      const reason = runs[0]?.reason ?? runs[0]?.state ?? 'no run was started';
      throw new TidemarkError('internal', `The run that should keep the host busy has ended: ${reason}.`);
    }
    await wait(200);
  }
}

function formatReport({ machine, versions, settings, loads, daemon }: StatusBenchmark): string {
  const milliseconds = (value: number): string => `${value.toFixed(2)} ms`;
  const table = formatTable(
    [
      { header: 'host' },
      figures('pause'),
      figures('requests'),
      figures('lost'),
      figures('per second'),
      figures('p50'),
      figures('p99'),
      figures('maximum'),
      figures('iterations meanwhile'),
    ],
    loads.map((row) => [
      row.host === 'idle' ? 'idle' : 'busy',
      row.pauseMilliseconds === 0 ? 'none' : `up to ${row.pauseMilliseconds} ms`,
      String(row.requests),
      String(row.lost),
      (row.requests / row.seconds).toFixed(0),
      milliseconds(row.p50Milliseconds),
      milliseconds(row.p99Milliseconds),
      milliseconds(row.maximumMilliseconds),
      String(row.iterations),
    ]),
  );
  const ratios = loads
    .filter(({ host }) => host === 'at work')
    .map((busy) => {
      const idle = loads.find(
        (row) => row.host === 'idle' && row.pauseMilliseconds === busy.pauseMilliseconds,
      );
      const ratio = busy.p99Milliseconds / (idle?.p99Milliseconds ?? Number.NaN);
      const pace = busy.pauseMilliseconds === 0 ? 'without a pause' : 'paced';
      return `p99 with the host busy, ${pace}: ${ratio.toFixed(1)} times the p99 with the host idle`;
    });
  return [
    `${machineLine(machine)} before`,
    `Tidemark ${versions.tidemark}, Node ${versions.node}; ${settings.clients} clients in one process, model ` +
      `${settings.model}, ${loads[0]?.answerBytes ?? 0} bytes per answer`,
    '',
    table,
    '',
    ...ratios,
    `The daemon itself: ${formatBytes(daemon.residentBytesAtStart)} resident at its start, ` +
      `${formatBytes(daemon.residentBytesAtEnd)} at the end; idle with the model loaded, over ${daemon.idleSeconds} s: ` +
      `${(daemon.idleProcessorShare * 100).toFixed(2)}% of a core`,
  ].join('\n');
}

await runScript({
  usage,
  parseOptions,
  measure: benchmark,
  format: formatReport,
  isGood: ({ loads }) => loads.every(({ lost }) => lost === 0),
});
