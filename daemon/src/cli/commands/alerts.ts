/** `tidemark alerts`: what the scheduled checks found that a person should know. */

import { styleText } from 'node:util';
import { Argument } from 'commander';
import type { Command } from 'commander';
import { formatFacts } from '@tidemark/shared/format/wrap.ts';
import type { Fact } from '@tidemark/shared/format/wrap.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { AlertsDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/alert.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { outputWidth } from '../reports/layout.ts';
import { momentWords, shortModel } from '../reports/run-words.ts';
import { openRuns } from '../runs/run-store.ts';
import { wholeNumber } from '../values.ts';

export function addAlertsCommand(program: Command): void {
  const alerts = program
    .command('alerts')
    .summary('list what scheduled checks found, and acknowledge it')
    .description(
      'What scheduled checks found: a leak, memory that rises from check to check, a regression, checks that fail. An alert is ' +
        'raised once, and is open until it is acknowledged or the checks are back at their level.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark alerts
  $ tidemark alerts --all --json
  $ tidemark alerts ack 3
  $ tidemark alerts ack               all open ones
`,
    );
  printResult(
    alerts
      .command('list', { isDefault: true })
      .summary('list the open and acknowledged ones')
      .description('Lists open and acknowledged alerts, newest first.')
      .option('--all', 'resolved ones too'),
    async (context, options: OutputOptions & { readonly all?: true }) => {
      await using store = await openRuns(context);
      const found = await store.ask('listAlerts', { all: options.all === true });
      const document: AlertsDocument = { ...headOf('alerts'), alerts: found.alerts };
      return { document, text: () => alertsReport(document, new Date()) };
    },
  );
  printResult(
    alerts
      .command('ack')
      .summary('acknowledge one, or all open ones')
      .description(
        'Acknowledges an alert, or all open ones: they are not counted as open any more. Needs a daemon.',
      )
      .addArgument(
        new Argument('[id]', 'its number, as `tidemark alerts` lists it').argParser(wholeNumber(1)),
      ),
    (context, id: number | undefined) =>
      withDaemon(context, async (daemon) => {
        const changed = await daemon.call('acknowledgeAlerts', id === undefined ? {} : { id });
        const document: AlertsDocument = { ...headOf('alerts'), alerts: changed.alerts };
        return { document, text: () => acknowledgedWords(document.alerts) };
      }),
  );
}

function acknowledgedWords(alerts: readonly Alert[]): string {
  return alerts.length === 0
    ? 'No alert is open.'
    : `Acknowledged ${alerts.map(({ id }) => `#${id}`).join(', ')}.`;
}

const kindWords: Readonly<Record<Alert['kind'], string>> = {
  leak: 'leak',
  'slow-leak': 'slow leak across checks',
  active: 'active memory',
  peak: 'peak',
  seconds: 'time',
  failure: 'failing checks',
};

function alertsReport({ alerts }: AlertsDocument, now: Date): string {
  return alerts.length === 0
    ? 'There are no alerts.'
    : formatFacts(
        alerts.map((alert) => factOf(alert, now)),
        { maxWidth: outputWidth() },
      ).join('\n');
}

function factOf(alert: Alert, now: Date): Fact {
  const { id, kind, state, raisedAt, acknowledgedAt, resolvedAt, reason, hint, runIds, model } = alert;
  return {
    label: `#${id}`,
    lines: [
      `${kindWords[kind]}, ${state}; raised ${momentWords(raisedAt, now)} by “${alert.scheduleName}” (${shortModel(model)})`,
      reason,
      hint,
      ...(runIds.length === 0 ? [] : [`Rests on ${runIds.map((run) => `#${run}`).join(', ')}.`]),
      ...(acknowledgedAt === undefined ? [] : [`Acknowledged ${momentWords(acknowledgedAt, now)}.`]),
      ...(resolvedAt === undefined ? [] : [`Resolved ${momentWords(resolvedAt, now)}.`]),
    ],
    style: state === 'open' ? (line) => styleText('red', line, { stream: process.stdout }) : undefined,
  };
}
