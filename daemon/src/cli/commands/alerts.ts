/** `tidemark alerts`: what scheduled checks found. */

import { Argument } from 'commander';
import type { Command } from 'commander';
import { formatFacts } from '@tidemark/shared/format/terminal.ts';
import type { Fact } from '@tidemark/shared/format/terminal.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { AlertsDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { printResult } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { addExamples } from '../program.ts';
import { outputWidth, styled } from '../reports/layout.ts';
import { momentWords, unreadableLines } from '../reports/run-words.ts';
import { openRuns } from '../runs/run-store.ts';
import { wholeNumber } from '../values.ts';

export function addAlertsCommand(program: Command): void {
  const alerts = program
    .command('alerts')
    .summary('list and acknowledge alerts from scheduled checks')
    .description(
      'Lists and acknowledges what scheduled checks found: a leak, memory that grows from check to check, a regression, or failing ' +
        'checks. An alert is raised once. It stays open until you acknowledge it, or until the checks return to normal.',
    );
  addExamples(alerts, [
    'tidemark alerts',
    'tidemark alerts --all --json',
    'tidemark alerts ack 3',
    'tidemark alerts ack               acknowledge all open alerts',
  ]);
  printResult(
    alerts
      .command('list', { isDefault: true })
      .summary('list open and acknowledged alerts (default)')
      .description('Lists open and acknowledged alerts, newest first.')
      .option('--all', 'include resolved alerts'),
    async (context, { all = false }: { readonly all?: boolean }) => {
      await using store = await openRuns(context);
      const document: AlertsDocument = { ...headOf('alerts'), ...(await store.ask('listAlerts', { all })) };
      return {
        document,
        text: () =>
          [
            alertsReport(document, new Date()),
            ...unreadableLines(document.unreadable, (id) => [`Alert #${id}`, `tidemark alerts ack ${id}`]),
          ].join('\n'),
      };
    },
  );
  printResult(
    alerts
      .command('ack')
      .summary('acknowledge one alert, or all open alerts')
      .description(
        'Acknowledges an alert, by default all open alerts, so that it no longer counts as open. Requires a running daemon.',
      )
      .addArgument(
        new Argument('[id]', "the alert's number, as listed by `tidemark alerts`").argParser(wholeNumber(1)),
      ),
    (context, id: number | undefined) =>
      withDaemon(context, async (daemon) => {
        const changed = await daemon.call('acknowledgeAlerts', { id });
        const document: AlertsDocument = { ...headOf('alerts'), ...changed };
        return { document, text: () => acknowledgedWords(document.alerts, id) };
      }),
  );
}

function acknowledgedWords(alerts: readonly Alert[], id: number | undefined): string {
  if (id !== undefined && alerts.length === 0) {
    return `Removed alert #${id}, which could not be read.`;
  }
  return alerts.length === 0
    ? 'There are no open alerts.'
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
      ...(runIds.length === 0
        ? []
        : [`Based on ${runIds.length === 1 ? 'run' : 'runs'} ${runIds.map((run) => `#${run}`).join(', ')}.`]),
      ...(acknowledgedAt === undefined ? [] : [`Acknowledged ${momentWords(acknowledgedAt, now)}.`]),
      ...(resolvedAt === undefined ? [] : [`Resolved ${momentWords(resolvedAt, now)}.`]),
    ],
    style: state === 'open' ? (line) => styled('red', line) : undefined,
  };
}
